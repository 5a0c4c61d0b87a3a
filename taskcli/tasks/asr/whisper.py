"""Recordings written as Whisper does."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli.errors import UsageError
from taskcli.results import Transcript
from taskcli.task import Batch
from taskcli.tasks.asr.guards import guards, prompt_ids
from taskcli.tasks.asr.options import AsrOptions, Timestamps
from taskcli.tasks.asr.recognizer import Recognizer, SpeechProcessor
from taskcli.tasks.asr.token_scores import TokenScores
from taskcli.tasks.asr.token_text import Row, TokenText
from taskcli.tasks.seeded import seeded
from taskcli.tasks.stretches import Stretch

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class _Written(NamedTuple):
    """Tokens of each recording, maybe with their times; its language, and if it is written so."""

    rows: list[Row]
    spoken: Sequence[str | None]
    as_spoken: bool
    sure: "torch.Tensor | None"  # the probabilities of the languages [rows], where they were asked


class WhisperRecognizer(Recognizer):
    """Whisper: 30 seconds at once, or its own sequential long form beyond."""

    timestamps = ("none", "segment", "word")
    gives_scores = True

    def __init__(
        self, processor: SpeechProcessor, model: "PreTrainedModel", options: AsrOptions
    ) -> None:
        super().__init__(processor, model, options)
        config = model.generation_config
        self._guards = guards(options, config)
        self._prompt = prompt_ids(options, self.tokenizer, model.config.max_target_positions)
        beams = config.num_beams or 1
        if options.confidence and beams > 1:
            raise UsageError(
                f"--confidence: this checkpoint searches with {beams} beams, which have no scores "
                "of single tokens",
                "leave it out",
            )
        # What is tried again, or goes on from its own text, pays no regard to its neighbours.
        tried = self._guards.get("temperature", ())
        self._alone = len(tried) > 1 or bool(options.condition_on_previous)
        precision = self.extractor.chunk_length / model.config.max_source_positions
        self._text = TokenText(self.tokenizer, precision)

    @property
    def languages(self) -> frozenset[str]:  # type: ignore[override]
        """Codes and English names; empty for a checkpoint of English alone."""
        from transformers.models.whisper.tokenization_whisper import LANGUAGES

        config = self.model.generation_config
        if not getattr(config, "is_multilingual", False):
            return frozenset()
        codes = {token.strip("<|>") for token in config.lang_to_id}
        return frozenset(codes | {name for code, name in LANGUAGES.items() if code in codes})

    @property
    def finest(self) -> Timestamps:
        """Words, where it is known which of its heads look at what is said."""
        aligned = getattr(self.model.generation_config, "alignment_heads", None)
        return "word" if aligned else "segment"

    def batch_key(self, part: Stretch) -> Hashable:
        """Short and long recordings take different ways through generate()."""
        return self._is_long(part), id(part) if self._alone else None

    def _is_long(self, item: Stretch) -> bool:
        return bool(len(item.samples) > self.extractor.n_samples)

    def preprocess(self, items: list[Stretch]) -> Batch:
        # One by one: together, the end of a long recording would be heard with its padding.
        made = [self._features(item) for item in items]
        names = ("input_features", "attention_mask")
        inputs = {name: _stacked([one[name] for one in made]) for name in names}
        return Batch(inputs, range(len(items)), {"long": self._is_long(items[0])})

    def _features(self, item: Stretch) -> Mapping[str, Any]:
        whole = {"truncation": False, "padding": "longest"} if self._is_long(item) else {}
        features: Mapping[str, Any] = self.extractor(
            item.samples,
            sampling_rate=item.rate,
            return_attention_mask=True,
            return_tensors="pt",
            **whole,
        )
        return features

    def forward(self, batch: Batch, options: AsrOptions) -> _Written:
        asked = self._asked(options.timestamps, bool(batch.extra["long"]))
        spoken, sure = self._spoken(batch)
        if self.languages:
            asked["task"] = "translate" if options.translate else "transcribe"
            asked["language"] = spoken
        scores = TokenScores() if options.confidence else None
        if scores is not None:
            asked |= scores.asked
        samples = any(self._guards.get("temperature", ()))
        with seeded([0] * len(batch.row_to_item)) if samples else nullcontext():
            generated = self.model.generate(**batch.inputs, **asked)
        return _Written(
            list(_per_item(generated, options.timestamps == "word", scores)),
            spoken,
            not options.translate,
            sure,
        )

    def _asked(self, timestamps: str, is_long: bool) -> dict[str, Any]:
        """Arguments of generate() beside the sound and its language."""
        asked = dict(self._guards)
        if self._prompt is not None:
            import torch

            asked["prompt_ids"] = torch.tensor(self._prompt, device=self.model.device)
        if timestamps != "none" or is_long:
            asked["return_timestamps"] = True
        if timestamps == "word":
            asked |= {"return_token_timestamps": True, "return_segments": True}
        return asked

    def _spoken(self, batch: Batch) -> tuple[Sequence[str | None], "torch.Tensor | None"]:
        """The language that was told, else what the first 30 seconds of each are found to be.

        With the probabilities of those that were found, if scores are asked for.
        """
        if not self.languages:
            return [None] * len(batch.row_to_item), None
        if self.language is not None:
            return [_code(self.language)] * len(batch.row_to_item), None
        features, frames = batch.inputs["input_features"], self.extractor.nb_max_frames
        if self.options.confidence:
            sure, found = self._language_shares(features[..., :frames]).max(-1)
        else:
            sure, found = None, self.model.detect_language(features, num_segment_frames=frames)
        names = {number: token for token, number in self.model.generation_config.lang_to_id.items()}
        return [names[number].strip("<|>") for number in found.tolist()], sure

    def _language_shares(self, features: "torch.Tensor") -> "torch.Tensor":
        """The probability of each token to be the first [rows, tokens], of those of languages."""
        import torch

        config = self.model.generation_config
        start = torch.full((len(features), 1), config.decoder_start_token_id)
        logits = self.model(
            input_features=features,
            decoder_input_ids=start.to(features.device),
            use_cache=False,
        ).logits[:, -1]
        languages = torch.tensor(list(config.lang_to_id.values()), device=features.device)
        shares = torch.zeros_like(logits, dtype=torch.float32)
        shares[:, languages] = logits[:, languages].float().softmax(-1)
        return shares

    def postprocess(
        self,
        outputs: _Written,
        batch: Batch,
        items: list[Stretch],
        timestamps: str,
    ) -> list[Transcript]:
        rows, spoken, as_spoken, sure = outputs
        languages = [None] * len(items) if sure is None else sure.tolist()
        return [
            self._text.transcript(row, language, as_spoken, item.seconds, timestamps, share)
            for row, language, item, share in zip(rows, spoken, items, languages, strict=True)
        ]


def _code(language: str) -> str:
    """A code or an English name of one of Whisper's languages as its code."""
    from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    return str(TO_LANGUAGE_CODE.get(language.lower(), language.lower()))


def _per_item(
    outputs: "torch.Tensor | dict[str, Any]", timed: bool, scores: TokenScores | None
) -> Iterator[Row]:
    """generate() answers a tensor, or a dictionary when more than tokens was asked for."""
    if not isinstance(outputs, dict):
        for tokens in outputs:
            yield Row(tokens.long())
        return
    for row, tokens in enumerate(outputs["sequences"]):
        segments = outputs.get("segments", {row: []})[row]
        times = _token_times(outputs, row) if timed else None
        shares = scores.of(row, segments) if scores else None
        yield Row(tokens.long(), times, shares)  # those of nothing that was said are floats


def _token_times(outputs: dict[str, Any], row: int) -> "torch.Tensor":
    import torch

    if "segments" not in outputs:
        times: torch.Tensor = outputs["token_timestamps"][row]
        return times
    found = [segment["token_timestamps"] for segment in outputs["segments"][row]]
    return torch.cat(found) if found else torch.zeros(0)  # nothing was said


def _stacked(rows: list[Any]) -> "torch.Tensor":
    """Tensors [1, ..., n] as one [rows, ..., longest], zeros behind the shorter ones."""
    import torch
    from torch.nn.functional import pad

    longest = max(row.shape[-1] for row in rows)
    return torch.cat([pad(row, (0, longest - row.shape[-1])) for row in rows])
