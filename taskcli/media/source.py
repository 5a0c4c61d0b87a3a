"""One input before it is decoded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taskcli.errors import InputError
from taskcli.results import Shard

NOT_FETCHED = ("a URL is not fetched", "download it first: curl -LO URL")


@dataclass(frozen=True, slots=True)
class Source:
    """One input before it is decoded: a file, bytes, or a text, or why it is none of them.

    `number` is its place among the inputs of the run, from 0; `shard` tells that among those of all
    shards, where the run answers one of them. What is `answered` by an earlier run
    is computed again only where an input that shared its batch is not.
    """

    id: str
    path: str | None = None
    data: bytes | None = None
    text: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    error: InputError | None = None
    number: int = 0
    answered: bool = False
    shard: Shard | None = None

    def numbered(self, number: int) -> "Source":
        """The same with another number; `dataclasses.replace` takes three times as long."""
        return Source(
            self.id,
            self.path,
            self.data,
            self.text,
            self.fields,
            self.error,
            number,
            self.answered,
            self.shard,
        )


def is_url(word: str) -> bool:
    return re.match("[a-z][a-z0-9+.-]+://", word, re.IGNORECASE) is not None
