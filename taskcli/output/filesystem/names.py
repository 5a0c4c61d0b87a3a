"""Names of the files that a run leaves behind: like the inputs', never shared, never outside."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path, PurePath

from taskcli.output.sanitize import UNSAFE_IN_NAMES

# What changes how a name looks, and what some file system refuses.
_UNFIT = re.compile(rf'{UNSAFE_IN_NAMES}|[<>"|?*\\]')
_EXTENSION = re.compile(r"(?<=.)\.[A-Za-z0-9]{1,5}$")
_TIMED = re.compile(r"-t=\d+(\.\d+)?$")  # what `_name` makes of #t=12.4
_LONGEST = 180  # bytes of a name; most file systems hold 255, and something is added
_LONGEST_BESIDE = 245  # of one that is a file already
_STANDARD_INPUT = {"-": "stdin"}


class Names:
    """A path without extension for every input.

    It is the input's own, without its extension where no other input is named so; else with it.
    `known` are the ids of inputs that are known beforehand: whatever their order, the names stay.
    `reserved` are names that no input gets.
    """

    def __init__(self, known: Iterable[str] = (), reserved: Iterable[str] = ()) -> None:
        counted = Counter(_key(self._short(self._fit(id))) for id in set(known))
        self._shared = {key for key, count in counted.items() if count > 1}
        self._taken = set(reserved)

    def of(self, id: str) -> Path:
        """The name for this input, which no other one gets."""
        full = self._fit(id)
        short = self._short(full)
        wanted = full if _key(short) in self._shared | self._taken else short
        name, number = wanted, 1
        while _key(name) in self._taken:
            number += 1
            name = wanted.with_name(f"{wanted.name}-{number}")
        self._taken.add(_key(name))
        return name

    def stem(self, id: str) -> Path | None:
        """Another name under which files of this input may be, whatever else is given with it."""
        return None

    def _fit(self, id: str) -> Path:
        return _fit(id)

    def _short(self, full: Path) -> Path:
        return _short(full)


class NamesBeside(Names):
    """Names in the folders of the inputs, which are files: what each is called, to the letter.

    One file has one name, however often it is given.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        super().__init__({Path(id).absolute(): id for id in known}.values())
        self._given: dict[Path, Path] = {}

    def of(self, id: str) -> Path:
        file = Path(id).absolute()
        if file not in self._given:
            self._given[file] = super().of(id)
        return self._given[file]

    def stem(self, id: str) -> Path | None:
        """What players look for, be there one recording of it or several."""
        return self._short(self._fit(id))

    def _fit(self, id: str) -> Path:
        path = Path(id)
        long = len(path.name.encode()) > _LONGEST_BESIDE
        return path.parent / _name(path.name) if long else path

    def _short(self, full: Path) -> Path:
        return full.with_name(full.stem)


def _fit(id: str) -> Path:
    """An id as a relative path of harmless names."""
    path = PurePath(_STANDARD_INPUT.get(id, id))
    parts = [_name(part) for part in path.parts if part not in (path.anchor, "..")]
    return Path(*parts or ["_"])


def _name(part: str) -> str:
    clean = unicodedata.normalize("NFC", re.sub("[:#]", "-", part))
    clean = _UNFIT.sub("_", clean).rstrip(". ") or "_"
    if len(clean.encode()) <= _LONGEST:
        return clean
    kept = clean.encode()[: _LONGEST - 9].decode("utf-8", "ignore")
    return f"{kept}-{sha256(clean.encode()).hexdigest()[:8]}"


def _short(name: Path) -> Path:
    """Without its extension; a time that a frame is called by has none, though it has a dot."""
    short = name.name if _TIMED.search(name.name) else _EXTENSION.sub("", name.name)
    return name.with_name(short)


def _key(name: Path) -> str:
    """What is one name to a file system that takes no notice of capitals."""
    return name.as_posix().casefold()
