"""taskcli doctor: is this machine ready, and what to do about what is not."""

from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli.cli import messages
from taskcli.cli.checks import Check, State, everything
from taskcli.cli.models.named import Format, print_json
from taskcli.errors import ExitCode
from taskcli.output.terminal.views import safe

_MARKS = {
    State.OK: ("✓", "green"),
    State.NOTE: ("·", "yellow"),
    State.PROBLEM: ("✗", "red"),
}


def doctor(format: Format = "rich") -> None:
    """Look at versions, devices, the cache, the network, the token and the settings.

    Exit code 1 if something keeps taskcli from working; a network that is away does not.
    """
    checks = list(everything())
    messages.status("")
    if format == "json":
        print_json(map(_plain, checks))
    else:
        Console(highlight=False).print(_table(checks))
    if any(check.state is State.PROBLEM for check in checks):
        raise typer.Exit(ExitCode.SOME_FAILED)


def _plain(check: Check) -> dict[str, Any]:
    return {
        "part": check.part,
        "state": check.state.value,
        "found": check.found,
        "fix": check.fix,
        **check.more,
    }


def _table(checks: list[Check]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark, style = _MARKS[check.state]
        told = Text(safe(check.found))
        if check.fix:
            told.append(f"\n→ {safe(check.fix)}", style="dim")
        table.add_row(Text(mark, style=style), check.part, told)
    return table
