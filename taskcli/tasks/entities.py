"""From tagged tokens to entities, by the five strategies that transformers' pipelines know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from taskcli.checkpoints.token_labels import TokenLabel
from taskcli.media.word_boundaries import is_border, is_mark
from taskcli.results import Entity, TokenEntity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Aggregation = Literal["none", "simple", "first", "average", "max"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token's place in the text, its word's number, and its scores, an array [labels]."""

    start: int
    end: int
    word: int | None
    index: int
    scores: "npt.NDArray[np.floating]"


@dataclass(frozen=True, slots=True)
class Labels:
    """The checkpoint's labels by number, and what each of them means."""

    names: Mapping[int, str]
    tags: Mapping[str, TokenLabel]

    @property
    def are_kinds(self) -> "npt.NDArray[np.bool_]":
        """Whether each number's label is of some kind of entity, an array [labels]."""
        import numpy as np

        labels = [self.names.get(number) for number in range(max(self.names) + 1)]
        return np.array([label is None or bool(self.tags[label].kind) for label in labels])


@dataclass(frozen=True, slots=True)
class _Tagged:
    label: str
    tag: TokenLabel
    score: float
    start: int
    end: int


def entities(
    tokens: Sequence[Token], labels: Labels, text: str, aggregation: Aggregation
) -> list[Entity] | list[TokenEntity]:
    """The entities of one text, in order; tokens outside of them are left out."""
    if aggregation == "none":
        return [
            entity for token in tokens if (entity := _token_entity(token, labels, text)) is not None
        ]
    if aggregation == "simple":
        tagged = [_of_scores([token], token.scores, labels) for token in tokens]
    else:
        tagged = [_of_word(word, labels, aggregation) for word in _words(tokens, text)]
    return [
        _entity(group, text) for group in _groups(tagged) if group[0].tag.kind and _is_seen(group)
    ]


def _token_entity(token: Token, labels: Labels, text: str) -> TokenEntity | None:
    tagged = _of_scores([token], token.scores, labels)
    if not tagged.tag.kind:
        return None
    start, end = _trimmed(token.start, token.end, text)
    return TokenEntity(tagged.label, tagged.score, token.index, text[start:end], start, end)


def _words(tokens: Sequence[Token], text: str) -> Iterator[list[Token]]:
    """Tokens of one word together; without words every token is its own.

    To some tokenizers a word is what stands between spaces, to a few the whole text is one: the
    full stop behind a name, or a sentence of Chinese, must not share its tag.
    """
    for _, group in groupby(tokens, key=lambda t: -1 - t.index if t.word is None else t.word):
        for word in _parted(list(group), text):
            yield from _bare(word, text)


def _parted(tokens: list[Token], text: str) -> Iterator[list[Token]]:
    """Cut at spaces, and between letters of scripts that write none."""
    word = tokens[:1]
    for token in tokens[1:]:
        if _is_border(word[-1], token, text):
            yield word
            word = []
        word.append(token)
    yield word


def _is_border(before: Token, after: Token, text: str) -> bool:
    """A space begins a word, also one that is a token by itself."""
    end, start = text[before.start : before.end], text[after.start : after.end]
    if not end.strip():
        return False
    between = text[before.end : after.start]
    return any(map(str.isspace, between)) or (start != "" and is_border(end[-1], start[0]))


def _bare(word: list[Token], text: str) -> Iterator[list[Token]]:
    """The word without the marks around it, which are words of their own; a space is none."""
    content = [text[token.start : token.end].strip() for token in word]
    if len(word) == 1:  # as most are: whether it is a mark makes no difference
        yield from [word] if content[0] else []
        return
    inner = [place for place, one in enumerate(content) if one and not is_mark(one)]
    first, last = (inner[0], inner[-1] + 1) if inner else (len(word), len(word))
    if first == 1 and not content[0]:
        first = 0  # the space before a word is its first token
    alone = [([token] if one else []) for token, one in zip(word, content, strict=True)]
    yield from filter(None, [*alone[:first], word[first:last], *alone[last:]])


def _of_word(word: list[Token], labels: Labels, aggregation: Aggregation) -> _Tagged:
    if aggregation == "first":
        scores = word[0].scores
    elif aggregation == "max":
        scores = max(word, key=lambda token: token.scores.max()).scores
    else:
        scores = sum((token.scores for token in word[1:]), word[0].scores) / len(word)
    return _of_scores(word, scores, labels)


def _of_scores(tokens: list[Token], scores: "npt.NDArray[np.floating]", labels: Labels) -> _Tagged:
    best = int(scores.argmax())
    label, score = labels.names[best], float(scores[best])
    return _Tagged(label, labels.tags[label], score, tokens[0].start, tokens[-1].end)


def _groups(tagged: list[_Tagged]) -> Iterator[list[_Tagged]]:
    """Neighbours of one kind, as far as no tag begins or ends an entity between them."""
    group: list[_Tagged] = []
    for token in tagged:
        if group and _is_divided(group[-1].tag, token.tag):
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _is_divided(before: TokenLabel, after: TokenLabel) -> bool:
    return before.kind != after.kind or before.ends or after.begins


def _is_seen(group: list[_Tagged]) -> bool:
    """Some tokenizers make tokens that cover no text."""
    return group[-1].end > group[0].start


def _entity(group: list[_Tagged], text: str) -> Entity:
    start, end = _trimmed(group[0].start, group[-1].end, text)
    score = sum(token.score for token in group) / len(group)
    return Entity(group[0].tag.kind, score, text[start:end], start, end)


def _trimmed(start: int, end: int, text: str) -> tuple[int, int]:
    """SentencePiece counts the space before a word as part of it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
