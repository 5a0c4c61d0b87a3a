"""What Whisper is told beside the sound: when to try again, what is silence, what came before."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskcli.errors import UsageError
from taskcli.tasks.asr.options import AsrOptions

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase

# What Whisper's own program tries and takes for failed (Radford et al. 2022, section 4.5).
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_LOGPROB = -1.0
_FALLBACK = ("compression_ratio_threshold", "logprob_threshold")
_THRESHOLDS = ("no_speech_threshold", *_FALLBACK)


def guards(options: AsrOptions, config: "GenerationConfig") -> dict[str, Any]:
    """Arguments of generate(); what is not asked for is as the checkpoint has it.

    Raises UsageError for temperatures that nothing would make it try.
    """
    given = _thresholds(options)
    asked = _thresholds(config) | given
    if "no_speech_threshold" in given:  # silence is what is heard badly, too
        given.setdefault("logprob_threshold", asked.setdefault("logprob_threshold", _LOGPROB))
    tried = options.tried_temperatures or (_TEMPERATURES if _may_fail(given) else ())
    if len(tried) > 1 and not _may_fail(asked):
        raise UsageError(
            f"--temperatures {options.temperatures}: nothing says when the first has failed",
            "add --compression-ratio-threshold 2.4, or --logprob-threshold -1",
        )
    if tried or "logprob_threshold" in asked:  # of which a mean is taken at a temperature
        asked["temperature"] = tried or (0.0,)
    if options.condition_on_previous is not None:
        asked["condition_on_prev_tokens"] = options.condition_on_previous
    return asked


def _thresholds(of: object) -> dict[str, Any]:
    found = {name: getattr(of, name, None) for name in _THRESHOLDS}
    return {name: value for name, value in found.items() if value is not None}


def _may_fail(asked: Mapping[str, Any]) -> bool:
    return any(name in asked for name in _FALLBACK)


def prompt_ids(
    options: AsrOptions, tokenizer: "PreTrainedTokenizerBase", positions: int
) -> list[int] | None:
    """The tokens that are to have come before, of a model that has so many `positions`.

    Raises UsageError for more than half of them, as the rest is for what is said, and for tokens
    that are no text.
    """
    text = " ".join(filter(None, [_sentence(options.hotwords), options.prompt]))
    if not text:
        return None
    try:
        ids: list[int] = list(tokenizer.get_prompt_ids(text, return_tensors=None))
    except ValueError:
        raise UsageError(
            "--prompt, --hotwords: a token of Whisper's own is no text", "leave out <|...|>"
        ) from None
    most = positions // 2 - 1
    if len(ids) > most:
        raise UsageError(
            f"--prompt, --hotwords: {len(ids)} tokens, and this checkpoint reads {most}",
            "give fewer words",
        )
    return ids


def _sentence(words: str | None) -> str:
    """Words that a prompt may follow."""
    text = (words or "").strip()
    return text if not text or text.endswith((".", "!", "?", "。")) else f"{text}."
