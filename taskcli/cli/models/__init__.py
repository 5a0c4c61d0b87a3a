"""taskcli models: the checkpoints that tasks know by name, found, fetched, checked and kept."""
