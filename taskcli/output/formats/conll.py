"""CoNLL-2003's columns: a word and its tag on each line, a blank line after each line of text."""

from typing import TextIO

from taskcli.output.entity_spans import tagged_words
from taskcli.output.writer import Layout, Writer
from taskcli.results import Record


class ConllWriter(Writer):
    """Word, part of speech and chunk (unknown: -X-), and tag. Every input begins a document."""

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._left_out = 0

    def write(self, record: Record) -> None:
        if record.error is not None:
            return
        self.stream.write("-DOCSTART- -X- -X- O\n\n")
        tagged = tagged_words(record.item.text, record.result)
        for sentence in tagged.sentences:
            rows = "".join(f"{word} -X- -X- {_one_column(tag)}\n" for word, tag in sentence)
            self.stream.write(rows + "\n")
        self._left_out += tagged.left_out
        self.stream.flush()

    @property
    def note(self) -> str:
        if not self._left_out:
            return ""
        count = "1 entity is" if self._left_out == 1 else f"{self._left_out} entities are"
        return f"conll has one tag for a word: {count} left out for longer ones; brat keeps all"


def _one_column(tag: str) -> str:
    """A kind with spaces in it would be columns more."""
    return "_".join(tag.split())
