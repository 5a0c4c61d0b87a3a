"""The options that say which inputs there are and how they are read: a group for each medium."""

import codecs
import csv
from dataclasses import dataclass, field
from typing import Annotated, Literal

import typer

from taskcli.config.options import UsersOwn
from taskcli.errors import UsageError
from taskcli.media.amounts import ends
from taskcli.media.channels import EACH, MIX, number_of
from taskcli.media.clips import clips_of
from taskcli.media.encodings import AUTO
from taskcli.media.excerpt import seconds_of
from taskcli.media.frames import FrameChoice
from taskcli.media.items import MOST_PIXELS

_DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
ALL = "all"  # columns that --keep keeps
_INPUTS = "Inputs"
_TIMES = "give seconds, such as 90.5, or a time, such as 1:30 or 1:02:03.5"


@dataclass(frozen=True)
class InputOptions:
    """Which inputs, and how rows of them are read."""

    recursive: Annotated[
        bool,
        typer.Option("--recursive", "-r", help="Descend into folders.", rich_help_panel=_INPUTS),
    ] = False
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Go on with files that come into the folders, until interrupted.",
            rich_help_panel=_INPUTS,
        ),
        UsersOwn(harmless=(False,)),
    ] = False
    files_from: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="Read paths from a file, - for stdin.", rich_help_panel=_INPUTS
        ),
        UsersOwn(),
    ] = None
    null: Annotated[
        bool,
        typer.Option(
            "--null",
            "-0",
            help="The list is NUL-separated (find -print0).",
            rich_help_panel=_INPUTS,
        ),
    ] = False
    skip: Annotated[
        int,
        typer.Option(min=0, help="Leave out the first N inputs.", rich_help_panel=_INPUTS),
        UsersOwn(),
    ] = 0
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Answer N inputs at most.", rich_help_panel=_INPUTS),
        UsersOwn(),
    ] = None
    sample: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Answer N inputs, chosen by chance, in their order.",
            rich_help_panel=_INPUTS,
        ),
        UsersOwn(),
    ] = None
    sample_seed: Annotated[
        int,
        typer.Option(help="Another number is another --sample.", rich_help_panel=_INPUTS),
    ] = 0
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Answer share I of N of the inputs, by their names; taskcli merge joins shares.",
            rich_help_panel=_INPUTS,
        ),
        UsersOwn(),
    ] = None
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Fetch URLs that lists and rows name, not only those of the call.",
            rich_help_panel=_INPUTS,
        ),
        UsersOwn(harmless=(False,)),
    ] = False
    retries: Annotated[
        int,
        typer.Option(
            min=0,
            max=10,
            help="Of a URL: further attempts, each waits longer.",
            rich_help_panel=_INPUTS,
        ),
    ] = 3
    timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="Of a URL: seconds without a byte until it has failed.",
            rich_help_panel=_INPUTS,
        ),
    ] = 60.0
    field: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Field of rows (.jsonl, .csv, .parquet, .tar, ...) to read; a.b is b within a.",
            rich_help_panel=_INPUTS,
        ),
    ] = None
    input_format: Annotated[
        Literal["auto", "text", "csv", "tsv", "jsonl", "json", "parquet", "arrow"],
        typer.Option(
            metavar="FORMAT",
            help="What files and pipes hold: text, or rows of csv, tsv, jsonl, json, parquet, "
            "arrow; auto: as their names or first bytes tell.",
            rich_help_panel=_INPUTS,
        ),
    ] = "auto"
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="all|NAME,...",
            help="Columns of rows that stay beside the answers; dots reach into objects.",
            rich_help_panel=_INPUTS,
        ),
    ] = None
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER",
            help="What parts the cells of .csv and .tsv; unset: as their first rows tell.",
            rich_help_panel=_INPUTS,
        ),
    ] = None

    def __post_init__(self) -> None:
        named = _DELIMITER_NAMES.get(self.delimiter or "", self.delimiter)
        object.__setattr__(self, "delimiter", named)
        if named is not None and (len(named) != 1 or named in '"\r\n'):
            raise UsageError(f"--delimiter {named}: not one character", "such as ';', or tab")
        if self.watch and self.sample is not None:
            raise UsageError("--sample wants all inputs, and --watch has no last", "try --limit")
        if self.limit is not None and self.sample is not None:
            raise UsageError(
                "--limit takes the first inputs and --sample any of them", "give one of them"
            )
        if self.kept is not None and not all(self.kept):
            raise UsageError(
                f"--keep {self.keep}: the name of a column is missing",
                "--keep all, or names with commas between them, such as --keep id,title",
            )

    @property
    def kept(self) -> tuple[str, ...] | None:
        """The columns to keep; all of them if (), none if None. Quotes hold a name with commas."""
        if self.keep is None or self.keep == ALL:
            return None if self.keep is None else ()
        names = next(csv.reader([self.keep], skipinitialspace=True), None) or [""]
        return tuple(dict.fromkeys(name.strip() for name in names))


@dataclass(frozen=True)
class TextInputOptions(InputOptions):
    """How texts are read, and where from."""

    text: Annotated[
        list[str],
        typer.Option(
            "--text",
            "-t",
            metavar="TEXT",
            help="Literal text; repeatable.",
            rich_help_panel=_INPUTS,
        ),
    ] = field(default_factory=list)
    lines: Annotated[
        bool,
        typer.Option("--lines", help="Every non-blank line is an input.", rich_help_panel=_INPUTS),
    ] = False
    encoding: Annotated[
        str,
        typer.Option(
            help="Encoding of text files; auto: UTF-8, or as a byte-order mark says.",
            rich_help_panel=_INPUTS,
        ),
    ] = AUTO

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoding == AUTO:
            return
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise UsageError(f"unknown encoding: {self.encoding}", "try utf-8 or latin-1") from None


@dataclass(frozen=True)
class ImageInputOptions(InputOptions):
    """How pictures are read."""

    max_pixels: Annotated[
        int,
        typer.Option(
            min=1,
            help="Refuse images of more pixels, as their header says.",
            rich_help_panel=_INPUTS,
        ),
    ] = MOST_PIXELS
    levels: Annotated[
        str,
        typer.Option(
            metavar="full|used|LOW,HIGH",
            help="What becomes black and white: the file's range, the levels used, or these.",
            rich_help_panel=_INPUTS,
        ),
    ] = "full"
    truncated: Annotated[
        bool,
        typer.Option(
            "--truncated",
            help="Answer what is left of files that end early.",
            rich_help_panel=_INPUTS,
        ),
    ] = False
    frames: Annotated[
        str | None,
        typer.Option(
            metavar="first|all|N|A-B",
            help="Which pages of a TIFF, frames of an animation or a video, from 1.",
            rich_help_panel=_INPUTS,
        ),
    ] = None
    fps: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Frames a second of a video or an animation; unset: 1 of a video.",
            rich_help_panel=_INPUTS,
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.levels not in ("full", "used") and ends(self.levels) is None:
            raise UsageError(
                f"--levels {self.levels}: not full, used or LOW,HIGH",
                "--levels used stretches what is there; --levels 0,4095 is for twelve bits",
            )
        FrameChoice.of(self.frames, self.fps)


@dataclass(frozen=True)
class AudioInputOptions(InputOptions):
    """How recordings are read."""

    max_duration: Annotated[
        float,
        typer.Option(min=0.1, help="Refuse longer recordings, in hours.", rich_help_panel=_INPUTS),
    ] = 6.0
    track: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Which track of sound to hear, from 1; unset: the file's default.",
            rich_help_panel=_INPUTS,
        ),
    ] = None
    channel: Annotated[
        str,
        typer.Option(
            metavar="mix|left|right|each|N",
            help="Hear the mean of all channels, one of them alone, or each by itself.",
            rich_help_panel=_INPUTS,
        ),
    ] = MIX
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Hear recordings from here on: seconds, or [HH:]MM:SS[.f].",
            rich_help_panel=_INPUTS,
        ),
    ] = None
    duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Hear no more than this of each recording: seconds, or [HH:]MM:SS[.f].",
            rich_help_panel=_INPUTS,
        ),
    ] = None

    clips: Annotated[
        str | None,
        typer.Option(
            metavar="START-END,...",
            help="Hear these stretches alone, each by itself, such as 0:30-1:15,2:00-.",
            rich_help_panel=_INPUTS,
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.channel not in (MIX, EACH) and number_of(self.channel) is None:
            raise UsageError(
                f"--channel {self.channel}: not mix, left, right, each or a number from 1",
                "--channel left and --channel 1 hear the first channel alone",
            )
        for flag, value in (("--start", self.start), ("--duration", self.duration)):
            if value is not None and seconds_of(value) is None:
                raise UsageError(f"{flag} {value}: not a time", _TIMES)
        if self.duration is not None and not seconds_of(self.duration):
            raise UsageError(f"--duration {self.duration}: nothing would be heard", _TIMES)
        if self.clips is not None:
            clips_of(self.clips)
            if self.start or self.duration:
                raise UsageError(
                    "--clips says where each stretch begins and ends, and so do --start and "
                    "--duration",
                    "give one clip more, or leave out --clips",
                )
