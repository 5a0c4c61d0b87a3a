"""COMMANDS: all there is to call. A command's module is imported when it is run or explained."""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from taskcli.tasks import ENTRIES


@dataclass(frozen=True)
class CommandEntry:
    """One row. `words` is what is typed, such as `models list`; a group has no `home` of its own.

    `summary` is the first line of its help, `home` its function or its task, as `module:name`,
    `also` what others call it, and `panel` the headline under which it is listed. `maker` turns a
    task into the command's function.
    """

    words: str
    summary: str
    home: str = ""
    also: str = ""
    panel: str = "Checkpoints and settings"
    maker: str = "taskcli.cli.command:make_command"

    @property
    def name(self) -> str:
        return self.words.split()[-1]

    def load(self) -> Callable[..., Any]:
        """The function that Typer turns into the command."""
        home: Any = resolve_name(self.home)
        if not isinstance(home, type):
            return home  # type: ignore[no-any-return]
        made: Callable[..., Any] = resolve_name(self.maker)(home)  # a list needs no options
        return made


_TASKS = (CommandEntry(one.name, one.summary, one.home, one.also, one.panel) for one in ENTRIES)
_EXPLAIN = (
    CommandEntry(
        "explain",
        "Show what happens inside the model to an input: its stages, shapes, time.",
        panel="Results",
    ),
    *(
        CommandEntry(
            f"explain {one.name}",
            f"Explain an answer of {one.name}.",
            one.home,
            panel=one.panel,
            maker="taskcli.cli.explain.command:make_explain",
        )
        for one in ENTRIES
    ),
)
_OTHERS = (
    *_EXPLAIN,
    CommandEntry("models", "The checkpoints that tasks know by name."),
    CommandEntry(
        "models list",
        "List the named checkpoints: what each is good at, its size, its licence, if it is cached.",
        "taskcli.cli.models.listing:list_models",
        "list",
    ),
    CommandEntry(
        "models lock",
        "Write taskcli.lock with the exact commits that this folder uses; later runs obey it.",
        "taskcli.cli.models.lock:lock_models",
    ),
    CommandEntry(
        "models show",
        "Show all that is known of a task's checkpoints.",
        "taskcli.cli.models.listing:show",
    ),
    CommandEntry(
        "models pull",
        "Download checkpoints, so that later runs need no network.",
        "taskcli.cli.models.pull:pull",
        "download pull",
    ),
    CommandEntry(
        "models verify",
        "Compare the registry with the Hub: commits, licences, sizes; and cached files by their "
        "hash.",
        "taskcli.cli.models.verify:verify",
    ),
    CommandEntry(
        "models add",
        "Give a checkpoint a name of your own, once it is clear that it serves the task.",
        "taskcli.cli.models.entries:add",
    ),
    CommandEntry(
        "models remove",
        "Delete a checkpoint's cached files, and its entry if it is one of your own.",
        "taskcli.cli.models.entries:remove",
    ),
    CommandEntry(
        "merge",
        "Join what the runs of all --shard I/N wrote, in the order of one run over all inputs.",
        "taskcli.cli.shards.merge:merge",
        "join",
        "Results",
    ),
    CommandEntry(
        "view",
        "Look at records again, without the model: all, some of them, counts, or a page.",
        "taskcli.cli.records.view:view",
        "show results stats",
        "Results",
    ),
    CommandEntry(
        "convert",
        "Write records in another format, without the model.",
        "taskcli.cli.records.convert:convert",
        "export",
        "Results",
    ),
    CommandEntry("config", "Settings: what holds, and where it comes from."),
    CommandEntry(
        "config show",
        "Show every setting with its value and the place that it comes from.",
        "taskcli.cli.config:show",
        "settings",
    ),
    CommandEntry("worker", "A process that keeps models loaded, so that calls answer at once."),
    CommandEntry(
        "worker start",
        "Start a worker: it keeps libraries and models loaded, so that later calls answer at once.",
        "taskcli.cli.worker.command:start",
        "daemon serve warm",
    ),
    CommandEntry(
        "worker status",
        "Show the worker: its process, its models, their memory, and when each was used last.",
        "taskcli.cli.worker.command:status",
    ),
    CommandEntry(
        "worker stop",
        "End the worker, after the call that it is answering.",
        "taskcli.cli.worker.command:stop",
    ),
    CommandEntry(
        "doctor",
        "Look at versions, devices, the cache, the network, the token and the settings.",
        "taskcli.cli.doctor:doctor",
        "check",
    ),
    CommandEntry(
        "schema", "Print the JSON Schema of a task's records.", "taskcli.cli.schema:schema"
    ),
)
COMMANDS = {row.words: row for row in (*_TASKS, *_OTHERS)}


def inside(group: str = "") -> list[CommandEntry]:
    """The commands of a group, or those that stand in none."""
    return [row for row in COMMANDS.values() if row.words.rpartition(" ")[0] == group]
