"""The words of documents: without markup, in the order in which they are read.

Nothing in a document is run, and nothing that it names is opened or fetched.
"""
