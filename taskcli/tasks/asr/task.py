"""taskcli asr."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from taskcli.config.options import OutputOptions
from taskcli.media.items import Media, Recording
from taskcli.results import Transcript
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.asr.choice import language_of, recognizer_of, refuse
from taskcli.tasks.asr.cutting import begun
from taskcli.tasks.asr.helped import Helped
from taskcli.tasks.asr.joining import Said, in_a_row, later, of_channels, spoken
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.recognizer import SpeechProcessor
from taskcli.tasks.asr.subtitle_options import AsrOutput
from taskcli.tasks.stretches import Answered, Cutting, Place, Stretch, by_place, stretches

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_NO_SPEECH = "no speech was found"


class Asr(Helped):
    """Write down what is said in a recording.

    Any checkpoint that AutoModelForCTC or AutoModelForSpeechSeq2Seq maps: Wav2Vec2, HuBERT,
    Whisper, ... Long recordings are heard in overlapping windows (CTC) or by Whisper's own
    sequential long form.
    """

    name = "asr"
    media = Media.AUDIO
    Options = AsrOptions
    Output = AsrOutput
    result = Transcript
    auto_models = ("AutoModelForCTC", "AutoModelForSpeechSeq2Seq")
    budget = 480_000  # samples: half a minute
    fp32_heads = frozenset({"lm_head"})
    examples = (
        "taskcli asr talk.mp3",
        "taskcli asr interview.m4a -o interview.srt",
        "taskcli asr 'films/*.mp4' --beside --save srt --skip-existing",
        "taskcli asr interview.m4a -o interview.vtt --karaoke --max-lines 1",
        "taskcli asr interview.m4a --start 1:30 --duration 20",
        "taskcli asr interview.m4a --clips 0:30-1:15,2:00- -o interview.srt",
        "taskcli asr calls --confidence --timestamps word -o calls.jsonl",
        "taskcli asr talk.wav --model small --hotwords 'Kubernetes, etcd'",
        "taskcli asr talk.wav --model small --language each",
        "taskcli asr call.wav --channel each --vad -o call.vtt",
        "taskcli asr meeting.wav --speakers base -o meeting.vtt",
        "taskcli asr talk.wav | taskcli summarize -",
    )

    def __init__(
        self, options: AsrOptions, processor: SpeechProcessor, model: "PreTrainedModel"
    ) -> None:
        super().__init__(options, processor, model)
        self._recognizer = recognizer_of(processor, model)(processor, model, options)
        self._recognizer.language = language_of(options, self._recognizer)
        refuse(options, self._recognizer)
        self._heard = options  # with the times that are needed

    def take_help(self, helper: Task[Any, Any, Any] | None) -> None:
        super().take_help(helper)
        if self._diarization is not None:
            self._heard = replace(self.options, timestamps=self._recognizer.finest or "none")

    @classmethod
    def prepare(cls, processor: SpeechProcessor, model: "PreTrainedModel") -> None:
        recognizer_of(processor, model).prepare(processor)

    @classmethod
    def processor_class(cls) -> str:
        return "AutoProcessor"

    @classmethod
    def refuse(cls, options: AsrOptions, known: Sequence[str]) -> None:
        options.require_packages()

    @classmethod
    def for_output(cls, options: AsrOptions, chosen: str, written: OutputOptions) -> AsrOptions:
        if chosen not in cls.formats() and written.save_dir is None:
            return options
        assert isinstance(written, AsrOutput)
        written.refuse(chosen)
        return replace(options, timestamps=written.times_for(options.timestamps))

    def encode(self, items: list[Recording]) -> Iterator[tuple[int, Any]]:
        for place, item in enumerate(items):
            begin, helper = partial(self._cutting, item.rate), partial(self.help_cutting, item.rate)
            yield from ((place, part) for part in stretches(item, begin, helper))

    def _cutting(self, rate: int) -> Cutting:
        return begun(rate, self._recognizer.cutting, self.options)

    def cost(self, part: Stretch) -> int:
        return len(part.samples)

    def batch_key(self, part: Stretch) -> Hashable:
        if self._diarization and part.place.is_helpers:
            return "helper", self._diarization.batch_key(part)
        return self._recognizer.batch_key(part)

    def preprocess(self, parts: list[Stretch]) -> Batch:
        if self._diarization and parts[0].place.is_helpers:
            return replace(self._diarization.preprocess(parts), extra={"helper": True})
        return self._recognizer.preprocess(parts)

    def forward(self, batch: Batch) -> Any:
        if self._diarization and "helper" in batch.extra:
            return self._diarization.forward(batch)
        return self._recognizer.forward(batch, self._heard)

    def postprocess(self, outputs: Any, batch: Batch, parts: list[Stretch]) -> list[Answered]:
        told: Sequence[Any]
        if self._diarization and "helper" in batch.extra:
            told = self._diarization.postprocess(outputs, batch, parts)
        else:
            told = self._recognizer.postprocess(outputs, batch, parts, self._heard.timestamps)
        return [Answered.of(one, part) for one, part in zip(told, parts, strict=True)]

    def fold(self, item: Recording, results: list[Answered]) -> WithWarnings[Transcript]:
        helpers = [one for one in results if one.place.is_helpers]
        told = self._transcript(item, [one for one in results if not one.place.is_helpers])
        if self._diarization is None:
            return told
        return self._diarization.lay_over(told, item, helpers, self.options, self._heard)

    def latest_text(self, item: Recording, results: list[Answered]) -> str:
        own = [one for one in results if not one.place.is_helpers]
        return self._transcript(item, own).result.text

    def _transcript(self, item: Recording, results: list[Answered]) -> WithWarnings[Transcript]:
        warnings = {} if results else {_NO_SPEECH: None}
        said = defaultdict[int, list[Said]](list)
        for place, own in by_place(results):
            told = self._said(item, place, own)
            said[place.channel].append(Said(told.result, own[-1].span[1] / item.rate))
            warnings |= dict.fromkeys(told.warnings)
        return WithWarnings(self._joined(item, said), tuple(warnings))

    def _said(self, item: Recording, place: Place, own: list[Answered]) -> WithWarnings[Transcript]:
        """What was said from a place on, with the times of the file."""
        rate, found = item.rate, [one.result for one in own]
        seconds = own[-1].span[1] / rate
        told = self._recognizer.fold(found, rate, seconds, self._heard.timestamps)
        told = told if isinstance(told, WithWarnings) else WithWarnings(told, ())
        said = later(told.result, item.start + place.start / rate)
        return replace(told, result=spoken(said) if self.options.finds_each else said)

    def _joined(self, item: Recording, said: Mapping[int, list[Said]]) -> Transcript:
        timed = self._heard.timestamps != "none"
        if not item.channels:
            return in_a_row(said.get(0, ()), timed)
        own = [in_a_row(said.get(number, ()), timed) for number in range(len(item.channels))]
        return of_channels(list(zip(item.channels, own, strict=True)))
