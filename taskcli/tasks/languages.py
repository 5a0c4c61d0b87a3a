"""Which languages a translation checkpoint knows, and how it is asked for a pair of them."""

import re
from collections.abc import Iterable
from typing import Any

from taskcli.errors import UsageError
from taskcli.tasks.rewriting import task_settings

_PAIR = re.compile(r"translation_(\w+)_to_(\w+)")
# mBART: fr_XX; NLLB: fra_Latn; M2M100: __fr__; SeamlessM4T: __fra__, __cmn_Hant__
_CODE = re.compile(r"[a-z]{2,3}_[A-Z][A-Za-z]{1,3}|__[a-z]{2,3}(?:_[A-Z][a-z]{3})?__")
_TAG = re.compile(r"<2([a-z]{2,3}(?:_\w+)?)>")


def way_of_asking(
    tokenizer: Any, config: Any, source: str | None, target: str | None
) -> dict[str, Any]:
    """Generation settings (a prefix, a first token) for a pair; sets the tokenizer's source.

    Raises UsageError where the checkpoint needs a language that was not given or is unknown.
    """
    if hasattr(tokenizer, "_build_translation_inputs"):
        return _by_language_code(tokenizer, source, target)
    pairs = _pairs(config)
    if pairs:
        return _by_prefix(config, pairs, source, target)
    if tagged := _tagged_languages(tokenizer):
        if target is None:
            raise UsageError("--to is needed: this checkpoint has many languages", _list(tagged))
        return {"prefix": f"<2{_known(target, tagged, '--to')}> "}
    _check_own_pair(tokenizer, source, target)
    several = getattr(tokenizer, "supported_language_codes", None)
    if several:
        return {"prefix": _known(f">>{(target or '').strip('<>')}<<", several, "--to") + " "}
    return {}


def _by_language_code(tokenizer: Any, source: str | None, target: str | None) -> dict[str, Any]:
    codes = language_codes(tokenizer)
    if target is None:
        raise UsageError(
            "--to is needed: this checkpoint translates to many languages", _list(codes)
        )
    from_code = _known(source or tokenizer.src_lang or "en", codes, "--from")
    asked = tokenizer._build_translation_inputs(
        "", return_tensors="pt", src_lang=from_code, tgt_lang=_known(target, codes, "--to")
    )
    return {"forced_bos_token_id": asked["forced_bos_token_id"]}


def language_codes(tokenizer: Any) -> list[str]:
    """The codes of a multilingual tokenizer, as its own methods take them."""
    by_code = getattr(tokenizer, "lang_code_to_id", None) or getattr(
        tokenizer, "lang_code_to_token", {}
    )
    special = [str(token) for token in getattr(tokenizer, "all_special_tokens", ())]
    return sorted(by_code) or sorted(token for token in special if _CODE.fullmatch(token))


def _tagged_languages(tokenizer: Any) -> list[str]:
    """MADLAD begins a text with a token for the language of the answer: <2fr>."""
    vocabulary: Iterable[str] = getattr(tokenizer, "get_vocab", dict)()
    return sorted(found[1] for token in vocabulary if (found := _TAG.fullmatch(token)))


def _check_own_pair(tokenizer: Any, source: str | None, target: str | None) -> None:
    """Marian's tokenizers name the one pair that they are for."""
    own = getattr(tokenizer, "source_lang", None), getattr(tokenizer, "target_lang", None)
    for asked, known, flag in zip((source, target), own, ("--from", "--to"), strict=True):
        if asked and known and asked != known and not _is_group(known):
            raise UsageError(
                f"{flag} {asked}: this checkpoint translates from {own[0]} to {own[1]}",
                "choose a checkpoint for your pair",
            )


def _is_group(code: str) -> bool:
    """Some of Marian's codes name a family of languages, such as ROMANCE, mul or en_fr."""
    return len(code) != 2


def _pairs(config: Any) -> dict[tuple[str, str], str]:
    """T5 names its pairs in its settings: translation_en_to_fr."""
    settings = getattr(config, "task_specific_params", None) or {}
    found = ((match, name) for name in settings if (match := _PAIR.fullmatch(name)))
    return {(match[1], match[2]): name for match, name in found}


def _by_prefix(
    config: Any, pairs: dict[tuple[str, str], str], source: str | None, target: str | None
) -> dict[str, Any]:
    fitting = [
        name
        for (from_language, to_language), name in pairs.items()
        if source in (None, from_language) and target in (None, to_language)
    ]
    if len(fitting) == 1:
        return task_settings(config, fitting[0])
    known = "this checkpoint knows " + ", ".join(f"--from {a} --to {b}" for a, b in pairs)
    if not fitting:
        raise UsageError(f"no translation from {source or 'any'} to {target or 'any'}", known)
    raise UsageError("--to is needed: several languages are possible", known)


def _known(word: str, codes: Iterable[str], flag: str) -> str:
    """`fr` finds fr_XX and fr itself; a code that is given whole is taken as it is."""
    codes = list(codes)
    fitting = [code for code in codes if code == word] or [
        code for code in codes if code.split("_")[0] == word or code.lower() == word.lower()
    ]
    if len(fitting) != 1:
        problem = "unknown language" if not fitting else "more than one language is called"
        raise UsageError(f"{flag} {word}: {problem} {word}", _list(fitting or codes))
    return fitting[0]


def _list(codes: Iterable[str]) -> str:
    return "known languages: " + ", ".join(codes)
