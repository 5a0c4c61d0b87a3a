"""The words of a web page: of its main part, if it tells which that is."""

import codecs
import re
from collections.abc import Sequence
from html.parser import HTMLParser

from taskcli.media.documents.blocks import LINE, PARAGRAPH, Blocks
from taskcli.media.documents.markup import stripped
from taskcli.media.documents.patience import Patience
from taskcli.media.encodings import AUTO, codec_of, decoded

_LEFT_OUT = frozenset(
    (
        "audio button canvas datalist dialog embed iframe nav noscript object rp rt script select "
        "style svg template textarea title video"
    ).split()
)
_ROWS = frozenset("div dd dt li tr caption legend".split())
_PARAGRAPHS = frozenset(
    (
        "address article aside blockquote body center details dl fieldset figcaption figure footer "
        "form h1 h2 h3 h4 h5 h6 header hr main ol p pre section summary table ul"
    ).split()
)
_GAPS = dict.fromkeys(_ROWS, LINE) | dict.fromkeys(_PARAGRAPHS, PARAGRAPH)
# Elements without an end, which open nothing.
_EMPTY = frozenset("area base br col embed hr img input link meta source track wbr".split())
# Elements whose end may be left out: what is hidden in them could be all the rest.
_UNENDED = frozenset("body colgroup dd dt html li option p tbody td tfoot th thead tr".split())
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_CHARSET = re.compile(
    rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*[\"']?\s*([\w.:-]+)",
    re.IGNORECASE,
)
# Of Python's codecs, those of pages that are not in Unicode.
_OF_PAGES = re.compile(
    r"ascii|cp(125\d|866|874|932|949|950)|iso8859[-_]\d+|koi8[-_][ru]|mac[-_]\w+|gb(2312|k|18030)|"
    r"big5\w*|euc[-_](jp|kr)|iso2022[-_](jp|kr)|shift[-_]jis\w*"
)
_HEAD = 4096  # bytes in which a page states its encoding, by the rule of browsers a quarter of that
_SECONDS = 10.0  # of a processor that a page may take, and another for
_A_SECOND = 500_000  # characters: they take half of that

Attributes = Sequence[tuple[str, str | None]]


def words(content: bytes, encoding: str) -> str:
    """The words of a page, without its scripts, styles and navigation. Raises InputError."""
    stated = _stated(content) if encoding == AUTO else None
    # As browsers do, what a page states is believed, and what does not fit is marked.
    return words_of(content.decode(stated, "replace") if stated else decoded(content, encoding))


def words_of(markup: str) -> str:
    """Of markup that is decoded."""
    page = _Page(Patience(_SECONDS + len(markup) / _A_SECOND))
    page.feed(stripped(markup))
    page.close()
    return page.main.text or page.all.text


def _stated(content: bytes) -> str | None:
    """The codec that a page states; None where a mark wins, or nothing usable is stated."""
    found = _CHARSET.search(content[:_HEAD])
    if found is None or codec_of(content, AUTO) != codec_of(b"", AUTO):
        return None
    try:
        known = codecs.lookup(found[1].decode("ascii", "replace")).name
    except LookupError:
        return None
    if not _OF_PAGES.fullmatch(known):  # a wide one could not be read as it was
        return None
    return "cp1252" if known in ("iso8859-1", "ascii") else known  # as browsers have it


class _Page(HTMLParser):
    """Text goes to `all`, and what is in <main> to `main` as well."""

    def __init__(self, patience: Patience) -> None:
        super().__init__(convert_charrefs=True)
        self._patience = patience
        self.all, self.main = Blocks(), Blocks()
        self._left_out: list[str] = []  # elements that are open, of which nothing is read
        self._main: list[str] = []  # elements of the kind that holds the main part, as is open
        self._pre = 0
        self._in_row = False  # whether the row has a cell already
        self._blank = True  # whether what was added last is blank

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._patience.check()
        if self._left_out or tag in _LEFT_OUT or _is_hidden(tag, attrs):
            if tag not in _EMPTY:
                self._left_out.append(tag)
            return
        if tag in self._main or (not self._main and (tag == "main" or ("role", "main") in attrs)):
            self._main.append(tag)
        self._begin(tag)

    def _begin(self, tag: str) -> None:
        if tag == "br":
            self._add("\n")
        elif tag in ("td", "th"):
            self._add("\t" if self._in_row else "")
            self._in_row = True
        elif tag in _GAPS:
            self._end(_GAPS[tag])
            self._pre += tag == "pre"
            self._in_row = False

    def handle_endtag(self, tag: str) -> None:
        if self._left_out:
            if tag in self._left_out:
                while self._left_out.pop() != tag:
                    pass
            return
        if tag in _GAPS:
            self._end(_GAPS[tag])
            self._pre -= tag == "pre" and self._pre > 0
        if tag in self._main:
            self._main.pop()

    def handle_data(self, data: str) -> None:
        self._patience.check()
        if self._left_out:
            return
        if not self._pre:
            data = _BLANKS.sub(" ", data)
            data = data.lstrip() if self._blank else data
        self._add(data)

    def _add(self, text: str) -> None:
        self.all.add(text)
        if self._main:
            self.main.add(text)
        self._blank = text[-1:].isspace() if text else self._blank

    def _end(self, gap: int) -> None:
        for blocks in (self.all, self.main):
            blocks.end(gap, as_it_is=self._pre > 0)
        self._blank = True


def _is_hidden(tag: str, attrs: Attributes) -> bool:
    if not attrs or tag in _UNENDED:
        return False
    told = dict(attrs)
    return (
        "hidden" in told
        or told.get("role") == "navigation"
        or told.get("aria-hidden") == "true"
        or _HIDDEN.search(told.get("style") or "") is not None
    )
