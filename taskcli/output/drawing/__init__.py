"""Boxes, regions and names on a picture."""
