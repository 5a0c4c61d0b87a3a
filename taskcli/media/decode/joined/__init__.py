"""Recordings that were joined end to end: where each begins and ends, by its format."""
