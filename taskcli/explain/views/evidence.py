"""Which tokens speak for an answer: by leaving each out, and by gradients."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.stages import ANSWER
from taskcli.explain.views.kinds import Frame, Rows, Strip, View
from taskcli.explain.views.targets import Scoring, Target, targets
from taskcli.explain.views.tokenized import Tokenized

if TYPE_CHECKING:
    import torch

    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = ()
_MOST_TOKENS = 2_048  # of a row of which gradients are taken
_MOST_ROWS = 256  # that are computed to leave tokens out
_MOST_COMPUTED = 32_768  # tokens of all these rows together
_MOST_TARGETS = 4
_SATURATED = 0.05  # what a score must lose by some token, to be shown before its logit


def draw(seen: Seen) -> Iterator[View]:
    text, found = targets(seen)
    if text is None or not found:
        return
    if len(text) > _MOST_TOKENS:
        yield _none_of(text)
        return
    shown = found[:_MOST_TARGETS]
    gradients, lost = _gradients(seen, text, shown), _lost(seen, text, shown)
    more = f" {len(found) - len(shown)} more are not shown." if len(found) > len(shown) else ""
    for number, target in enumerate(shown):
        frames = [one for row in lost for one in _of_occlusion(seen, text, target, row[number])]
        frames += [
            Frame(row[number], ("gradient x input",), _of_gradient(target)) for row in gradients
        ]
        if frames:
            yield _strip(text, target, frames, more)


def _none_of(text: Tokenized) -> Rows:
    return Rows(
        ANSWER,
        "Evidence",
        f"None was computed: leaving tokens out one by one would take too long.{text.told}",
        ("tokens", "most of which evidence is computed"),
        [(len(text), _MOST_TOKENS)],
    )


def _strip(text: Tokenized, target: Target, frames: Sequence[Frame], more: str) -> Strip:
    return Strip(
        ANSWER,
        f"Evidence for {target.named}",
        "How each token moves the answer; above zero it speaks for it. Each method tells "
        "what the number hangs on, not whether the model is right, and not what tokens do "
        f"together.{text.told}{more}",
        frames,
        text.pieces,
        ("method",),
        signed=True,
    )


def _of_gradient(target: Target) -> str:
    return (
        f"A first-order guess, which may be opposite to what leaving the token out tells: the "
        f"gradient of {target.raw} times the token's vector. Were the model linear, it would be "
        "the token's share. Where a model is sure, gradients are small and may mislead."
    )


def _gradients(seen: Seen, text: Tokenized, shown: Sequence[Target]) -> "list[Array]":
    """One array [targets, tokens], or none."""
    from taskcli.runtime.attribution import gradient_times_input

    def logits(outputs: object) -> "torch.Tensor":
        return _all([target.logit for target in shown], outputs)

    found = gradient_times_input(seen.task.model, text.inputs, logits)
    return [] if found is None else [found[:, text.shift : text.shift + len(text)]]


def _all(ways: Iterable[Scoring], outputs: object) -> "torch.Tensor":
    """[rows, targets]"""
    import torch

    return torch.stack([way(outputs) for way in ways], -1)


def _lost(seen: Seen, text: Tokenized, shown: Sequence[Target]) -> "list[Array]":
    """What scores and logits have more with a token than without it: [targets, 2, tokens].

    One array, or none. Special tokens stay, and have no number.
    """
    import numpy as np

    from taskcli.runtime.attribution import scored, scored_without

    replacement, groups = _replacement(seen), _groups(text)
    if replacement is None or not groups:
        return []
    model, places = seen.task.model, [[text.shift + at for at in group] for group in groups]

    def both(outputs: object) -> "torch.Tensor":
        return _all([way for one in shown for way in (one.score, one.logit)], outputs)

    whole = scored(model, text.inputs, both)
    without = scored_without(model, text.inputs, places, replacement[0], both)
    lost = np.full((2 * len(shown), len(text)), np.nan, np.float32)
    for group, row in zip(groups, without, strict=True):
        lost[:, group] = (whole[0] - row)[:, None]
    return [lost.reshape(len(shown), 2, len(text))]


def _groups(text: Tokenized) -> list[list[int]]:
    """Tokens of a text that are left out together: each alone, or neighbours in a long one."""
    words = [at for at, owner in enumerate(text.texts) if owner is not None]
    rows = max(min(_MOST_ROWS, _MOST_COMPUTED // len(text)), 1)
    size = -(-len(words) // rows) or 1
    return [words[at : at + size] for at in range(0, len(words), size)]


def _replacement(seen: Seen) -> tuple[int, str] | None:
    """What stands for a token that is left out: its number, and its name."""
    tokenizer = seen.task.processor
    for kind in ("mask", "unk", "pad"):
        number = getattr(tokenizer, f"{kind}_token_id", None)
        if number is not None:
            return number, str(getattr(tokenizer, f"{kind}_token"))
    return None


def _of_occlusion(seen: Seen, text: Tokenized, target: Target, lost: "Array") -> Sequence[Frame]:
    """Of what scores and logits lose [2, tokens]; the logit first where no token moves a score."""
    replacement = _replacement(seen)
    assert replacement is not None
    size = max(map(len, _groups(text)))
    which = "this token is" if size == 1 else f"{size} neighbouring tokens are"
    how = f"when {which} replaced by {replacement[1]}. The tokenizer's own tokens stay."
    if target.score is target.logit:
        return [Frame(lost[1], ("occlusion",), f"What is lost of {target.raw} {how}")]
    score = Frame(lost[0], ("occlusion",), f"What is lost of {target.counted} {how}")
    logit = Frame(lost[1], ("occlusion, logit",), f"What is lost of {target.raw} {how}")
    return [logit, score] if _is_saturated(lost[0]) else [score, logit]


def _is_saturated(lost: "Array") -> bool:
    import numpy as np

    return bool(np.nanmax(np.abs(lost)) < _SATURATED)
