"""A text that grows by blocks: paragraphs with an empty line between them, rows a line each."""

LINE, PARAGRAPH = 1, 2  # line ends behind a block

_BLANKS = " \xa0"
_SOFT_HYPHEN = "\xad"  # is shown at line ends only


class Blocks:
    """What `add` gives belongs to the block under way; blank blocks are none."""

    def __init__(self) -> None:
        self._whole: list[str] = []
        self._open: list[str] = []
        self._gap = 0  # line ends that are still to be written

    def add(self, text: str) -> None:
        self._open.append(text)

    def end(self, gap: int = PARAGRAPH, as_it_is: bool = False) -> None:
        """End the block; nothing is changed in one that is `as_it_is`, such as a program."""
        text = "".join(self._open).replace(_SOFT_HYPHEN, "")
        self._open = []
        text = text.strip("\r\n") if as_it_is else _tidy(text)
        if text:
            self._whole += ["\n" * self._gap if self._whole else "", text]
            self._gap = 0
        self._gap = max(self._gap, gap)

    @property
    def text(self) -> str:
        """All of it, with a line end behind the last line."""
        self.end()
        return "".join(self._whole) + "\n" if self._whole else ""


def _tidy(text: str) -> str:
    """Without blanks at the edges of lines, and around tabs."""
    lines = (_cells(line) for line in text.split("\n"))
    return "\n".join(line.strip() for line in lines).strip()


def _cells(line: str) -> str:
    return "\t".join(cell.strip(_BLANKS) for cell in line.split("\t")) if "\t" in line else line
