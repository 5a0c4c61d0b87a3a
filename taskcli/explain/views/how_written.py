"""By which rules a text was written, and what ended it."""

from collections.abc import Iterator, Sequence
from typing import Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import Rows, View
from taskcli.explain.views.settings import changes_of
from taskcli.explain.views.written import Text, of_part, shown, text_of

WANTED: tuple[str, ...] = ()
ATTENTION = False
_ENDED = {
    "eos_token": "the model wrote a token that ends the text",
    "stop_sequence": "a text of --stop",
    "length": "there was no room for more tokens",
}


def draw(seen: Seen) -> Iterator[View]:
    text = text_of(seen)
    if text is None:
        return
    yield Rows(
        "",
        "How it was written",
        "What the checkpoint and the options asked for when the text was written, and what ended "
        f"it.{of_part(text)}",
        ("what", "value"),
        [*_read(text, seen), *_asked(text), *_ending(text, seen)],
    )


def _read(text: Text, seen: Seen) -> Iterator[tuple[str, str | int]]:
    tokenizer: Any = seen.task.processor
    special = set(tokenizer.all_special_ids)
    given = text.source or text.before
    around = [one for one in given if one in special]
    yield ("tokens of the source" if text.source else "tokens of the prompt"), len(given)
    if around:
        yield "special tokens among them", _listed(tokenizer, around)
    if text.source:
        yield "the decoder began with", _listed(tokenizer, text.before)
    forced = text.config.forced_bos_token_id
    if forced is not None:
        yield "forced first token", _listed(tokenizer, [forced])


def _asked(text: Text) -> Iterator[tuple[str, str | int | float]]:
    config, beams = text.config, text.config.num_beams or 1
    yield "way of choosing", _way(beams, bool(config.do_sample))
    if beams > 1:
        yield "length penalty (above 0 favours longer texts)", float(config.length_penalty or 0)
        yield "stops at as many finished texts as beams", str(config.early_stopping).lower()
    yield "most tokens", int(config.max_length) - text.begin
    least = max((config.min_length or 0) - text.begin, config.min_new_tokens or 0)
    if least > 0:
        yield "least tokens before the end", least
    if changes := changes_of(text):
        yield "changes of scores", ", ".join(dict.fromkeys(changes))


def _way(beams: int, is_drawn: bool) -> str:
    if beams > 1:
        return f"{beams} beams, which go on by chance" if is_drawn else f"{beams} beams"
    return "drawn by chance" if is_drawn else "the token of the highest score every time"


def _ending(text: Text, seen: Seen) -> Iterator[tuple[str, str | int]]:
    yield "tokens written", len(text.ids)
    result = seen.result[0] if isinstance(seen.result, list) else seen.result
    reason = getattr(result, "finish_reason", None)
    if text.ids[-1] in text.ends:
        [name] = shown(seen.task.processor, text.ids[-1:])
        yield "what ended it", _end_token(text, name)
    else:
        yield "what ended it", _ENDED[reason or "length"]


def _end_token(text: Text, name: str) -> str:
    at_limit = text.begin + len(text.ids) == text.config.max_length
    if at_limit and text.config.forced_eos_token_id is not None:
        return f"there was no room for more tokens: {name} was forced"
    return f"the end token {name}"


def _listed(tokenizer: Any, ids: Sequence[int]) -> str:
    return " ".join(shown(tokenizer, ids))
