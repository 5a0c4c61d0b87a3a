"""How fast taskcli is on this machine: beside pipelines, and what the host takes alone."""
