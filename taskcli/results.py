"""The vocabulary of answers: frozen values that know nothing of printing or files.

Field names are the keys of the JSON records, and those are the keys of the transformers
pipelines, so code written for a pipeline's answer reads ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

# A field with this metadata stays in the process: it is for files, not for the record.
NOT_IN_RECORD = {"record": False}
# A field with this metadata is in seconds: it keeps its milliseconds after hours, too.
SECONDS = {"seconds": True}


@dataclass(frozen=True, slots=True)
class Label:
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of speech; `timestamp` is (start, end) in seconds, `score` as in a Transcript.

    `channel` says where it was heard, if each channel was by itself; `speaker` who says it, where
    that was asked for; `language` what is spoken, if that was found for each stretch, with its
    `language_score` as in a Transcript.
    """

    text: str
    timestamp: tuple[float, float] = field(metadata=SECONDS)
    score: float | None = None
    channel: str | None = None
    speaker: str | None = None
    language: str | None = None
    language_score: float | None = None

    @property
    def voice(self) -> str | None:
        """What it is labelled with."""
        return self.channel or self.speaker


@dataclass(frozen=True, slots=True)
class LabelWindow:
    """The labels of a stretch of a recording, too long to be heard at once or asked for.

    `channel` says where it was heard, if each channel was by itself.
    """

    start: float = field(metadata=SECONDS)
    end: float = field(metadata=SECONDS)
    labels: list[Label]
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelText:
    """What is said in one channel of a recording."""

    channel: str
    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says until another does; `timestamp` is as a Chunk's.

    `speaker` is None where nobody was found to speak.
    """

    speaker: str | None
    timestamp: tuple[float, float] = field(metadata=SECONDS)
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a recording.

    With `--confidence`, `score` is the mean probability of the letters' frames (CTC models) or of
    the tokens (Whisper), and `language_score` that of a language that was found.

    Where each channel was heard by itself, `text` has a line for each turn, behind the name of its
    channel, and `channels` have each one's own. With `--speakers` the lines are behind the names of
    speakers, if there are several, and `turns` have each line.
    """

    text: str
    chunks: tuple[Chunk, ...] | None = None
    language: str | None = None
    score: float | None = None
    language_score: float | None = None
    channels: tuple[ChannelText, ...] | None = None
    turns: tuple[Turn, ...] | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the upright image; `xmax` and `ymax` are exclusive."""

    xmin: int
    ymin: int
    xmax: int
    ymax: int

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom."""
        return self.xmin, self.ymin, self.xmax, self.ymax


@dataclass(frozen=True, slots=True)
class Detection:
    """`corners` are the sides of the box before they were rounded, for files that hold shares."""

    label: str
    score: float
    box: Box
    corners: tuple[float, float, float, float] | None = field(
        default=None, repr=False, compare=False, metadata=NOT_IN_RECORD
    )

    @classmethod
    def at(cls, label: str, score: float, sides: Sequence[float]) -> "Detection":
        """What is found between left, top, right and bottom."""
        left, top, right, bottom = sides
        box = Box(int(left), int(top), int(right), int(bottom))
        return cls(label, score, box, (left, top, right, bottom))

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, as exact as they are known."""
        return self.corners or self.box.sides

    @property
    def area(self) -> float:
        left, top, right, bottom = self.sides
        return (right - left) * (bottom - top)


@dataclass(frozen=True, slots=True)
class RunLengthMask:
    """A binary mask as COCO's compressed run-length code; `size` is [height, width]."""

    size: tuple[int, int]
    counts: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A region of one label. `score` is None where the subtask gives none (semantic)."""

    label: str
    score: float | None
    mask: RunLengthMask
    area: int
    box: Box

    @property
    def sides(self) -> tuple[int, int, int, int]:
        return self.box.sides


@dataclass(frozen=True, slots=True)
class DepthMap:
    """Distances over the upright image; `units` says what the numbers mean.

    `source` is the distance of every pixel, or what makes them; nothing where only the record is
    known. Of a saved PNG a pixel is `(depth - depth_offset) / depth_scale`.
    """

    min: float
    max: float
    mean: float
    width: int
    height: int
    units: Literal["m", "relative"]
    source: Any = field(default=None, repr=False, compare=False, metadata=NOT_IN_RECORD)
    depth_scale: float | None = None
    depth_offset: float | None = None

    @property
    def values(self) -> Any:
        """Float32 [height, width]; those of a large picture are made when they are first read."""
        return self.source() if callable(self.source) else self.source


@dataclass(frozen=True, slots=True)
class Entity:
    """`word` is exactly `text[start:end]`; offsets count code points."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TokenEntity:
    """One token's own tag, as `--aggregation none` asks for; `index` counts tokens."""

    entity: str
    score: float
    index: int
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A span of the context; the empty answer at 0..0 means "not in this text".

    `no_answer_score` is that of the empty answer, given beside every one with `--no-answer`.
    """

    question: str
    answer: str
    score: float
    start: int
    end: int
    no_answer_score: float | None = None


FinishReason = Literal["eos_token", "stop_sequence", "length"]


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """A text with why it ends and what it cost, named as text-generation-inference names them.

    `finish_reason` is `eos_token` where the model ended it, `stop_sequence` where a text of
    `--stop` did, `length` where there was no room for more. The tokens of the prompt are counted
    with those of its chat template, the generated ones with the end token. `choices` are those of
    `--choices` with their probabilities, best first, and `score` is that of the text.
    """

    generated_text: str
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None
    generated_tokens: int | None = None
    score: float | None = None
    choices: tuple[Label, ...] | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    summary_text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle; `text` has the markup and the lines of its file, `timestamp` is as a Chunk's.

    `id` is its number or name, `settings` is what stands behind its times (where it is shown),
    `after` are the blocks between it and the next one: WebVTT's notes and styles.
    """

    text: str
    timestamp: tuple[float, float] = field(metadata=SECONDS)
    id: str | None = None
    settings: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """A translated text. Subtitles have their cues, too, and of WebVTT the `head` of the file."""

    translation_text: str
    chunks: tuple[Cue, ...] | None = None
    head: str | None = None


# The field that holds the text of a result, for commands that read another's records.
TEXT_FIELDS = ("text", "generated_text", "summary_text", "translation_text")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an input has no result."""

    type: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """Share `number` of `count`, both from 1; `index` is the place in the whole list, from 0.

    The frames of one file may have one place, which is the file's.
    """

    number: int
    count: int
    index: int


@dataclass(frozen=True, slots=True)
class Record:
    """The one answer to one input: either `result` or `error` is set.

    Of a file with several pictures `frame` is the number, from 1, of the one that is answered, and
    `time` when it is shown, in seconds from the beginning; pages have none.
    `item` is the decoded input, where it was asked for: for what draws on it or quotes from it.
    `window` is how many seconds each of the `windows` was asked to hold at most, by --window or
    several --clips.
    `fields` are columns of the row that the input came from, where --keep asked for them: values
    as they were read.
    """

    input: str
    task: str
    model: str
    revision: str | None = None
    result: Any = None
    error: Failure | None = None
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    window: float | None = None
    windows: tuple[LabelWindow, ...] = ()
    frame: int | None = None
    time: float | None = field(default=None, metadata=SECONDS)
    shard: Shard | None = None
    item: Any = field(default=None, repr=False, compare=False, metadata=NOT_IN_RECORD)
    fields: Mapping[str, object] | None = None


# Fields of a record that only those of some tasks may have.
OF_SOME_TASKS = frozenset({"window", "windows", "frame", "time"})


def parts_of(result_type: Any) -> tuple[Any, ...]:
    """A result type, and what lists and unions of it hold."""
    return (result_type, *(part for inner in get_args(result_type) for part in parts_of(inner)))
