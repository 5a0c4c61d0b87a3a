"""How a language may be said, and how a checkpoint is asked for it, or refuses."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from checkpoints import cached
from models import answers, load
from samples import SHORT_TEXT

import taskcli
from taskcli.checkpoints.registry import Registry
from taskcli.errors import UsageError
from taskcli.tasks.language_codes import matching
from taskcli.tasks.languages import way_of_asking

MADLAD = SimpleNamespace(get_vocab=lambda: dict.fromkeys(["<2fr>", "<2pt_BR>", "<2x", "▁fr"], 0))


def test_madlad_is_asked_by_a_token_before_the_text() -> None:
    french = way_of_asking(MADLAD, SimpleNamespace(), None, "fr")
    assert (french.settings, french.source) == ({"prefix": "<2fr> "}, None)
    portuguese = way_of_asking(MADLAD, SimpleNamespace(), "en", "pt")
    assert (portuguese.settings, portuguese.source) == ({"prefix": "<2pt_BR> "}, "en")


@pytest.mark.parametrize("target", [None, "xx"])
def test_madlad_lists_what_it_knows(target: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        way_of_asking(MADLAD, SimpleNamespace(), None, target)
    assert "fr, pt_BR" in str(caught.value.hint)


MBART = "ar_AR cs_CZ de_DE en_XX es_XX fr_XX ja_XX pt_XX tl_XX zh_CN".split()
NLLB = Registry("translate").resolve("nllb").languages
M2M100 = Registry("translate").resolve("m2m100").languages


@pytest.mark.parametrize(
    "word",
    "de deu ger de-DE de_DE de-AT deu_Latn DE __de__ German german Deutsch allemand".split(),
)
def test_a_language_may_be_said_in_any_way(word: str) -> None:
    assert matching(word, MBART) == ["de_DE"]
    assert matching(word, NLLB) == ["deu_Latn"]
    assert matching(word, M2M100) == ["de"]


@pytest.mark.parametrize(
    ("word", "codes", "found"),
    [
        ("zh-TW", NLLB, ["zho_Hant"]),
        ("zh-CN", NLLB, ["zho_Hans"]),
        ("Simplified Chinese", NLLB, ["zho_Hans"]),
        ("Chinese", NLLB, ["zho_Hans", "zho_Hant"]),
        ("中文", MBART, ["zh_CN"]),
        ("zh-TW", MBART, []),  # other letters are another answer
        ("Arabic", NLLB, ["arb_Arab"]),
        ("ar", MBART, ["ar_AR"]),
        ("no", NLLB, ["nob_Latn"]),
        ("nb", M2M100, ["no"]),
        ("Swahili", NLLB, ["swh_Latn"]),
        ("fa", NLLB, ["pes_Arab"]),
        ("Tagalog", MBART, ["tl_XX"]),
        ("fil", M2M100, ["tl"]),
        ("Brazilian Portuguese", ["pt", "pt_BR"], ["pt_BR"]),
        ("pt-PT", ["pt", "pt_BR"], ["pt"]),
        ("Klingon", NLLB, []),
        ("no such thing", NLLB, []),
    ],
)
def test_a_word_finds_the_codes_that_it_may_mean(
    word: str, codes: list[str], found: list[str]
) -> None:
    assert matching(word, codes) == found


@pytest.mark.parametrize("codes", [MBART, NLLB, M2M100], ids=["mbart", "nllb", "m2m100"])
def test_every_code_finds_itself(codes: list[str]) -> None:
    assert all(matching(code, codes) == [code] for code in codes)


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [
        ("mbart50", "English", "French"),
        ("mbart50", "eng", "fr-CA"),
        ("m2m100", "Englisch", "français"),
        ("nllb", "en", "French"),
        ("nllb", "English", "fr"),
        ("t5", "English", "German"),
        ("t5", "eng", "deu_Latn"),
    ],
)
def test_names_are_answered_as_codes_are(name: str, source: str, target: str) -> None:
    named = load("translate", name, source_language=source, target_language=target)
    assert answers(named, texts=[SHORT_TEXT]) == answers(
        load("translate", name), texts=[SHORT_TEXT]
    )


def test_marian_takes_its_own_pair_by_any_name() -> None:
    model = load("translate", "marian", source_language="English", target_language="deu")
    assert answers(model, texts=[SHORT_TEXT])
    with pytest.raises(UsageError, match="from en to de"):
        load("translate", "marian", target_language="French")


# What a checkpoint does not truly have

STARTER = Path(taskcli.__file__).parent / "starter" / "translate"


@pytest.mark.parametrize("model", ["starter", STARTER])
@pytest.mark.parametrize("target", ["de", "German", "de_DE", "Klingon"])
def test_the_starter_knows_two_languages(run: Any, model: Any, target: str) -> None:
    done = run("translate", "--text", "The ball is red.", "--model", model, "--to", target)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--to {target}: unknown language {target}" in done.stderr
    assert "known languages: en" in done.stderr


@pytest.mark.parametrize("target", ["fr", "French", "français", "fr_XX", "fra_Latn"])
def test_the_starter_takes_its_own_by_any_name(run: Any, target: str) -> None:
    done = run("translate", "--text", "The ball is red.", "--model", "starter", "--to", target)
    assert done.records[0]["result"] == {"translation_text": "La balle est rouge."}
    assert "warnings" not in done.records[0]


@pytest.mark.parametrize(
    ("model", "words", "known"),
    [
        ("m2m100", ("--to", "Klingon"), "af, am"),
        ("en-de", ("--to", "French"), "en, de"),
        ("t5", ("--from", "Spanish", "--to", "de"), "en, de, fr, ro"),
        ("base", ("--to", "zu"), "af, ar"),
    ],
)
def test_a_listed_checkpoint_is_not_fetched_for_a_language_that_it_lacks(
    run: Any, model: str, words: tuple[str, ...], known: str
) -> None:
    done = run("translate", "--text", "Hello.", "--model", model, *words)
    assert done.exit_code == 2
    assert f"known languages: {known}" in done.stderr


def of_card(folder: Path, card: str) -> Path:
    shutil.copytree(cached("mbart50"), folder)
    (folder / "README.md").write_text(f"---\n{card}\n---\n# A checkpoint\n")
    return folder


@pytest.mark.parametrize(
    ("card", "warned"),
    [
        ("language: [en, fr]", True),
        ("language:\n- en\n- fr", True),
        ("language: de", True),
        ("language: [en, de]", False),
        ("language: multilingual", False),
        ("language: [en, multilingual]", False),
        ("license: mit", False),
        ("language: {a: [}", False),
    ],
)
def test_a_language_that_the_card_does_not_name_is_warned_of(
    tmp_path: Path, card: str, warned: bool
) -> None:
    folder = of_card(tmp_path / "model", card)
    [record] = load("translate", folder, source_language="en", target_language="de", max_length=5)(
        texts=[SHORT_TEXT]
    )
    found = [warning for warning in record.warnings if "the checkpoint's card names" in warning]
    assert bool(found) is warned
    assert record.error is None


def test_a_config_that_names_its_languages_is_believed(tmp_path: Path) -> None:
    folder = shutil.copytree(cached("mbart50"), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "languages": ["en", "fr"]}))
    with pytest.raises(UsageError) as caught:
        load("translate", folder, target_language="German")
    assert caught.value.hint == "known languages: en_XX, fr_XX"


def test_a_checkpoint_that_names_none_says_that_it_is_not_told() -> None:
    [record] = load("translate", "bart", target_language="German", max_length=5)(texts=["Hello."])
    assert "is not told --to German" in record.warnings[0]
    [record] = load("translate", "bart", max_length=5)(texts=["Hello."])
    assert not any("told" in warning for warning in record.warnings)


def test_marians_pair_is_in_its_name_where_nothing_else_tells(tmp_path: Path) -> None:
    folder = shutil.copytree(cached("marian"), tmp_path / "opus-mt-en-de")
    file = folder / "tokenizer_config.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "source_lang": None, "target_lang": None}))
    with pytest.raises(UsageError, match="from en to de"):
        load("translate", folder, target_language="fr")
    assert answers(load("translate", folder, target_language="German"), texts=["Hello."])


@pytest.mark.parametrize("code", ["ROMANCE", "mul", "gmq", "en_fr"])
def test_a_family_of_languages_takes_any(code: str) -> None:
    family = SimpleNamespace(source_lang=code, target_lang="en", supported_language_codes=[])
    asking = way_of_asking(family, SimpleNamespace(), "Italian", "eng")
    assert (asking.source, asking.warnings) == ("it", ())
    several = SimpleNamespace(
        source_lang="en", target_lang=code, supported_language_codes=[">>fra<<", ">>ita<<"]
    )
    assert way_of_asking(several, SimpleNamespace(), None, "Italian").settings == {
        "prefix": ">>ita<< "
    }
    with pytest.raises(UsageError, match="--to is needed"):
        way_of_asking(several, SimpleNamespace(), None, None)
