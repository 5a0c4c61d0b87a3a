"""A text in stretches, some of which are entities: for highlighting, and for tagged words."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from taskcli.checkpoints.token_labels import TokenLabel, read_token_labels
from taskcli.media.word_boundaries import LINE_END, words
from taskcli.output.presentation import presentation_of
from taskcli.results import Entity, TokenEntity


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    kind: str = ""  # of an entity; empty between them


def text_spans(
    text: str, entities: Sequence[Entity | TokenEntity], labels: Mapping[int, str] | None = None
) -> Iterator[Span]:
    """The whole text, in order. What begins inside an earlier entity is passed over.

    `labels` are the checkpoint's: they tell the kinds of single tokens.
    """
    tags = read_token_labels((labels or {}).values())
    end = 0
    for entity in sorted(entities, key=lambda entity: (entity.start, -entity.end)):
        if entity.start < end or entity.end <= entity.start:
            continue
        if end < entity.start:
            yield Span(text[end : entity.start])
        yield Span(text[entity.start : entity.end], _kind(entity, tags))
        end = entity.end
    if end < len(text):
        yield Span(text[end:])


def _kind(entity: Entity | TokenEntity, tags: Mapping[str, TokenLabel]) -> str:
    shape = presentation_of(entity)
    label = shape.label_of(entity) or ""
    return tags[label].kind if shape.of_token and label in tags else label


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text's sentences, each a list of (word, tag), and how many entities they have no tag for.

    Tags are B-, I- and O (IOB2). A word has one, so of entities that share a word the longest one
    stands. A line end ends a sentence, unless it is inside an entity.
    """

    sentences: list[list[tuple[str, str]]]
    left_out: int


def tagged_words(text: str, entities: Sequence[Entity]) -> Tagged:
    """The words of a text and the entities on them; one that covers a part of a word has it all."""
    places = list(words(text))
    entity_of: dict[int, Entity] = {}
    left_out = 0
    for entity in sorted(entities, key=lambda entity: (entity.start - entity.end, entity.start)):
        touched = range(
            bisect_right(places, entity.start, key=lambda place: place[1]),
            bisect_left(places, entity.end, key=lambda place: place[0]),
        )
        if any(number in entity_of for number in touched):
            left_out += 1
        else:
            entity_of |= dict.fromkeys(touched, entity)
    return Tagged(_sentences(text, places, entity_of), left_out)


def _sentences(
    text: str, places: list[tuple[int, int]], entity_of: Mapping[int, Entity]
) -> list[list[tuple[str, str]]]:
    """The words at these places with their tags, a list for each line."""
    sentences: list[list[tuple[str, str]]] = []
    end = 0
    for number, (start, stop) in enumerate(places):
        entity = entity_of.get(number)
        goes_on = entity is not None and entity is entity_of.get(number - 1)
        if not number or (LINE_END.search(text, end, start) and not goes_on):
            sentences.append([])
        tag = f"{'I' if goes_on else 'B'}-{entity.entity_group}" if entity else "O"
        sentences[-1].append((text[start:stop], tag))
        end = stop
    return sentences
