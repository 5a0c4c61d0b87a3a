"""The bare answer, one line per input: for `$(...)`, for `read`, for reading aloud."""

from functools import singledispatch
from typing import Any

from taskcli import results
from taskcli.output.writer import Writer
from taskcli.results import Record


class TextWriter(Writer):
    def write(self, record: Record) -> None:
        if record.error is None:
            self.stream.write(bare(record.result) + "\n")
            self.stream.flush()


@singledispatch
def bare(result: Any) -> str:
    """A result as the text that it amounts to; a list has a line per answer."""
    return str(result)


@bare.register
def _(result: list) -> str:  # type: ignore[type-arg]
    return "\n".join(map(bare, result))


@bare.register
def _(result: results.Label) -> str:
    return f"{result.score:.4f}\t{result.label}"


@bare.register
def _(result: results.Transcript) -> str:
    return result.text


@bare.register
def _(result: results.Detection) -> str:
    box = result.box
    return f"{result.score:.4f}\t{result.label}\t{box.xmin} {box.ymin} {box.xmax} {box.ymax}"


@bare.register
def _(result: results.Segment) -> str:
    score = "" if result.score is None else f"{result.score:.4f}"
    return f"{score}\t{result.label}\t{result.area}"


@bare.register
def _(result: results.DepthMap) -> str:
    return f"{result.min:.4g}\t{result.mean:.4g}\t{result.max:.4g}\t{result.units}"


@bare.register
def _(result: results.Entity) -> str:
    return f"{result.entity_group}\t{result.word}"


@bare.register
def _(result: results.TokenEntity) -> str:
    return f"{result.entity}\t{result.word}"


@bare.register
def _(result: results.Answer) -> str:
    return result.answer


@bare.register
def _(result: results.GeneratedText) -> str:
    return result.generated_text


@bare.register
def _(result: results.Summary) -> str:
    return result.summary_text


@bare.register
def _(result: results.Translation) -> str:
    return result.translation_text
