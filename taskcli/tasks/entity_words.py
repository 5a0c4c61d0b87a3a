"""Which of a text's tokens are a word together, as tags of entities are given to words."""

from collections.abc import Iterator

from taskcli.media.word_boundaries import is_border, is_mark
from taskcli.tasks.entity_tokens import Span


def words_of(word: range, spans: list[Span], text: str) -> Iterator[range]:
    """What is a word to us of the tokens that are one to the tokenizer.

    To some tokenizers a word is what stands between spaces, to a few the whole text is one: the
    full stop behind a name, or a sentence of Chinese, must not share its tag. `spans` are the
    places of all tokens in the text; those that show nothing are in no word.
    """
    if _is_plain(word, spans, text):  # as most are
        yield word
        return
    for part in _parted(word, spans, text):
        yield from _bare(part, spans, text)


def _is_plain(word: range, spans: list[Span], text: str) -> bool:
    """Whether these are letters and digits alone, of a script with spaces between words."""
    whole = text[spans[word[0]][0] : spans[word[-1]][1]]
    if not (whole.isascii() and whole.isalnum()):
        return False
    return all(start < end for start, end in spans[word.start : word.stop])


def _parted(word: range, spans: list[Span], text: str) -> Iterator[range]:
    """Cut at spaces, and between letters of scripts that write none."""
    start = word.start
    for at in word[1:]:
        if _is_border(spans[at - 1], spans[at], text):
            yield range(start, at)
            start = at
    yield range(start, word.stop)


def _is_border(before: Span, after: Span, text: str) -> bool:
    """A space begins a word, also one that is a token by itself."""
    end, start = text[slice(*before)], text[slice(*after)]
    if not end.strip():
        return False
    between = text[before[1] : after[0]]
    return any(map(str.isspace, between)) or (start != "" and is_border(end[-1], start[0]))


def _bare(word: range, spans: list[Span], text: str) -> Iterator[range]:
    """The word without the marks around it, which are words of their own; a space is none."""
    content = [text[start:end].strip() for start, end in spans[word.start : word.stop]]
    if len(word) == 1:  # whether it is a mark makes no difference
        yield from [word] if content[0] else []
        return
    inner = [place for place, one in enumerate(content) if one and not is_mark(one)]
    first, last = (inner[0], inner[-1] + 1) if inner else (len(word), len(word))
    if first == 1 and not content[0]:
        first = 0  # the space before a word is its first token
    alone = [word[at : at + bool(one)] for at, one in enumerate(content)]
    yield from filter(None, [*alone[:first], word[first:last], *alone[last:]])
