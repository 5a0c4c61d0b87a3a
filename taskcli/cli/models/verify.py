"""taskcli models verify: is what the registry says true, and are the cached files whole?"""

from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from taskcli.checkpoints import cache
from taskcli.checkpoints.download import ask, is_wanted
from taskcli.checkpoints.hashes import damaged
from taskcli.checkpoints.hub_errors import explained
from taskcli.checkpoints.registry import Checkpoint
from taskcli.cli.models.named import Format, NamedCheckpoint, Words, chosen, every, print_json
from taskcli.errors import CheckpointError, ExitCode
from taskcli.tasks import WITH_CHECKPOINTS


@dataclass
class Verification:
    """What was found out about one checkpoint."""

    named: NamedCheckpoint
    checked: bool = True
    problems: list[str] = field(default_factory=list)  # something is not as stated
    notes: list[str] = field(default_factory=list)  # something was not stated, or not checked

    @property
    def ok(self) -> bool | None:
        """Whether all is as stated; None where nothing could be checked."""
        return not self.problems if self.checked else None


def verify(
    words: Words = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the cached files only; no network.")
    ] = False,
    format: Format = "rich",
) -> None:
    """Compare the registry with the Hub: commits, licences, sizes; and cached files by their hash.

    Exit code 3 if anything is not as stated.
    """
    findings = [_look_at(entry, offline or cache.is_offline()) for entry in _wanted(words or [])]
    if format == "json":
        print_json(
            entry.named.plain(ok=entry.ok, problems=entry.problems, notes=entry.notes)
            for entry in findings
        )
    else:
        _show(findings)
    if any(entry.problems for entry in findings):
        raise typer.Exit(ExitCode.CHECKPOINT)


def _wanted(words: list[str]) -> list[NamedCheckpoint]:
    """All of the registry, or all of a task, or what is named."""
    if not words or (len(words) == 1 and words[0] in WITH_CHECKPOINTS):
        return [entry for entry in every(*words) if entry.checkpoint.repo]
    return chosen(words)


def _look_at(entry: NamedCheckpoint, offline: bool) -> Verification:
    finding = Verification(entry)
    if not entry.checkpoint.pinned and entry.checkpoint.repo:
        finding.notes.append("not pinned: a branch may move on")
    if here := cache.cached(entry.checkpoint) if entry.checkpoint.repo else entry.checkpoint:
        assert here.folder is not None
        finding.problems += [
            f"{name} is damaged: taskcli models remove {entry.task} {entry.name}, then pull"
            for name in damaged(here.folder)
        ]
    if offline:
        finding.checked = here is not None
        unknown = "" if finding.checked else ", and it is not here: nothing was checked"
        finding.notes.append(f"the Hub was not asked{unknown}")
    elif entry.checkpoint.repo:
        _ask_hub(entry.checkpoint, finding)
    return finding


def _ask_hub(checkpoint: Checkpoint, finding: Verification) -> None:
    try:
        with explained(checkpoint):
            found = ask(checkpoint)
    except CheckpointError as failure:
        finding.problems.append(failure.message)
        return
    if found.id.casefold() != str(checkpoint.repo).casefold():
        finding.notes.append(f"it is called {found.id} now")
    if not checkpoint.pinned:
        finding.notes.append(f"it is at commit {found.sha}")
    license = getattr(found.card_data, "license", None)
    _compare("licence", checkpoint.license, license, finding)
    _compare("size", checkpoint.size, listed_weight_bytes(found), finding)
    safe = any(file.rfilename.endswith(".safetensors") for file in found.siblings or ())
    _compare("safetensors", checkpoint.safetensors, safe, finding)


def _compare(what: str, stated: object, found: object, finding: Verification) -> None:
    if stated is None:
        finding.notes.append(f"its {what} is not stated: the Hub says {found}")
    elif str(stated).casefold() != str(found).casefold():
        finding.problems.append(f"{what}: {stated} here, {found} on the Hub")


def listed_weight_bytes(found: Any) -> int:
    """As `checkpoints.weight_bytes`, of the Hub's listing."""
    for pattern in ("*.safetensors", "*.bin"):
        if sizes := [file.size for file in found.siblings if is_wanted(file.rfilename, [pattern])]:
            return sum(sizes)
    return 0


def _mark(entry: Verification) -> Text:
    if entry.ok is None:
        return Text("? ", style="yellow")
    return Text("✓ ", style="green") if entry.ok else Text("✗ ", style="red")


def _show(findings: list[Verification]) -> None:
    console = Console(highlight=False)
    for entry in findings:
        where = entry.named.checkpoint.repo or "ships with taskcli"
        console.print(
            _mark(entry)
            .append(f"{entry.named.task} {entry.named.name}", "bold")
            .append(f" {where}")
        )
        for problem in entry.problems:
            console.print(Text(f"    {problem}", style="red"))
        for note in entry.notes:
            console.print(Text(f"    {note}", style="dim"))
