"""The bare answer, one line per input: for `$(...)`, for `read`, for reading aloud."""

from taskcli.output.presentation import answers_of, presentation_of
from taskcli.output.writer import Writer
from taskcli.results import LabelWindow, Record


class TextWriter(Writer):
    """The text that a result amounts to; a list has a line per answer, of windows that were asked
    for behind its times."""

    def write(self, record: Record) -> None:
        if record.error is None:
            lines = _lines(record.result) if record.window is None else _in_time(record)
            self.stream.write("\n".join(lines) + "\n")
            self.stream.flush()


def _lines(result: object) -> list[str]:
    line = presentation_of(result).line
    return [line(one) for one in answers_of(result)]


def _in_time(record: Record) -> list[str]:
    """When, in which channel if each was heard by itself, and what."""
    heard = ((_where(one), _lines(one.labels)) for one in record.windows)
    return [f"{where}\t{line}" for where, lines in heard for line in lines]


def _where(window: LabelWindow) -> str:
    times = f"{window.start:.3f}\t{window.end:.3f}"
    return times if window.channel is None else f"{times}\t{window.channel}"
