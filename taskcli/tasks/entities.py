"""From tagged tokens to entities, by the five strategies that transformers' pipelines know.

Tokens are arrays; Python goes through the words that may be of entities alone, as most are not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from taskcli.checkpoints.token_labels import TokenLabel, read_token_labels
from taskcli.results import Entity, TokenEntity
from taskcli.tasks.entity_tokens import Span, Tokens, in_whole_words
from taskcli.tasks.entity_words import words_of

if TYPE_CHECKING:
    from taskcli.tasks.entity_tokens import Chosen, Numbers, Scores

Aggregation = Literal["none", "simple", "first", "average", "max"]
_How = Literal["first", "average", "max"]  # a word's scores come of its tokens'
_NAMELESS = TokenLabel("\0")  # of a number that has no label: no label is of this kind


@dataclass(frozen=True, slots=True)
class Labels:
    """A checkpoint's labels by number, and arrays [labels] of what each of them means.

    `kinds` are numbers of kinds of entities, 0 outside of all.
    """

    names: Mapping[int, str]
    tags: Mapping[str, TokenLabel]
    kinds: "Numbers"
    begins: "Chosen"
    ends: "Chosen"

    @classmethod
    def of(cls, names: Mapping[int, str]) -> "Labels":
        import numpy as np

        tags = read_token_labels(names.values())
        # What has no name is found all the same, and fails when it is asked for the name.
        told = [tags[names[at]] if at in names else _NAMELESS for at in range(max(names) + 1)]
        numbers: dict[str, int] = {"": 0}
        kinds = [numbers.setdefault(tag.kind, len(numbers)) for tag in told]
        begins, ends = [tag.begins for tag in told], [tag.ends for tag in told]
        return cls(names, tags, np.array(kinds), np.array(begins), np.array(ends))

    def kind(self, number: int) -> str:
        return self.tags[self.names[number]].kind


@dataclass(frozen=True, slots=True)
class _Tagged:
    """Words, or tokens each by itself, in order: the `numbers` [n] of their labels, scores, places.

    Of neighbours in the text `stretch` [n] is equal.
    """

    numbers: "Numbers"
    scores: list[float]
    spans: list[Span]
    stretch: "Numbers"


def entities(
    tokens: Tokens, labels: Labels, text: str, aggregation: Aggregation
) -> list[Entity] | list[TokenEntity]:
    """The entities of one text, in order; tokens outside of them are left out."""
    import numpy as np

    chosen = labels.kinds[tokens.scores.argmax(-1)] > 0
    if aggregation == "average":  # a sum may be best for a label that is best for no token
        chosen[:] = True
    if not chosen.any():
        return []
    if aggregation == "none":
        return list(_token_entities(tokens, np.flatnonzero(chosen), labels, text))
    if aggregation == "simple":
        tagged = _tokens(tokens, np.flatnonzero(chosen))
    else:
        words = tokens.words()
        tagged = _words(tokens, in_whole_words(chosen, words), words, text, aggregation)
    return list(_entities(tagged, labels, text))


def _token_entities(
    tokens: Tokens, wanted: "Numbers", labels: Labels, text: str
) -> Iterator[TokenEntity]:
    tagged = _tokens(tokens, wanted)
    columns = tagged.numbers.tolist(), tagged.scores, tagged.spans, tokens.places[wanted].tolist()
    for number, score, span, place in zip(*columns, strict=True):
        start, end = _trimmed(*span, text)
        yield TokenEntity(labels.names[number], score, place, text[start:end], start, end)


def _tokens(tokens: Tokens, wanted: "Numbers") -> _Tagged:
    return _tagged(tokens.scores[wanted], tokens.spans(wanted), _stretches(wanted))


def _words(tokens: Tokens, wanted: "Numbers", words: "Numbers", text: str, how: _How) -> _Tagged:
    """The words that the `wanted` tokens make, by the numbers of all tokens' `words`."""
    import numpy as np

    spans = tokens.spans(wanted)
    own = words[wanted]
    edges = [0, *(np.flatnonzero(own[1:] != own[:-1]) + 1).tolist(), len(own)]
    found = [
        one for start, stop in pairwise(edges) for one in words_of(range(start, stop), spans, text)
    ]
    first = np.array([word.start for word in found], np.int64)
    lengths = np.array([len(word) for word in found], np.int64)
    scores = _scores(tokens.scores[wanted], first, lengths, how)
    places = [(spans[word.start][0], spans[word.stop - 1][1]) for word in found]
    return _tagged(scores, places, _stretches(wanted)[first])


def _scores(scores: "Scores", first: "Numbers", lengths: "Numbers", how: _How) -> "Scores":
    """Of words [words, labels], from the scores of tokens and each word's first of them."""
    if how == "first":
        return scores[first]
    if how == "max":
        return scores[_surest(scores.max(-1), first, lengths)]
    total = scores[first]
    for words, places in _further(first, lengths):
        total[words] += scores[places]
    total /= lengths[:, None]
    return total


def _surest(tops: "Scores", first: "Numbers", lengths: "Numbers") -> "Numbers":
    """The token of each word that has the highest of `tops` [tokens], of equals the first."""
    best = first.copy()
    for words, places in _further(first, lengths):
        is_better = tops[places] > tops[best[words]]
        best[words[is_better]] = places[is_better]
    return best


def _further(first: "Numbers", lengths: "Numbers") -> "Iterator[tuple[Numbers, Numbers]]":
    """The second tokens of all words that have one, with those words, then the third, ..."""
    import numpy as np

    for more in range(1, int(lengths.max(initial=0))):
        words = np.flatnonzero(lengths > more)
        yield words, first[words] + more


def _stretches(wanted: "Numbers") -> "Numbers":
    """Equal for tokens between which none is left out."""
    import numpy as np

    return wanted - np.arange(len(wanted))


def _tagged(scores: "Scores", spans: list[Span], stretch: "Numbers") -> _Tagged:
    return _Tagged(scores.argmax(-1), scores.max(-1).tolist(), spans, stretch)


def _entities(tagged: _Tagged, labels: Labels, text: str) -> Iterator[Entity]:
    """Neighbours of one kind, as far as no label begins or ends an entity between them."""
    import numpy as np

    kinds = labels.kinds[tagged.numbers]
    is_divided = labels.ends[tagged.numbers][:-1] | labels.begins[tagged.numbers][1:]
    is_divided |= (kinds[1:] != kinds[:-1]) | (tagged.stretch[1:] != tagged.stretch[:-1])
    edges = np.flatnonzero(is_divided) + 1
    for start, stop in pairwise([0, *edges.tolist(), len(kinds)]):
        covered = tagged.spans[start:stop]
        if not covered or not kinds[start] or covered[0][0] >= covered[-1][1]:
            continue  # some tokenizers make tokens that cover no text
        first, end = _trimmed(covered[0][0], covered[-1][1], text)
        score = sum(tagged.scores[start:stop]) / (stop - start)
        kind = labels.kind(int(tagged.numbers[start]))
        yield Entity(kind, score, text[first:end], first, end)


def _trimmed(start: int, end: int, text: str) -> tuple[int, int]:
    """SentencePiece counts the space before a word as part of it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
