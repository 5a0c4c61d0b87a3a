"""The bare answer, one line per input: for `$(...)`, for `read`, for reading aloud."""

from taskcli.output.presentation import answers_of, presentation_of
from taskcli.output.writer import Writer
from taskcli.results import Record


class TextWriter(Writer):
    """The text that a result amounts to; a list has a line per answer."""

    def write(self, record: Record) -> None:
        if record.error is None:
            line = presentation_of(record.result).line
            self.stream.write("\n".join(map(line, answers_of(record.result))) + "\n")
            self.stream.flush()
