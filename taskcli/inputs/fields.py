"""A field of a row by its name, of which dots reach into objects."""


def has(value: object, dotted: str) -> bool:
    """Whether there is a field of this name, be it null."""
    if not isinstance(value, dict):
        return False
    head, _, rest = dotted.partition(".")
    return dotted in value or bool(rest and has(value.get(head), rest))


def reach(value: object, dotted: str) -> object:
    """`a.b` of nested objects, or None; a field whose own name has dots is found first."""
    if not isinstance(value, dict):
        return None
    if dotted in value:
        return value[dotted]
    head, _, rest = dotted.partition(".")
    return reach(value.get(head), rest) if rest else None
