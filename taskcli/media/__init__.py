"""The media: what an input is before and after it is decoded, and how it is decoded."""
