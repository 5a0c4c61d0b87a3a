"""Checkpoints: which a word means, how it comes to this disk, and whether it may be used."""
