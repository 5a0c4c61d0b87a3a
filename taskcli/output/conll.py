"""CoNLL-2003's columns: a word and its tag on each line, a blank line after each line of text."""

from itertools import groupby

from taskcli.output.running import tagged_words
from taskcli.output.writer import Writer
from taskcli.results import Record


class ConllWriter(Writer):
    """Word, part of speech and chunk (unknown: -X-), and tag. Every input begins a document."""

    def write(self, record: Record) -> None:
        if record.error is not None:
            return
        self.stream.write("-DOCSTART- -X- -X- O\n\n")
        words = tagged_words(record.item.text, record.result)
        for is_end, line in groupby(words, key=lambda pair: pair[0] == "\n"):
            if not is_end:
                rows = "".join(f"{word} -X- -X- {tag}\n" for word, tag in line)
                self.stream.write(rows + "\n")
        self.stream.flush()
