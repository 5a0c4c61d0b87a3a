"""Which languages a translation checkpoint knows, and how it is asked for a pair of them.

A language is said in any way (de, deu, de-DE, deu_Latn, German, Deutsch) and found among the
checkpoint's own codes by what it means.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskcli.errors import UsageError
from taskcli.media.patterns import Pattern
from taskcli.tasks.language_codes import known_languages, matching, meaning, one_of, short_code
from taskcli.tasks.seq2seq import task_settings

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

_PAIR = Pattern(r"translation_(\w+)_to_(\w+)", "re")
# mBART: fr_XX; NLLB: fra_Latn; M2M100: __fr__; SeamlessM4T: __fra__, __cmn_Hant__
_CODE = Pattern(r"[a-z]{2,3}_[A-Z][A-Za-z]{1,3}|__[a-z]{2,3}(?:_[A-Z][a-z]{3})?__", "re")
_TAG = Pattern(r"<2([a-z]{2,3}(?:_\w+)?)>", "re")
_MARIAN = Pattern(r"opus-mt-(?:tc-(?:big|base)-)?([A-Za-z_]+)-([A-Za-z_]+)", "re")


@dataclass(frozen=True)
class Asking:
    """Generation settings (a prefix, a first token), the source's code of two or three letters,
    what is to be said with every answer, and the tokens before and behind a text that tell its
    language."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    warnings: tuple[str, ...] = ()
    around: tuple[list[int], list[int]] | None = None


def way_of_asking(
    tokenizer: "PreTrainedTokenizerBase",
    config: "PreTrainedConfig",
    source: str | None,
    target: str | None,
) -> Asking:
    """How a checkpoint is asked for a pair. The tokenizer is left as it is.

    Raises UsageError where the checkpoint needs a language that was not given or is unknown.
    """
    if hasattr(tokenizer, "_build_translation_inputs"):
        return _by_language_code(tokenizer, config, source, target)
    pairs = _pairs(config)
    if pairs:
        return _by_prefix(config, pairs, source, target)
    if tagged := _tagged_languages(tokenizer):
        if target is None:
            raise UsageError(
                "--to is needed: this checkpoint has many languages", known_languages(tagged)
            )
        return Asking({"prefix": f"<2{one_of(target, tagged, '--to')}> "}, short_code(source))
    own = _own_pair(tokenizer, config)
    _check_own_pair(own, source, target)
    several = {code.strip("<>"): code for code in _several(tokenizer)}
    if several:
        if target is None:
            raise UsageError(
                "--to is needed: this checkpoint has many languages", known_languages(several)
            )
        found = one_of(target.strip("<>"), several, "--to")
        return Asking({"prefix": several[found] + " "}, short_code(source or own[0]))
    return Asking({}, short_code(source or own[0]), _unsure(own, source, target))


def _several(tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """The tokens by which some of Marian's checkpoints are told a language: >>fra<<."""
    return list(getattr(tokenizer, "supported_language_codes", None) or ())


def _by_language_code(
    tokenizer: "PreTrainedTokenizerBase",
    config: "PreTrainedConfig",
    source: str | None,
    target: str | None,
) -> Asking:
    codes = _trained(language_codes(tokenizer), getattr(config, "languages", None))
    if target is None:
        raise UsageError(
            "--to is needed: this checkpoint translates to many languages", known_languages(codes)
        )
    own = tokenizer.src_lang
    from_code = one_of(source or own or "en", codes, "--from")
    to_code = one_of(target, codes, "--to")
    asked = tokenizer._build_translation_inputs(
        "", return_tensors="pt", src_lang=from_code, tgt_lang=to_code
    )
    around = list(tokenizer.prefix_tokens), list(tokenizer.suffix_tokens)
    tokenizer.src_lang = own
    doubts = _doubts(getattr(config, "card_languages", ()), from_code, to_code)
    settings = {"forced_bos_token_id": asked["forced_bos_token_id"]}
    return Asking(settings, short_code(from_code), doubts, around)


def language_codes(tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """The codes of a multilingual tokenizer, as its own methods take them."""
    by_code = getattr(tokenizer, "lang_code_to_id", None) or getattr(
        tokenizer, "lang_code_to_token", {}
    )
    special = [str(token) for token in getattr(tokenizer, "all_special_tokens", ())]
    return sorted(by_code) or sorted(token for token in special if _CODE.fullmatch(token))


def _trained(codes: list[str], stated: Iterable[str] | None) -> list[str]:
    """The codes that the checkpoint's configuration says it was trained on, where it does.

    A tokenizer's class lists all the languages of its kind.
    """
    own = {code for word in stated or () for code in matching(word, codes)}
    return [code for code in codes if code in own] or codes


def _doubts(stated: Iterable[str], *codes: str) -> tuple[str, ...]:
    """What the checkpoint's card, a claim of its author, does not list."""
    named = list(stated)
    missing = [code for code in codes if named and not matching(code, named)]
    return tuple(
        f"the checkpoint's card names {', '.join(named)}: {code} may be unknown to it"
        for code in missing
    )


def _tagged_languages(tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """MADLAD begins a text with a token for the language of the answer: <2fr>."""
    vocabulary: Iterable[str] = getattr(tokenizer, "get_vocab", dict)()
    return sorted(found[1] for token in vocabulary if (found := _TAG.fullmatch(token)))


def _own_pair(
    tokenizer: "PreTrainedTokenizerBase", config: "PreTrainedConfig"
) -> tuple[str | None, str | None]:
    """The one pair of a checkpoint: Marian's tokenizers name it, or its name; FSMT's config."""
    source, target = (getattr(tokenizer, f"{end}_lang", None) for end in ("source", "target"))
    langs = getattr(config, "langs", None) or (None, None)
    name = str(getattr(config, "name_or_path", ""))
    is_marian = getattr(config, "model_type", "") == "marian"
    named = _MARIAN.search(name) if is_marian else None
    said = (named[1], named[2]) if named else tuple(langs)
    return source or said[0], target or said[1]


def _check_own_pair(
    own: tuple[str | None, str | None], source: str | None, target: str | None
) -> None:
    for asked, known, flag in zip((source, target), own, ("--from", "--to"), strict=True):
        if asked and known and not _is_group(known) and not matching(asked, [known]):
            raise UsageError(
                f"{flag} {asked}: this checkpoint translates from {own[0]} to {own[1]}",
                "choose a checkpoint for your pair",
            )


def _is_group(code: str) -> bool:
    """Some of Marian's codes name a family of languages, such as ROMANCE, mul, gmq or en_fr."""
    meant = meaning(code)
    is_one = meant is not None and len(meant.language) == 2 and meant.region is None
    return len(code) != 2 and not is_one


def _unsure(
    own: tuple[str | None, str | None], source: str | None, target: str | None
) -> tuple[str, ...]:
    """A checkpoint that names no languages does as it was trained, whatever is asked."""
    asked = zip(("--from", "--to"), (source, target), own, strict=True)
    words = [f"{flag} {word}" for flag, word, known in asked if word and not known]
    told = "the checkpoint does not say which languages it knows, and is not told"
    return (f"{told} {' and '.join(words)}",) if words else ()


def _pairs(config: "PreTrainedConfig") -> dict[tuple[str, str], str]:
    """T5 names its pairs in its settings: translation_en_to_fr."""
    settings = getattr(config, "task_specific_params", None) or {}
    found = ((match, name) for name in settings if (match := _PAIR.fullmatch(name)))
    return {(match[1], match[2]): name for match, name in found}


def _by_prefix(
    config: "PreTrainedConfig",
    pairs: dict[tuple[str, str], str],
    source: str | None,
    target: str | None,
) -> Asking:
    fitting = [
        (pair, name)
        for pair, name in pairs.items()
        if (source is None or matching(source, pair[:1]))
        and (target is None or matching(target, pair[1:]))
    ]
    if len(fitting) == 1:
        [((own_source, _), name)] = fitting
        return Asking(task_settings(config, name), short_code(own_source))
    known = "this checkpoint knows " + ", ".join(f"--from {a} --to {b}" for a, b in pairs)
    if not fitting:
        raise UsageError(f"no translation from {source or 'any'} to {target or 'any'}", known)
    raise UsageError("--to is needed: several languages are possible", known)
