"""From the words of the command line to a stream of sources."""
