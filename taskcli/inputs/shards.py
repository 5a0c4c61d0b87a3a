"""--shard: which of the inputs are this run's, where others answer the rest.

An input belongs to a share by its name, so a list that changes moves no other input to another one.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

from taskcli.errors import UsageError
from taskcli.inputs.files import printable
from taskcli.inputs.sources import Sources, numbered
from taskcli.media.source import Source
from taskcli.results import Shard


class Share(NamedTuple):
    """Number `number` of `parts`, the first being 1."""

    number: int
    parts: int


def of(asked: str | None, sources: Sources) -> Sources:
    """The sources of the share that is `asked` for, as `I/N`; all of them if none is.

    Raises UsageError for what is no share.
    """
    if asked is None:
        return sources
    share = share_of(asked)
    own = tuple(id for id in sources.ids if _is_in(share, id))
    # Where all inputs are files, each gives the same number: of questions, say.
    each, others = divmod(sources.total or 1, max(1, len(sources.ids)))
    known = sources.total is not None and not others
    return replace(
        sources,
        items=numbered(_items(share, sources)),
        total=len(own) * each if known else None,
        paths=tuple(path for path in sources.paths if _is_in(share, printable(path))),
        ids=own,
        of_all_shards=sources.ids,
    )


def left_out(sources: Sources, names: Collection[str]) -> Sources:
    """The sources without those files, which keep their names among all."""
    ids = tuple(id for id in sources.ids if id not in names)
    each, others = divmod(sources.total or 1, max(1, len(sources.ids)))
    known = sources.total is not None and not others
    files, items = sources.files, sources.items
    if files is not None and sources.looked_into is not None:
        items = sources.looked_into(one for one in files if _name(one) not in names)
    return replace(
        sources,
        items=numbered(one for one in items if _name(one) not in names),
        total=len(ids) * each if known else None,
        paths=tuple(path for path in sources.paths if printable(path) not in names),
        ids=ids,
        of_all_shards=sources.named,
    )


def share_of(asked: str) -> Share:
    """Of `I/N`. Raises UsageError for what is no share."""
    found = re.fullmatch(r"(\d+)/(\d+)", asked, re.ASCII)
    number, parts = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= parts:
        raise UsageError(
            f"--shard {asked}: not I/N, with I from 1 to N",
            "the third of sixteen shares is --shard 3/16",
        )
    return Share(number, parts)


def _items(share: Share, sources: Sources) -> Iterator[Source]:
    """Of files with several pictures, whose places are those of the files where these are not
    counted, none is looked into that is another's."""
    if sources.files is None or sources.looked_into is None:
        return _own(share, sources.items)
    return sources.looked_into(_own(share, numbered(sources.files)))


def _own(share: Share, items: Iterable[Source]) -> Iterator[Source]:
    for source in items:
        # What is asked of one file stays together, so that it is read once.
        if _is_in(share, _name(source)):
            yield replace(source, shard=Shard(share.number, share.parts, source.number))


def _name(source: Source) -> str:
    if source.remote is not None:
        return source.remote.id
    if source.path is not None:
        return printable(source.path)
    return source.id if source.frame is None else source.id.rpartition("#")[0]


def _is_in(share: Share, name: str) -> bool:
    digest = blake2b(name.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % share.parts == share.number - 1
