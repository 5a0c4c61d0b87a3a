"""Measure how fast texts are written: taskcli beside transformers' own generate().

python -m benchmarks.generation
python -m benchmarks.generation --batches 8,32 --dtypes float32 --new-tokens 16 --repeat 1
python -m benchmarks.generation --quick

Where CTranslate2 is installed (`pip install ctranslate2`) it is measured, too. It needs nobody to
look on, and takes about ten minutes on two cores.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import transformers
import typer
from rich.console import Console

from benchmarks import corpus, fullsize, machine, thin
from benchmarks.sweep import fast_dtypes
from benchmarks.writers import Contender, Work, ctranslate2_contenders, generate_contender, ours
from benchmarks.writing import Pace, WritingReport, in_turn

_HERE = Path(__file__).parent
_ENDS = 24  # every so many tokens of the vocabulary ends a text of the mixed workload


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def fixed(work: Work, batches: list[int], dtypes: list[str], repeat: int) -> list[Pace]:
    """All texts of one length: a sweep of generate(), and the best of it beside the others."""
    sweep: dict[str, Contender] = {
        f"generate() {dtype}, batch {batch}": generate_contender(work, dtype, batch)
        for dtype in dtypes
        for batch in batches
    }
    swept = in_turn(sweep, 1)
    best = max(swept, key=lambda pace: pace.per_second).name
    last = {
        "taskcli": ours(work),
        best: sweep[best],
        "taskcli int8": ours(work, "int8"),
        **ctranslate2_contenders(work, max(batches)),
    }
    raced = in_turn(last, repeat)
    return [*raced, *(pace for pace in swept if pace.name != best)]


def mixed(work: Work, batch: int, repeat: int) -> list[Pace]:
    """Texts that end at any of their tokens by chance, one in so many; drawn from seeds."""
    contenders = {
        "taskcli": ours(work),
        "taskcli, none leaves its batch": ours(work, compact=False),
        f"generate() float32, batch {batch}": generate_contender(work, "float32", batch),
    }
    return in_turn(contenders, repeat)


def main(
    batches: Annotated[str, typer.Option(help="Of generate(), with commas.")] = "1,8,16,32",
    dtypes: Annotated[
        str,
        typer.Option(help="Of generate(), with commas; those that the processor computes fast."),
    ] = "",
    new_tokens: Annotated[int, typer.Option(min=2, help="Most tokens of a text.")] = 64,
    prompts: Annotated[int, typer.Option(min=2, help="How many texts are written.")] = 32,
    repeat: Annotated[int, typer.Option(min=1, help="Passes of each contender.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke test on few tokens.")] = False,
    cache: Annotated[Path, typer.Option(help="Where checkpoints are kept.")] = _HERE / ".cache",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of generation.md and .json: here, or, quick, the cache."),
    ] = None,
) -> None:
    """Measure GPT-2 of 12 layers with random weights on prompts of 5 to 30 words."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    build = thin.gpt2 if quick else fullsize.gpt2_of_any_length
    folder = build(cache / ("thin-generate" if quick else "gpt2-of-any-length"))
    texts = corpus.prompts(4 if quick else prompts)
    sizes = [2, 4] if quick else [int(word) for word in _words(batches)]
    work = Work(folder, texts, 6 if quick else new_tokens)
    ending = Work(folder, texts, work.new_tokens, ends=2 if quick else _ENDS)
    tried = _words(dtypes) or list(fast_dtypes())
    load = machine.load_by_others()
    report = WritingReport(
        machine.describe(),
        load,
        work.new_tokens,
        len(texts),
        1 if quick else repeat,
        quick,
        fixed(work, sizes, ["float32"] if quick else tried, 1 if quick else repeat),
        mixed(ending, max(sizes), 1 if quick else repeat),
    )
    report.save(out or (cache if quick else _HERE))
    report.show(Console(width=110))


if __name__ == "__main__":
    typer.run(main)
