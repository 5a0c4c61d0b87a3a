"""python -m parity: walk the model types, and write what was found."""

import sys
from collections import Counter
from typing import Annotated

import transformers as hf
import typer

from parity.page import KEPT, stale, write
from parity.walk import Found, Pair, keep, known, pairs, walk
from taskcli.tasks import BY_NAME


def main(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TASK | MODEL_TYPE]...", help="Which to try; all if none are named."
        ),
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Go on where a walk ended.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Try what did not work again.")] = False,
    write_only: Annotated[
        bool, typer.Option("--write", help="Only write the lists from what is known.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether they are fresh.")
    ] = False,
) -> None:
    """Run every model type of every task on a tiny checkpoint; write docs/models.* and the rules.

    A type that worked with a library which is not installed here keeps its result.
    """
    hf.logging.set_verbosity_error()
    if check:
        _check()
        return
    chosen = [] if write_only else _chosen(words or [])
    for pair, result in walk(_left(chosen, missing, failed)):
        print(*pair, result, flush=True)
        keep(KEPT, pair, result)
    found = known(KEPT)
    if set(found) >= set(BY_NAME):
        write(found)
    _print_counts(found)


def _check() -> None:
    problems = stale(known(KEPT))
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    raise typer.Exit(1 if problems else 0)


def _chosen(words: list[str]) -> list[Pair]:
    """The pairs that tasks and model types name. Raises BadParameter for a word that is neither."""
    every = pairs()
    unknown = {*words} - {name for pair in every for name in pair}
    if unknown:
        raise typer.BadParameter(f"neither a task nor a model type: {', '.join(sorted(unknown))}")
    tasks = {word for word in words if word in BY_NAME} or set(BY_NAME)
    types = {word for word in words if word not in BY_NAME}
    return [pair for pair in every if pair[0] in tasks and (not types or pair[1] in types)]


def _left(chosen: list[Pair], missing: bool, failed: bool) -> list[Pair]:
    found = known(KEPT)
    if missing:
        return [(task, kind) for task, kind in chosen if kind not in found.get(task, {})]
    if failed:
        return [(t, k) for t, k in chosen if not found.get(t, {}).get(k, {}).get("works")]
    return chosen


def _print_counts(found: Found) -> None:
    for task in BY_NAME:
        counts = Counter(one["works"] for one in found.get(task, {}).values())
        print(f"{task}: {counts[True]} of {counts.total()} model types work")


if __name__ == "__main__":
    typer.run(main)
