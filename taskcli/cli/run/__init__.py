"""One run, from what the user typed to the exit code."""
