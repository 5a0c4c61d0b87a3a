"""What CTC models' labels say: to the letter what their tokenizer reads, and at the same frames."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import Wav2Vec2CTCTokenizer

from taskcli.tasks.asr.frame_text import frame_text

VOCABULARY = ["<pad>", "<s>", "</s>", "<unk>", "|", "A", "B", "'", "n't", " "]


class Louder(Wav2Vec2CTCTokenizer):
    """Of the same kin, with a reading of its own."""

    def convert_tokens_to_string(self, tokens: list[str], **options: Any) -> dict[str, Any]:
        return super().convert_tokens_to_string([token.upper() for token in tokens], **options)


def tokenizer(folder: Path, kind: type = Wav2Vec2CTCTokenizer, **options: Any) -> Any:
    path = folder / "vocab.json"
    path.write_text(json.dumps({token: place for place, token in enumerate(VOCABULARY)}))
    made = kind(str(path), **options)
    made.add_tokens(["hello"])
    return made


def frames(seed: int) -> list[int]:
    """Labels as models give them: some last, many are blank, one is in no vocabulary."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([0, 0, 0, 4, *range(len(VOCABULARY) + 2)], rng.integers(0, 90))
    return np.repeat(labels, rng.integers(1, 4, len(labels))).tolist()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"do_lower_case": True},
        {"clean_up_tokenization_spaces": True},
        {"replace_word_delimiter_char": "_"},
        {"word_delimiter_token": "'"},
        {"pad_token": "A"},
        {"kind": Louder},
    ],
    ids=str,
)
def test_labels_are_read_as_their_tokenizer_reads_them(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    reference = tokenizer(tmp_path, **options)
    read = frame_text(reference)
    for seed in range(40):
        labels = frames(seed)
        assert read.text(labels) == reference.decode(labels)
        for unit in ("char", "word"):
            decoded = reference.decode(labels, **{f"output_{unit}_offsets": True})
            text, spans = read.spans(labels, unit)
            assert (text, spans) == (decoded["text"], spans_of(decoded, unit))
            assert {type(frame) for _, *place in spans for frame in place} <= {int}


def spans_of(decoded: Any, unit: str) -> Sequence[tuple[str, int, int]]:
    return [
        (one[unit], one["start_offset"], one["end_offset"]) for one in decoded[f"{unit}_offsets"]
    ]
