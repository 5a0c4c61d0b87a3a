"""taskcli worker start, status and stop."""

import json
import re
import time
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli.cli import messages
from taskcli.cli.run.streams import stdout_is_terminal
from taskcli.cli.worker.common import OUTDATED
from taskcli.cli.worker.connecting import NoAnswer, NoWorker, end, standing
from taskcli.cli.worker.starting import start_worker
from taskcli.errors import UsageError
from taskcli.output.sanitize import safe

_TIME = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NONE = "no worker runs; taskcli worker start begins one"


def start(
    idle: Annotated[
        str,
        typer.Option(metavar="TIME|never", help="End after so long without a call: 90s, 15m, 2h."),
    ] = "15m",
) -> None:
    """Start a worker: it keeps libraries and models loaded, so that later calls answer at once.

    It replaces one that is outdated: of another version, or of another environment than this.
    Every call of a task asks it, unless it says --warm never. It answers one call at a time;
    others load what they need themselves meanwhile.
    """
    seconds = seconds_of(idle)
    _end_outdated()
    messages.status("loading libraries …")
    is_new = start_worker(seconds)
    messages.status("")
    found: dict[str, Any] = dict(standing())
    if is_new:
        typer.echo(f"the worker, process {found['pid']}, ends {_ends(seconds)}")
        return
    known, stop = f"a worker runs already, process {found['pid']}", "taskcli worker stop ends it"
    if (found["idle"] or 0) != seconds:
        known, stop = f"{known}, and still ends {_ends(found['idle'])}", f"{stop}, for another time"
    typer.echo(f"{known}: {stop}")


def status(
    format: Annotated[
        Literal["auto", "rich", "json"],
        typer.Option("--format", "-f", help="auto: for a person on a terminal, else JSON."),
    ] = "auto",
) -> None:
    """Show the worker: its process, its models, their memory, and when each was used last."""
    found = _found()
    if format == "json" or (format == "auto" and not stdout_is_terminal()):
        typer.echo(json.dumps(found | _dated(found), indent=2))
        return
    console = Console(highlight=False)
    if not found["running"]:
        console.print(_NONE)
        return
    console.print(Text(safe(_line(found))))
    if found["models"]:
        console.print(_table(found["models"]))


def stop() -> None:
    """End the worker, after the call that it is answering."""
    try:
        pid = end()
    except NoAnswer:
        raise
    except NoWorker:
        typer.echo(_NONE)
        return
    typer.echo(f"the worker, process {pid}, has ended")


def seconds_of(word: str) -> float:
    """Of a time such as 15m; 0 for never. Raises UsageError."""
    if word == "never":
        return 0.0
    found = _TIME.fullmatch(word)
    if found is None or not float(found[1]):
        raise UsageError(f"--idle {word}: not a time", "try --idle 90s, 15m, 2h, or never")
    return float(found[1]) * _SECONDS[found[2]]


def _found() -> dict[str, Any]:
    try:
        return dict(standing())
    except NoAnswer:
        raise
    except NoWorker:
        return {"running": False}


def _end_outdated() -> None:
    """End a worker that would answer no calls from here, or is ending anyway."""
    found = _found()
    if not found["running"] or not (found["outdated"] or found["ending"]):
        return
    with suppress(NoWorker):  # it may have ended meanwhile
        end()
    why = "it was ending" if found["ending"] else found["outdated"]
    typer.echo(f"the worker, process {found['pid']}, has ended: {why}")


def _ends(seconds: float | None) -> str:
    return f"after {_length(seconds)} without a call" if seconds else "when it is stopped"


def _length(seconds: float) -> str:
    unit = _unit_of(seconds)
    return f"{seconds / _SECONDS[unit]:.3g} {unit}"


def _unit_of(seconds: float) -> str:
    return next((unit for unit in ("d", "h", "m") if seconds >= 2 * _SECONDS[unit]), "s")


def _ago(then: float) -> str:
    """In whole units: nobody asks for more."""
    seconds = max(0.0, time.time() - then)
    unit = _unit_of(seconds)
    return f"{seconds // _SECONDS[unit]:.0f} {unit} ago"


def _line(found: dict[str, Any]) -> str:
    calls = "1 call" if found["calls"] == 1 else f"{found['calls']} calls"
    works = "answering, " if found["answering"] else ""
    return (
        f"process {found['pid']}, taskcli {found['taskcli']}, started {_ago(found['since'])}, "
        f"{works}{calls}; {_prospect(found)}"
    )


def _prospect(found: dict[str, Any]) -> str:
    """What becomes of it."""
    if found["ending"]:
        return "it is ending, after the call that it is answering"
    if found["outdated"] == OUTDATED:
        return f"outdated: {OUTDATED}; it ends at the next call"
    if found["outdated"]:
        return f"outdated: {found['outdated']}; taskcli worker start replaces it"
    return f"it ends {_ends(found['idle'])}"


def _table(models: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("task", "model", "device", "dtype"):
        table.add_column(name)
    for name in ("memory", "calls", "used"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in models:
        memory, used = f"{one['bytes'] / 1e6:,.1f} MB", _ago(one["used"])
        model = " + ".join((one["model"], *one.get("helpers", ())))
        cells = (one["task"], model, one["device"], one["dtype"], memory, one["calls"], used)
        table.add_row(*(Text(safe(str(cell))) for cell in cells))
    return table


def _dated(found: dict[str, Any]) -> dict[str, Any]:
    """Times as a person and a program read them."""
    if not found["running"]:
        return {}
    models = [{**one, "used": _date(one["used"])} for one in found["models"]]
    return {"since": _date(found["since"]), "models": models}


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
