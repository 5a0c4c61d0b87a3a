"""Sources in chunks, each of which is decoded and encoded by one thread."""

from collections.abc import Iterable, Iterator

from taskcli.media.source import Source

_CHUNK_LENGTH = 1 << 16  # characters that are encoded in one call, and those of one input more
_UNREAD = 1 << 12  # what a file is counted as, of which nothing is known yet


def chunks(sources: Iterable[Source], size: int) -> Iterator[list[tuple[int, Source]]]:
    """Sources with their rank, at most `size` together, fewer where they are long.

    An error in which the sources end comes behind the last of them.
    """
    chunk: list[tuple[int, Source]] = []
    length = 0
    try:
        for one in enumerate(sources):
            chunk.append(one)
            length += _UNREAD if one[1].text is None else len(one[1].text)
            if len(chunk) == size or length >= _CHUNK_LENGTH:
                full, chunk, length = chunk, [], 0
                yield full
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
