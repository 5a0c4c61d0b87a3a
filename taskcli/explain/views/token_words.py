"""What tokens stand for in their text: the pieces that it is cut into, and short names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskcli.explain.seen import Seen
from taskcli.tasks.token_rows import token_rows

Span = tuple[int, int]  # characters start..end of the token's text

_SPACES = ("Ġ", "▁")  # what byte-level BPE and SentencePiece write for the space before a word
_GOES_ON = "##"  # WordPiece, before a piece of a word that has begun
_DOING = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_NOTHING = "·"  # the piece of a token that stands for no character of its own


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
        return _unplaced(tokens, owners)
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
    return Words(tokens, _names(tokens, pieces, owners), pieces, owners, spans)


def words_of_vocabulary(seen: Seen, ids: Sequence[int]) -> Words:
    """Of tokens whose text is not known: what the vocabulary says of them."""
    special = set(_tokenizer(seen).all_special_ids)
    return _unplaced(_tokens(seen, ids), [None if one in special else 0 for one in ids])


def _unplaced(tokens: Sequence[str], owners: Sequence[int | None]) -> Words:
    pieces = [
        f"{token} " if owner is None else _spaced(token)
        for token, owner in zip(tokens, owners, strict=True)
    ]
    return Words(tokens, _names(tokens, pieces, owners), pieces, owners, [None] * len(tokens))


def _spaced(token: str) -> str:
    for space in _SPACES:
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
        yield texts[owner][start:end] + (" " if following is None else "") or _NOTHING


def _unknown(token: str, piece: str) -> str:
    """A piece that the vocabulary lacks: the model was given `token` in its place."""
    word = piece.strip()
    return piece if word in ("", token) else piece.replace(word, f"{token} ({word})", 1)


def _names(tokens: Sequence[str], pieces: Sequence[str], owners: Sequence[int | None]) -> list[str]:
    return list(map(_name, tokens, pieces, owners))


def _name(token: str, piece: str, owner: int | None) -> str:
    if owner is None or token.startswith(_GOES_ON):
        return token
    return piece.strip() or token
