"""Markup without what is never read: comments, scripts, styles, declarations.

Python's parser looks through the rest of a page for the end of each, so that a page of beginnings
alone would keep it busy for hours. Here each character is looked at once.
"""

import re

_BEGINS = re.compile(r"<!--|<(script|style)\b|<[!?]", re.IGNORECASE)
_ENDS = {tag: re.compile(rf"</{tag}\b", re.IGNORECASE) for tag in ("script", "style")}
_TAG = re.compile(r"<[a-zA-Z/]")


def stripped(markup: str) -> str:
    """What begins and does not end takes the rest of the page, as in browsers."""
    kept, at = [], 0
    while begin := _BEGINS.search(markup, at):
        kept.append(markup[at : begin.start()])
        at = _behind(markup, begin)
    kept.append(markup[at:])
    return _without_open_tag("".join(kept))


def _behind(markup: str, begin: "re.Match[str]") -> int:
    """Where what begins ends."""
    if begin[0] == "<!--":
        return _after(markup, "-->", begin.start() + 2)  # <!--> is a whole one
    end = _after(markup, ">", begin.end())
    tag = begin[1]
    if tag is None or markup.endswith("/>", begin.end(), end):  # as XHTML writes empty ones
        return end
    close = _ENDS[tag.lower()].search(markup, end)
    return len(markup) if close is None else _after(markup, ">", close.end())


def _after(markup: str, sign: str, start: int) -> int:
    found = markup.find(sign, start)
    return len(markup) if found < 0 else found + len(sign)


def _without_open_tag(markup: str) -> str:
    """Without a last tag that has no end."""
    tag = _TAG.search(markup, markup.rfind(">") + 1)
    return markup if tag is None else markup[: tag.start()]
