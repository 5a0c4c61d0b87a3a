"""How a person sees records on a terminal."""
