"""taskcli merge: the records of the shares of one list, as one file."""
