"""What the labels of tokens mean: which name a kind of entity, and how they divide neighbours.

Checkpoints write them in many ways: B-PER, B_PER, b-per or PER-B; as BIO, IOB1, IOE, BIOES,
IOBES, BILOU or BMES; or PER alone. No config says which, but its labels together do.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

_BEGIN = frozenset("BSUW")  # of several tokens, and those of one: single, unit, whole
_END = frozenset("ELSUW")  # end, last
_WITHIN = frozenset("ELM")  # a kind that has one of these has another place as well
_PLACES = "BIELSUMW"
_SEPARATORS = "-_:./|"
_OUTSIDE = ("O", "")  # of a kind: B-O is no entity either
_NAMELESS = "ENTITY"  # the kind of labels that are places alone: B, I, O


@dataclass(frozen=True, slots=True)
class TokenLabel:
    """A label read: `kind` is empty outside every entity."""

    kind: str
    begins: bool = False  # what stands before is another entity
    ends: bool = False  # so is what follows


def read_token_labels(labels: Iterable[str]) -> dict[str, TokenLabel]:
    """All labels of a checkpoint, read together.

    Letters stand for places only where the other labels bear that out: E-MAIL beside PER or
    B-PER is a kind of its own, beside B-MAIL or E-PER it ends one.
    """
    known = list(dict.fromkeys(labels))
    notations = product(("prefix", "suffix"), _SEPARATORS)
    readings = [_bare(known), *(_marked(known, how, mark) for how, mark in notations)]
    marked = max(readings, key=len)
    return {label: marked.get(label) or _plain(label) for label in known}


def kinds(labels: Mapping[int, str]) -> dict[int, str]:
    """The kind of entity that each of a checkpoint's labels is about; those of none left out."""
    tags = read_token_labels(labels.values())
    return {number: tags[label].kind for number, label in labels.items() if tags[label].kind}


def _plain(label: str) -> TokenLabel:
    return TokenLabel("" if _is_outside(label) else label)


def _is_outside(kind: str) -> bool:
    return kind.upper() in _OUTSIDE


def _bare(labels: list[str]) -> dict[str, TokenLabel]:
    """Places without kinds, if all labels are such."""
    places = {label: label.upper() for label in labels if not _is_outside(label)}
    letters = set(places.values())
    if not ("B" in letters and letters <= set(_PLACES)):
        return {}
    return {label: _tag(place, _NAMELESS) for label, place in places.items()}


def _marked(labels: list[str], how: str, separator: str) -> dict[str, TokenLabel]:
    """The labels that are a place and a kind in this notation; none if it is not theirs."""
    mark, place = re.escape(separator), f"(?P<place>[{_PLACES}])"
    form = f"{place}{mark}(?P<kind>.+)" if how == "prefix" else f"(?P<kind>.+){mark}{place}"
    found = {label: re.fullmatch(form, label, re.I | re.S) for label in labels}
    parts = {label: (it["place"].upper(), it["kind"]) for label, it in found.items() if it}
    if not _is_scheme(labels, parts):
        return {}
    return {label: _tag(*part) for label, part in parts.items() if _is_borne_out(part, parts)}


def _is_borne_out(part: tuple[str, str], parts: Mapping[str, tuple[str, str]]) -> bool:
    """Whether a letter is a place: an end or a middle of something, of whichever kind."""
    place, _ = part
    if place not in _WITHIN:
        return True
    there = set(parts.values())
    marked = {kind for at, kind in there if at == place}
    return any(kind in marked and at != place for at, kind in there)


def _is_scheme(labels: list[str], parts: Mapping[str, tuple[str, str]]) -> bool:
    """Whether one of them begins or goes on, and a kind has several places or all labels one."""
    kinds = [kind for _, kind in parts.values()]
    others = [label for label in labels if label not in parts and _plain(label).kind]
    several = len(set(kinds)) < len(kinds)
    return bool({"B", "I"} & {place for place, _ in parts.values()}) and (several or not others)


def _tag(place: str, kind: str) -> TokenLabel:
    return TokenLabel("") if _is_outside(kind) else TokenLabel(kind, place in _BEGIN, place in _END)
