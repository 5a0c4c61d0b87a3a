"""How the starter checkpoints and example files are made; unused at run time."""
