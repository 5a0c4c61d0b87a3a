"""What tokens stand for in their text: the pieces that it is cut into, and short names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.token_text import (
    NOTHING,
    PART,
    SPACES,
    names_of_tokens,
    pieces_of_tokens,
    text_of_token,
)
from taskcli.tasks.token_rows import token_rows

Span = tuple[int, int]  # characters start..end of the token's text

_GOES_ON = "##"  # WordPiece, before a piece of a word that has begun
_DOING = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")


@dataclass(frozen=True)
class Words:
    """Of tokens, in order: their `tokens` in the vocabulary, and `names` that a person reads.

    `texts` tells of which text each is, None for special ones. `spans` are their places there, None
    where none is known. `pieces` hold the white space between them.
    """

    tokens: Sequence[str]
    names: Sequence[str]
    pieces: Sequence[str]
    texts: Sequence[int | None]
    spans: Sequence[Span | None]


def words_in_texts(seen: Seen, ids: Sequence[int], places: Sequence[int]) -> Words | None:
    """Of tokens with these `places` among those of the whole input; None if they are not found."""
    texts = _texts(seen)
    if not texts:
        return None
    pairs = list(texts[1:]) or None
    (whole,) = token_rows(seen.task.processor, [texts[0]], pairs, places=True)
    if whole.row["input_ids"][list(places)].tolist() != list(ids):
        return None
    offsets: Sequence[Span] | None = getattr(whole.origin, "offsets", None)
    numbers = whole.origin.sequence_ids
    owners = [numbers[at] for at in places]
    tokens = _tokens(seen, ids)
    if offsets is None:
        return _unplaced(seen, ids, tokens, owners)
    spans = [
        None if owner is None else offsets[at] for at, owner in zip(places, owners, strict=True)
    ]
    unknown = getattr(_tokenizer(seen), "unk_token_id", None)
    pieces = [
        _unknown(token, piece) if one == unknown and owner is not None else piece
        for one, token, piece, owner in zip(
            ids, tokens, _pieces(tokens, owners, spans, texts), owners, strict=True
        )
    ]
    return Words(tokens, _names(seen, ids, pieces, owners), pieces, owners, spans)


def words_of_vocabulary(seen: Seen, ids: Sequence[int]) -> Words:
    """Of tokens whose text is not known: what the vocabulary says of them."""
    special = set(_tokenizer(seen).all_special_ids)
    owners = [None if one in special else 0 for one in ids]
    return _unplaced(seen, ids, _tokens(seen, ids), owners)


def _unplaced(
    seen: Seen, ids: Sequence[int], tokens: Sequence[str], owners: Sequence[int | None]
) -> Words:
    pieces = [
        f"{token} " if owner is None else _spaced(token) if not is_part else piece
        for token, owner, is_part, piece in zip(
            tokens, owners, _parts(seen, ids), pieces_of_tokens(_tokenizer(seen), ids), strict=True
        )
    ]
    names = _names(seen, ids, pieces, owners)
    return Words(tokens, names, pieces, owners, [None] * len(tokens))


def _spaced(token: str) -> str:
    for space in SPACES:
        token = token.replace(space, " ")
    return token.removeprefix(_GOES_ON)


def _tokenizer(seen: Seen) -> Any:
    return getattr(seen.task.processor, "tokenizer", seen.task.processor)


def _tokens(seen: Seen, ids: Sequence[int]) -> list[str]:
    """CANINE's special tokens are characters that nothing shows: these are told by what they do."""
    tokenizer = _tokenizer(seen)
    doing = {getattr(tokenizer, f"{one}_token_id", None): f"[{one.upper()}]" for one in _DOING}
    tokens = zip(ids, map(str, tokenizer.convert_ids_to_tokens(list(ids))), strict=True)
    return [token if token.isprintable() else doing.get(at, token) for at, token in tokens]


def _texts(seen: Seen) -> list[str]:
    """One text, or a pair, in the order in which the tokenizer was given them."""
    fields: Mapping[str, object] = getattr(seen.item, "fields", {})
    text = str(getattr(seen.item, "text", ""))
    question, pair = fields.get("question"), fields.get("text_pair")
    if seen.task.name == "qa":
        asked = [str(question).strip(), text]
        return asked if seen.task.processor.padding_side == "right" else asked[::-1]
    return [text, str(pair)] if pair and seen.task.name == "classify-text" else [text]


def _pieces(
    tokens: Sequence[str],
    owners: Sequence[int | None],
    spans: Sequence[Span | None],
    texts: Sequence[str],
) -> Iterator[str]:
    """Every character behind a text's first token once, with the token that it belongs to."""
    reached: dict[int, int] = {}
    for at, (token, owner, span) in enumerate(zip(tokens, owners, spans, strict=True)):
        if owner is None or span is None:
            yield f"{token} "
            continue
        start = reached.get(owner, span[0])
        following = spans[at + 1] if owners[at + 1 : at + 2] == [owner] else None
        end = max(start, span[1], following[0] if following else 0)
        reached[owner] = end
        yield texts[owner][start:end] + (" " if following is None else "") or NOTHING


def _unknown(token: str, piece: str) -> str:
    """A piece that the vocabulary lacks: the model was given `token` in its place."""
    word = piece.strip()
    return piece if word in ("", token) else piece.replace(word, f"{token} ({word})", 1)


def _names(
    seen: Seen, ids: Sequence[int], pieces: Sequence[str], owners: Sequence[int | None]
) -> list[str]:
    tokens, told = _tokens(seen, ids), names_of_tokens(_tokenizer(seen), ids)
    names = map(_name, tokens, pieces, owners)
    parts = _parts(seen, ids)
    return [
        part if is_part else name for is_part, part, name in zip(parts, told, names, strict=True)
    ]


def _parts(seen: Seen, ids: Sequence[int]) -> list[bool]:
    """Which tokens are bytes that are no whole character."""
    return [text_of_token(_tokenizer(seen), one) == PART for one in ids]


def _name(token: str, piece: str, owner: int | None) -> str:
    if owner is None or token.startswith(_GOES_ON):
        return token
    return piece.strip() or token
