"""Options, declared once: the annotation is the command-line flag, its help, range and check.

A group is a frozen dataclass; `cli/command.py` turns its fields into a command's options.
(No `from __future__ import annotations` here or in tasks: the annotations are read live.)
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import typer

from taskcli.errors import UsageError
from taskcli.formats import FORMATS

if TYPE_CHECKING:
    FormatName = str
else:
    FormatName = Literal["auto", *FORMATS]

TopK = Annotated[int, typer.Option(min=1, help="How many answers to give, best first.")]
ScoreFunction = Annotated[
    Literal["auto", "softmax", "sigmoid", "none"],
    typer.Option(help="How logits become scores; auto follows the checkpoint's problem type."),
]
Threshold = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Keep answers that score at least this.")
]
Stride = Annotated[
    int | None,
    typer.Option(min=0, help="Tokens that neighbouring windows of a long text share."),
]
NumBeams = Annotated[
    int | None, typer.Option(min=1, help="Beams to search with; unset: the checkpoint's.")
]
MinLength = Annotated[
    int | None,
    typer.Option(min=0, help="Least tokens of an answer; unset: the checkpoint's."),
]
MaxLength = Annotated[
    int | None, typer.Option(min=1, help="Most tokens of an answer; unset: the checkpoint's.")
]
LengthPenalty = Annotated[
    float | None, typer.Option(help="Above 0 favours longer beams; unset: the checkpoint's.")
]


@dataclass(frozen=True)
class UsersOwn:
    """Marks what decides where to write, what to replace, what else to read, or whom to trust.

    A flag, the environment and the user's own settings file may; a file that merely lies in the
    working folder, which may have come with somebody's repository, may not, except for `harmless`.
    """

    harmless: tuple[object, ...] = ()


_MODEL, _RUN, _CLUSTER, _OUTPUT = "Checkpoint", "Running", "Several machines", "Output"
OUTPUT_PANEL = _OUTPUT  # for the output options of single tasks


@dataclass(frozen=True)
class ModelOptions:
    """Which checkpoint, and whence it may come."""

    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|ORG/REPO|FOLDER",
            help="A name from the registry, a Hub id, or a folder.",
            rich_help_panel=_MODEL,
        ),
    ] = "base"
    revision: Annotated[
        str | None,
        typer.Option(help="Branch, tag or commit of a Hub repository.", rich_help_panel=_MODEL),
    ] = None
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Use what is cached; no network.", rich_help_panel=_MODEL),
        UsersOwn(harmless=(True,)),
    ] = False
    allow_pickle: Annotated[
        bool,
        typer.Option(
            "--allow-pickle",
            help="Accept checkpoints without safetensors weights.",
            rich_help_panel=_MODEL,
        ),
        UsersOwn(harmless=(False,)),
    ] = False


@dataclass(frozen=True)
class RunOptions:
    """What computes, how much at once, and what a failure does."""

    device: Annotated[
        str,
        typer.Option(
            help="auto, cpu, cuda, cuda:N, mps, xpu, npu, ...: all of the kind, or the one named.",
            rich_help_panel=_RUN,
        ),
    ] = "auto"
    devices: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Some of the kind, by the numbers of taskcli doctor; unset: all.",
            rich_help_panel=_RUN,
        ),
    ] = None
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16", "int8"],
        typer.Option(
            help="auto takes bfloat16 where the hardware has it; int8 is for processors.",
            rich_help_panel=_RUN,
        ),
    ] = "auto"
    compile: Annotated[
        bool,
        typer.Option(
            "--compile",
            help="Compile the model first: for long runs; the first batch takes minutes.",
            rich_help_panel=_RUN,
        ),
    ] = False
    batch_size: Annotated[
        str,
        typer.Option(
            metavar="auto|N",
            help="Inputs in one batch; auto plans by length.",
            rich_help_panel=_RUN,
        ),
    ] = "auto"
    on_error: Annotated[
        Literal["skip", "stop"],
        typer.Option(help="What a failed input does to the run.", rich_help_panel=_RUN),
    ] = "skip"
    unordered: Annotated[
        bool,
        typer.Option(
            "--unordered", help="Give records as they are finished.", rich_help_panel=_RUN
        ),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show what would run and why; load no weights.", rich_help_panel=_RUN
        ),
    ] = False
    warm: Annotated[
        Literal["auto", "always", "never"],
        typer.Option(
            help="auto asks a worker that taskcli worker start began; always starts one.",
            rich_help_panel=_RUN,
        ),
        UsersOwn(harmless=("auto", "never")),
    ] = "auto"

    def __post_init__(self) -> None:
        numbers = (self.devices or "0").split(",")
        if self.devices == "" or not all(map(str.isdecimal, numbers)):
            raise UsageError(
                f"--devices {self.devices}: not numbers with commas between them",
                "try --devices 0,1, or leave it out",
            )
        if self.batch_size != "auto" and not (
            self.batch_size.isdecimal() and int(self.batch_size) > 0
        ):
            raise UsageError(
                f"--batch-size {self.batch_size}: not auto or a whole number above 0",
                "try --batch-size 8, or leave it out",
            )


@dataclass(frozen=True)
class ClusterOptions:
    """On which machines: this one, or those of a Ray cluster."""

    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help="Where to compute: in this process, or by Ray on one or many machines.",
            rich_help_panel=_CLUSTER,
        ),
    ] = "local"
    address: Annotated[
        str | None,
        typer.Option(
            metavar="auto|HOST:PORT|ray://...",
            help="The Ray cluster; unset: RAY_ADDRESS, or one that is started here.",
            rich_help_panel=_CLUSTER,
        ),
        UsersOwn(),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Loaded models at most; unset: one a GPU, or without GPUs one a machine.",
            rich_help_panel=_CLUSTER,
        ),
    ] = None
    gpus_per_worker: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="GPUs of a worker, or a share such as 0.5; unset: 1 where there are GPUs.",
            rich_help_panel=_CLUSTER,
        ),
    ] = None
    cpus_per_worker: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processors of a worker; unset: its share of the machine's.",
            rich_help_panel=_CLUSTER,
        ),
    ] = None
    ship_model: Annotated[
        bool,
        typer.Option(
            "--ship-model",
            help="Send the checkpoint to machines that do not have it.",
            rich_help_panel=_CLUSTER,
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.engine == "ray":
            return
        for flag, value in {
            "--address": self.address,
            "--workers": self.workers,
            "--gpus-per-worker": self.gpus_per_worker,
            "--cpus-per-worker": self.cpus_per_worker,
            "--ship-model": self.ship_model or None,
        }.items():
            if value is not None:
                raise UsageError(f"{flag} is for runs on Ray", "add --engine ray")


@dataclass(frozen=True)
class OutputOptions:
    """Where answers go, in which format, and what may be replaced."""

    format: Annotated[
        FormatName,
        typer.Option(
            "--format",
            "-f",
            help="auto: rich on a terminal, else jsonl. Those after text are the task's own.",
            rich_help_panel=_OUTPUT,
        ),
    ] = "auto"
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write here, or to s3:// and the like; the extension chooses the format. "
            "A folder for formats of several files.",
            rich_help_panel=_OUTPUT,
        ),
        UsersOwn(),
    ] = None
    save_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Also write files of each input: pictures, masks, subtitles, ..., in their tree.",
            rich_help_panel=_OUTPUT,
        ),
        UsersOwn(),
    ] = None
    save: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,...",
            help="Of saved files only these, by how their names end: srt, overlay, depth.npy.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing",
            help="Leave out inputs whose saved files are there; of others, save what is missing.",
            rich_help_panel=_OUTPUT,
        ),
        UsersOwn(harmless=(False,)),
    ] = False
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Also write a page that shows the run in a browser.",
            rich_help_panel=_OUTPUT,
        ),
        UsersOwn(),
    ] = None
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Skip inputs that the output file already answers.",
            rich_help_panel=_OUTPUT,
        ),
        UsersOwn(harmless=(False,)),
    ] = False
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="With --resume: compute inputs again whose record is an error.",
            rich_help_panel=_OUTPUT,
        ),
        UsersOwn(harmless=(False,)),
    ] = False
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace output that is there.", rich_help_panel=_OUTPUT),
        UsersOwn(harmless=(False,)),
    ] = False
    stats: Annotated[
        bool,
        typer.Option(
            "--stats",
            help="At the end: counts of labels, how scores are spread, lengths of texts.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", help="No progress and no summary on stderr.", rich_help_panel=_OUTPUT
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.resume and self.output is None:
            raise UsageError("--resume needs a file to go on with", "add -o results.jsonl")
        if self.retry_failed and not self.resume:
            raise UsageError("--retry-failed goes on with a file", "add --resume")
        if self.skip_existing and (self.resume or self.overwrite):
            other = "--resume" if self.resume else "--overwrite"
            raise UsageError(
                f"--skip-existing leaves out what has its files, and {other} goes by other rules",
                "give one of them",
            )
        if self.resume and self.overwrite:
            raise UsageError(
                "--resume keeps a file and --overwrite replaces it", "give one of them"
            )

    def suited(self, chosen: str, typed: Collection[str]) -> Self:
        """Without what files and variables set and the `chosen` format cannot have.

        They are for many runs; what is `typed` is for this one, and is refused where it cannot be.
        """
        return self
