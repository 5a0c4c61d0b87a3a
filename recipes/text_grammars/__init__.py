"""The told world: seeded grammars of English, and of English with French, about small things.

Every generator takes a `random.Random`; with `unseen` it tells what training never saw.
"""
