"""Files that hold several pictures: which they are, in their order, and each once more."""
