"""Texts as rows of token ids, many at a time, and rows as one padded batch.

Tokens stay in arrays from the tokenizer to the model: Python never goes through them one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from taskcli.tasks import char_tokens

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, Any]

# A number for each token, an array [tokens], by the name that the model has for it.
Row = Mapping[str, "Numbers"]

_CALL = ("__call__", "_encode_plus", "_convert_encoding", "set_truncation_and_padding")
_PAD = ("pad", "_pad")


class Origin(Protocol):
    """Of which text each token is; encodings of fast tokenizers also know its place there."""

    @property
    def sequence_ids(self) -> list[int | None]: ...


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One text, or a pair, as the model has it, and where its tokens come from."""

    row: Row
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Unplaced:
    """Of a tokenizer that tells only which tokens are special."""

    special: Sequence[int]

    @property
    def sequence_ids(self) -> list[int | None]:
        return list(char_tokens.sequences(self.special))


def token_rows(
    tokenizer: Any, texts: list[str], pairs: list[str] | None, places: bool
) -> Iterator[TokenRow]:
    """A row for each text, or pair, in order.

    With `places` its origin is an encoding of the tokenizers library, or answers as one would, as
    far as the tokenizer can tell places.
    """
    if _is_all_in_rust(tokenizer):
        return _encoded_in_rust(tokenizer, texts, pairs, places)
    return _called(tokenizer, texts, pairs, places)


def _is_all_in_rust(tokenizer: Any) -> bool:
    """Whether calling it does no more than to ask the tokenizers library."""
    from transformers import PreTrainedTokenizerFast as Fast

    own = type(tokenizer)
    return (
        issubclass(own, Fast)
        and all(getattr(own, name) is getattr(Fast, name) for name in _CALL)
        and not hasattr(own, "_switch_to_input_mode")
    )


def _encoded_in_rust(
    tokenizer: Any, texts: list[str], pairs: list[str] | None, places: bool
) -> Iterator[TokenRow]:
    rust = tokenizer.backend_tokenizer
    if rust.encode_special_tokens != tokenizer.split_special_tokens:
        rust.encode_special_tokens = tokenizer.split_special_tokens
    encode = rust.encode_batch if places else rust.encode_batch_fast  # which leaves out the places
    ways = {
        name: _OF_ENCODING[name] for name in tokenizer.model_input_names if name in _OF_ENCODING
    }
    if rust.padding is None and "attention_mask" in ways:
        ways["attention_mask"] = _all_attended
    for encoding in encode(texts if pairs is None else list(zip(texts, pairs, strict=True))):
        yield TokenRow({name: way(encoding) for name, way in ways.items()}, encoding)


def _ids(encoding: Any) -> "Numbers":
    return _array(encoding.ids)


def _type_ids(encoding: Any) -> "Numbers":
    import numpy as np

    numbers = encoding.type_ids
    one_text = numbers.count(0) == len(numbers)  # as of most: an array is made of these at once
    return np.zeros(len(numbers), np.int32) if one_text else _array(numbers)


def _attention_mask(encoding: Any) -> "Numbers":
    return _array(encoding.attention_mask)


def _all_attended(encoding: Any) -> "Numbers":
    import numpy as np

    return np.ones(len(encoding), np.int32)


# What the tokenizers library knows by other names than transformers has.
_OF_ENCODING = {"input_ids": _ids, "token_type_ids": _type_ids, "attention_mask": _attention_mask}


def _called(
    tokenizer: Any, texts: list[str], pairs: list[str] | None, places: bool
) -> Iterator[TokenRow]:
    encoded = tokenizer(texts, pairs, return_special_tokens_mask=True)
    columns = {name: encoded[name] for name in tokenizer.model_input_names if name in encoded}
    special = encoded["special_tokens_mask"]
    origins: Sequence[Origin] = encoded.encodings or [_Unplaced(one) for one in special]
    if places and not encoded.encodings and char_tokens.are_tokens_of(tokenizer):
        together = zip(texts, strict=True) if pairs is None else zip(texts, pairs, strict=True)
        origins = [char_tokens.CharEncoding(*one) for one in zip(special, together, strict=True)]
    for number, origin in enumerate(origins):
        yield TokenRow({name: _array(rows[number]) for name, rows in columns.items()}, origin)


def _array(numbers: Sequence[int]) -> "Numbers":
    import numpy as np

    return np.array(numbers, np.int32)


def attended(ids: Sequence[int]) -> Row:
    """A row of token ids, all of which the model is to see."""
    return {"input_ids": _array(ids), "attention_mask": _array([1] * len(ids))}


def padded(tokenizer: Any, rows: Sequence[Row]) -> dict[str, Any]:
    """Rows of tokens as tensors [rows, longest] of int64."""
    values = {
        "input_ids": tokenizer.pad_token_id,
        "token_type_ids": tokenizer.pad_token_type_id,
        "attention_mask": 0,
    }
    if not _pads_as_usual(tokenizer) or rows[0].keys() - values.keys():
        columns = {name: [row[name].tolist() for row in rows] for name in rows[0]}
        return dict(tokenizer.pad(columns, return_tensors="pt"))
    side = tokenizer.padding_side
    return {name: stacked([row[name] for row in rows], values[name], side) for name in rows[0]}


def _pads_as_usual(tokenizer: Any) -> bool:
    """Whether its class pads as most do, and it knows by what; else it has to say it itself."""
    from transformers import PreTrainedTokenizerBase as Base

    own = type(tokenizer)
    known = tokenizer.pad_token_id is not None and tokenizer.pad_token_id >= 0
    return known and all(getattr(own, name, None) is getattr(Base, name) for name in _PAD)


def stacked(rows: "Sequence[Numbers]", value: int, side: str) -> Any:
    """Rows of numbers as a tensor [rows, longest] of int64, padded on a side by a value."""
    import numpy as np
    import torch

    longest = max(map(len, rows))
    block = np.full((len(rows), longest), value, np.int64)
    for line, row in zip(block, rows, strict=True):
        own = slice(len(row)) if side == "right" else slice(longest - len(row), None)
        line[own] = row
    return torch.from_numpy(block)
