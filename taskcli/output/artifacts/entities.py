"""ner: the text as a web page, its entities highlighted."""

from collections import Counter
from collections.abc import Mapping
from html import escape

from taskcli.output.artifacts import Contents
from taskcli.output.entity_spans import text_spans
from taskcli.output.palette import Colour, colour_of, hexadecimal, kind_colours, text_color_on
from taskcli.output.sanitize import safe
from taskcli.output.writer import Layout
from taskcli.results import Record

_PAGE = """<!doctype html>
<html lang="">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font: 1.05rem/1.9 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }}
header {{ border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  margin-bottom: 1.5rem; }}
h1 {{ font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }}
p {{ margin: .3rem 0; font-size: .85rem; }}
main {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
mark {{ border-radius: .3em; padding: .1em .35em; }}
small {{ font-size: .65em; font-weight: 700; margin-left: .4em; }}
</style>
<header><h1>{title}</h1><p>{model}</p><p>{legend}</p></header>
<main dir="auto">{text}</main>
</html>
"""


def endings(layout: Layout) -> tuple[str, ...]:
    return (".html",)


def render(record: Record, layout: Layout) -> Contents:
    known = kind_colours(layout.labels)
    parts = list(text_spans(record.item.text, record.result, layout.labels))
    counted = Counter(part.kind for part in parts if part.kind)
    legend = [_mark(kind, str(count), kind, known) for kind, count in counted.items()]
    text = [
        _mark(part.text, part.kind, part.kind, known) if part.kind else escape(safe(part.text))
        for part in parts
    ]
    page = _PAGE.format(
        title=escape(safe(record.input)),
        model=escape(safe(f"{record.task} · {record.model}")),
        legend=" ".join(legend) or "nothing found",
        text="".join(text),
    )
    yield ".html", page.encode("utf-8", "replace")


def _mark(text: str, note: str, kind: str, known: Mapping[str, Colour]) -> str:
    colour = colour_of(kind, known)
    style = f"background:{hexadecimal(colour)};color:{hexadecimal(text_color_on(colour))}"
    return f'<mark style="{style}">{escape(safe(text))}<small>{escape(safe(note))}</small></mark>'
