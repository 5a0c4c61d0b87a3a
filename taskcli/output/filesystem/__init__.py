"""Where a run leaves files in a folder: their names, whose they are, whole or none."""
