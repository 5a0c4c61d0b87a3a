"""python -m parity [TASK ...] [MODEL_TYPE ...] [--missing | --failed | --write | --check]

Without words, every model type of every task is tried anew. `--missing` goes on where a walk
ended, `--failed` tries again what did not work, `--write` only writes the lists from what is known,
and `--check` only says whether they are fresh.
"""

import sys
from collections import Counter

import transformers as hf

from parity.page import KEPT, stale, write
from parity.walk import Found, Pair, keep, known, pairs, walk
from taskcli.tasks import BY_NAME


def main(words: list[str]) -> int:
    if "--check" in words:
        problems = stale(known(KEPT))
        print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
        return 1 if problems else 0
    for pair, result in walk(_wanted(words)):
        print(*pair, result, flush=True)
        keep(KEPT, pair, result)
    found = known(KEPT)
    if set(found) >= set(BY_NAME):
        write(found)
    _print_counts(found)
    return 0


def _wanted(words: list[str]) -> list[Pair]:
    tasks = {word for word in words if word in BY_NAME} or set(BY_NAME)
    types = {word for word in words if word not in BY_NAME and not word.startswith("-")}
    found = known(KEPT)
    if "--write" in words:
        return []
    chosen = [pair for pair in pairs() if pair[0] in tasks and (not types or pair[1] in types)]
    if "--missing" in words:
        return [(task, kind) for task, kind in chosen if kind not in found.get(task, {})]
    if "--failed" in words:
        return [(t, k) for t, k in chosen if not found.get(t, {}).get(k, {}).get("works")]
    return chosen


def _print_counts(found: Found) -> None:
    for task in BY_NAME:
        counts = Counter(one["works"] for one in found.get(task, {}).values())
        print(f"{task}: {counts[True]} of {counts.total()} model types work")


if __name__ == "__main__":
    hf.logging.set_verbosity_error()
    sys.exit(main(sys.argv[1:]))
