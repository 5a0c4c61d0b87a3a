"""How fast taskcli is beside transformers' pipelines, measured on this machine."""
