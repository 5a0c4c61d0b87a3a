"""From tagged tokens to entities, by the five strategies that transformers' pipelines know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from taskcli.results import Entity, TokenEntity

Aggregation = Literal["none", "simple", "first", "average", "max"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token's place in the text, its word's number, and its scores, an array [labels]."""

    start: int
    end: int
    word: int | None
    index: int
    scores: Any


@dataclass(frozen=True, slots=True)
class _Tagged:
    tag: str
    score: float
    start: int
    end: int


def entities(
    tokens: Sequence[Token], labels: Mapping[int, str], text: str, aggregation: Aggregation
) -> list[Entity] | list[TokenEntity]:
    """The entities of one text, in order; tokens tagged O are left out."""
    if aggregation == "none":
        return [
            entity for token in tokens if (entity := _token_entity(token, labels, text)) is not None
        ]
    if aggregation == "simple":
        tagged = [_of_scores([token], token.scores, labels) for token in tokens]
    else:
        tagged = [_of_word(word, labels, aggregation) for word in _words(tokens)]
    return [
        _entity(group, text) for group in _groups(tagged) if group[0].tag != "O" and _is_seen(group)
    ]


def _token_entity(token: Token, labels: Mapping[int, str], text: str) -> TokenEntity | None:
    tagged = _of_scores([token], token.scores, labels)
    if tagged.tag == "O":
        return None
    start, end = _trimmed(token.start, token.end, text)
    return TokenEntity(tagged.tag, tagged.score, token.index, text[start:end], start, end)


def _words(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Tokens of one word together; without words every token is its own."""
    for _, group in groupby(tokens, key=lambda t: -1 - t.index if t.word is None else t.word):
        yield list(group)


def _of_word(word: list[Token], labels: Mapping[int, str], aggregation: Aggregation) -> _Tagged:
    if aggregation == "first":
        scores = word[0].scores
    elif aggregation == "max":
        scores = max(word, key=lambda token: token.scores.max()).scores
    else:
        scores = sum(token.scores for token in word) / len(word)
    return _of_scores(word, scores, labels)


def _of_scores(tokens: list[Token], scores: Any, labels: Mapping[int, str]) -> _Tagged:
    best = int(scores.argmax())
    return _Tagged(labels[best], float(scores[best]), tokens[0].start, tokens[-1].end)


def _groups(tagged: list[_Tagged]) -> Iterator[list[_Tagged]]:
    """Neighbours of one kind; a B- tag begins a new entity."""
    group: list[_Tagged] = []
    for token in tagged:
        if group and (_kind(token) != _kind(group[-1]) or token.tag.startswith("B-")):
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _kind(token: _Tagged) -> str:
    return token.tag[2:] if token.tag.startswith(("B-", "I-")) else token.tag


def _is_seen(group: list[_Tagged]) -> bool:
    """Some tokenizers make tokens that cover no text."""
    return group[-1].end > group[0].start


def _entity(group: list[_Tagged], text: str) -> Entity:
    start, end = _trimmed(group[0].start, group[-1].end, text)
    name = group[0].tag.split("-", 1)[-1]
    score = sum(token.score for token in group) / len(group)
    return Entity(name, score, text[start:end], start, end)


def _trimmed(start: int, end: int, text: str) -> tuple[int, int]:
    """SentencePiece counts the space before a word as part of it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
