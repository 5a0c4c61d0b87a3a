"""Which labels a list of names means: `person,car`, in letters of any case."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskcli.errors import UsageError

_NAMED = 12  # labels that a message lists
_NEAR = 3


@dataclass(frozen=True, slots=True)
class LabelNames:
    """Names of labels; one that is `in` them may be spelled in other letters."""

    keys: tuple[str, ...]

    @classmethod
    def of(cls, text: str, known: Iterable[str] = ()) -> "LabelNames":
        """The names of a list with commas between them. A known name may hold commas itself.

        Raises UsageError for a list of none.
        """
        keys = {_key(name) for name in known}
        words = [word for part in text.split(",") if (word := _key(part))]
        if not words:
            raise UsageError("--labels names none", "give some, as in --labels person,car")
        found: list[str] = []
        while words:
            length = _longest(words, keys)
            found.append(", ".join(words[:length]))
            del words[:length]
        return cls(tuple(dict.fromkeys(found)))

    def besides(self, labels: Iterable[str]) -> "LabelNames":
        """Those that are none of the labels."""
        keys = {_key(label) for label in labels}
        return LabelNames(tuple(name for name in self.keys if name not in keys))

    def check(self, labels: Sequence[str], told: str) -> None:
        """Raises UsageError, which is told so, for a name that is none of the labels."""
        for name in self.besides(labels).keys:
            raise UsageError(f"--labels {name}: {told}", _hint(name, labels))

    def __contains__(self, label: object) -> bool:
        return isinstance(label, str) and _key(label) in self.keys


def known_names(text: str, known: Iterable[str]) -> LabelNames:
    """The labels of a list, all of which a checkpoint has. Raises UsageError for another."""
    labels = list(dict.fromkeys(known))
    names = LabelNames.of(text, labels)
    names.check(labels, "the checkpoint has no such label")
    return names


def _hint(name: str, labels: Sequence[str]) -> str:
    """The nearest labels, by the whole of each or one of the synonyms that it lists."""
    spelled = {_key(part): label for label in labels for part in (*label.split(","), label)}
    close = difflib.get_close_matches(name, spelled, _NEAR)
    if close:
        return f"did you mean {' or '.join(dict.fromkeys(spelled[key] for key in close))}?"
    more = f", … ({len(labels)} in all)" if len(labels) > _NAMED else ""
    return f"it has {', '.join(labels[:_NAMED])}{more}"


def _longest(words: list[str], keys: set[str]) -> int:
    """How many words, from the first, are one known name; of an unknown one, the first alone."""
    lengths = range(len(words), 1, -1)
    return next((length for length in lengths if ", ".join(words[:length]) in keys), 1)


def _key(name: str) -> str:
    """Without what spelling may change: case, and spaces, also those around commas."""
    return ", ".join(" ".join(part.split()) for part in name.split(",")).casefold()
