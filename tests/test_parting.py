"""Texts in sentences and parts, and answers put together as the texts were parted."""

import itertools
import random
import re
from pathlib import Path
from typing import Any

import pytest
from checkpoints import cached
from models import load
from rich.cells import cell_len

from taskcli.media import dictionary_words
from taskcli.media.line_breaks import wrapped
from taskcli.tasks.parting import parted
from taskcli.tasks.sentences import sentences

# Each list is a text, parted as a reader parts it.
SENTENCES = {
    "en": ["Dr. Who came at 5 p.m. on Monday. ", "He lives in the U.S. and works, e.g. at home."],
    "en, prices": [
        "It cost $5.50. ",
        "No. 5 is alive! ",
        "See ch. 2. ",
        "Is it? ",
        "“Yes.” ",
        "Go.",
    ],
    "en, a name": ["J. R. R. Tolkien wrote it. ", "He said “No!” ", "Then he left."],
    "en, dots": ["Wait... what? ", "Version 3.5.1 is at example.com."],
    "de": ["Das ist z.B. ein Test, d.h. kurz. ", "Am 3. Oktober kam Dr. Maier. ", "Er ging."],
    "fr": ["M. Dupont et Mme. Durand sont là. ", "Il a dit : « Oui. » ", "Qu'est-ce ? ", "Rien."],
    "es": ["El Sr. García vive en EE. UU. desde 1990. ", "¿Qué? ", "¡Sí!"],
    "ru": ["Это т.е. так. ", "В 1990 г. он ушёл. ", "А. С. Пушкин писал."],
    "zh": ["今天天气很好。", "我们去公园吧！", "好吗？", "他说：“好。”", "然后走了。"],
    "ja": ["今日は良い天気です。", "「はい。」と言った。", "次の文です。"],
    "hi": ["यह एक वाक्य है। ", "यह दूसरा वाक्य है। ", "क्या यह तीसरा है?"],
    "bn": ["আমি ভাত খাই। ", "তুমি? ", "সে যায়।"],
    "ur": ["یہ ایک جملہ ہے۔ ", "کیا یہ تیسرا ہے؟ ", "ہاں۔"],
    "ar": ["هذه جملة. ", "هل هذه جملة أخرى؟ ", "نعم، هي كذلك."],
    "th": ["เขาไปแล้ว! ", "กลับไหม? ", "จบบท๚ะ๛ ", "ต่อไป"],
    "el": ["Τι κάνεις; ", "Καλά είμαι."],
    "am": ["ሰላም። ", "ደህና ነኝ።"],
    "km": ["ខ្ញុំស្រឡាញ់ភាសាខ្មែរ។ ", "មានស្វាយ ចេក ។ល។ នៅទីនេះ។ ", "គាត់និយាយថា «ទេ។» ", "ចប់៕"],
    "lo": ["ຂ້ອຍຮັກພາສາລາວ. ", "ມື້ນີ້ອາກາດດີ ຂ້ອຍໄປຕະຫຼາດ"],
    "my": ["ဒါက စာကြောင်းတစ်ကြောင်း ဖြစ်တယ်။ ", "ဒါက နောက်တစ်ကြောင်း။"],
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences_end_where_a_reader_ends_them(name: str) -> None:
    assert sentences("".join(SENTENCES[name]), name[:2]) == SENTENCES[name]


@pytest.mark.parametrize("name", [name for name in SENTENCES if name != "el"])
def test_most_end_there_too_where_nobody_names_the_language(name: str) -> None:
    assert sentences("".join(SENTENCES[name])) == SENTENCES[name]


@pytest.mark.parametrize(
    "expected",
    [
        ["1. foo ", "2. bar"],
        ["1. Open it. ", "2. Close it."],
        ["1. First of all. ", "Then more."],
        ["Part 1. ", "Part 2."],
        ["He was 5. ", "She was 6. ", "They left."],
    ],
)
def test_numbers_of_lists_end_no_sentence(expected: list[str]) -> None:
    assert sentences("".join(expected), "en") == expected


def test_sentences_of_any_text_are_the_text() -> None:
    letters = [
        *"abc AB.!?。！？।۔؟\"'”)]»1 23…;:“「」-\n\t",
        "e\u0301",
        "👩‍🚀",
        "\u00a0",
        "\u2028",
        "\x85",
    ]
    letters += ["Dr. ", "U.S.", "z.B. ", "1. ", "J.", "\u3000", "๛", "на ", "\x00", "\ufeff"]
    chance = random.Random(0)
    for _ in range(1500):
        text = "".join(chance.choices(letters, k=chance.randrange(40)))
        for language in (None, chance.choice(["en", "de", "zh", "th", "fr", "xx"])):
            assert "".join(sentences(text, language)) == text


def test_long_texts_are_parted_as_short_ones() -> None:
    for name in ("zh", "en", "hi", "ja"):
        found = sentences("".join([*SENTENCES[name], " " * (name != "zh")]) * 500, name)
        assert [one.strip() for one in found] == [one.strip() for one in SENTENCES[name]] * 500


def test_a_fault_of_the_library_costs_the_ends_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class PanicException(BaseException):
        pass

    def fail(language: str, text: str) -> list[str]:
        raise PanicException("end byte index 23 is not a char boundary")

    monkeypatch.setattr("sentencex.segment", fail)
    assert sentences("One. Two.", "en") == ["One. Two."]


# Structure

DOCUMENT = """\
# A letter

Hello Dr. Who. How are you?

- one thing.
- another: and
  - [ ] a third

1. first
2) second
---
> You said so. Did you?
42
Bye,
Mira"""


def shout(text: str, by: Any = "sentence", limit: int = 10_000, language: str | None = None) -> str:
    found = parted(text, by, lambda part: len(part) <= limit, language)
    assert all(len(part.text) <= limit for part in found.parts)
    return found.joined([part.text.upper() for part in found.parts])


@pytest.mark.parametrize("by", ["sentence", "paragraph", "whole"])
@pytest.mark.parametrize("limit", [12, 30, 10_000])
@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_everything_keeps_its_place(by: str, limit: int, ending: str) -> None:
    for text in (DOCUMENT, DOCUMENT.replace("\n", "\r\n"), "".join(SENTENCES["zh"]), "a  b\tc"):
        assert shout(text + ending, by, limit) == text.upper()


def given(text: str, by: Any = "sentence", limit: int = 10_000) -> list[str]:
    return [part.text for part in parted(text, by, lambda part: len(part) <= limit).parts]


def test_the_model_is_given_sentences_without_their_bullets() -> None:
    assert given(DOCUMENT) == [
        *("A letter", "Hello Dr. Who.", "How are you?", "one thing.", "another: and", "a third"),
        *("first", "second", "You said so.", "Did you?", "Bye,", "Mira"),
    ]
    assert "Hello Dr. Who. How are you?" in given(DOCUMENT, "paragraph")
    assert given(DOCUMENT, "whole") == [DOCUMENT]
    assert given("42") == ["42"]  # nothing else is there to be answered


WRAPPED = (
    "The council of Brinton met on Thursday and asked for more\n"
    "news about the bridge. Marlon Holberg opened the meeting. All\n"
    "agreed.\n\nThe end."
)


def test_a_sentence_that_runs_over_a_line_end_is_one_and_keeps_the_line_end() -> None:
    first, *_, last = given(WRAPPED)
    assert (
        first == "The council of Brinton met on Thursday and asked for more news about the bridge."
    )
    assert last == "The end."
    assert shout(WRAPPED) == WRAPPED.upper()
    assert shout(WRAPPED, "paragraph") == WRAPPED.upper()
    hanging = "- The council of Brinton met on Thursday and asked for more\n  news.\n- Two"
    assert shout(hanging) == hanging.upper()
    assert len(given(hanging)) == 2
    found = parted(WRAPPED, "sentence", lambda _: True)
    for answer in ("一二三四五六", "ja", "x " * 40):
        joined = found.joined([answer] * len(found.parts))
        assert joined.count("\n") == WRAPPED.count("\n")


@pytest.mark.parametrize(
    "lines",
    [
        ["Roses are red,", "violets are blue,"],
        ["1 High Street", "London", "England"],
        ["THE BIG RED BALL IS BEHIND THE BLUE CUBE AND THE GREEN ONE", "IT IS BIG"],
        ["This sentence is a line of its own, long enough to be wrapped.", "This one, too."],
    ],
)
def test_lines_of_their_own_are_given_alone(lines: list[str]) -> None:
    assert given("\n".join(lines)) == lines


def test_scripts_that_use_spaces_otherwise() -> None:
    chinese, english = (
        parted("今天。好吗？", "sentence", bool),
        parted("It is so. Is it?", "sentence", bool),
    )
    assert chinese.joined(["Today.", "All right?"]) == "Today. All right?"
    assert chinese.joined(["今日。", "いい？"]) == "今日。いい？"
    assert english.joined(["今天。", "好吗？"]) == "今天。好吗？"
    assert english.joined(["C'est ça.", "Ça va ?"]) == "C'est ça. Ça va ?"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("one two, three four five six", 12, ["one two,", "three four", "five six"]),
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),
        ("👩‍🚀" * 5, 7, ["👩‍🚀" * 2, "👩‍🚀" * 2, "👩‍🚀"]),
        ("今天天气很好，我们去公园", 8, ["今天天气很好，", "我们去公园"]),
        ("สวัสดีครับ วันนี้อากาศดี", 14, ["สวัสดีครับ", "วันนี้อากาศดี"]),
        ("Dr. Who is. He was.", 11, ["Dr. Who is.", "He was."]),
    ],
)
def test_long_ones_are_cut_between_words_and_never_inside_a_letter(
    text: str, limit: int, expected: list[str]
) -> None:
    assert given(text, "sentence", limit) == expected
    assert shout(text, "sentence", limit) == text.upper()


SPACELESS = [
    ("หลังจากนั้นเรากลับบ้านและทำอาหารเย็นด้วยกัน", 20, ["หลังจากนั้นเรากลับ", "บ้านและทำอาหารเย็น", "ด้วยกัน"]),
    ("ခွေးလေးသည်ကျောင်းသို့သွားသည်", 14, None),
    ("ខ្ញុំទៅផ្សារទិញត្រីនិងបន្លែ", 12, None),
    ("ຂ້ອຍໄປຕະຫຼາດຊື້ປາແລະຜັກ", 12, None),
    ("我喜欢学习中文", 3, ["我喜欢", "学习", "中文"]),
]


@pytest.mark.parametrize(
    ("text", "limit", "expected"), SPACELESS, ids=[one[0] for one in SPACELESS]
)
def test_scripts_without_spaces_are_cut_between_the_words_of_a_dictionary(
    text: str, limit: int, expected: list[str] | None
) -> None:
    words = pytest.importorskip("icu4py.breakers").WordBreaker(text, "")
    ends = set(itertools.accumulate(map(len, words)))
    parts = given(text, "sentence", limit)
    assert "".join(parts) == text and len(parts) > 1
    assert set(itertools.accumulate(map(len, parts))) <= ends
    assert expected is None or parts == expected


@pytest.mark.parametrize("text", [one[0] for one in SPACELESS if one[0][0] != "我"])
def test_so_are_their_lines(text: str) -> None:
    words = pytest.importorskip("icu4py.breakers").WordBreaker(text, "")
    lines = wrapped(text, cell_len(text) // 2 + 2)
    assert "".join(lines) == text and len(lines) > 1
    ends = set(itertools.accumulate(map(len, lines)))
    assert ends <= set(itertools.accumulate(map(len, words)))


def test_without_a_dictionary_they_are_cut_between_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionary_words, "_icu", lambda: None)
    text = "แกงเขียวหวาน"
    assert given(text, "sentence", 4) == ["แกง", "เขีย", "วหวา", "น"]  # เ is written before its ข


def test_a_summary_is_parted_at_paragraphs_first() -> None:
    text = "One. Two.\n\nThree is longer. Four.\nFive.\n\nSix."
    assert given(text, "whole", 30) == ["One. Two.", "Three is longer. Four.\nFive.", "Six."]
    assert given(text, "whole", 22) == ["One. Two.", "Three is longer. Four.", "Five.", "Six."]
    assert given(text, "whole", 100) == [text]


# Through the command line

LETTER = "Hello Mira,\n\n- The big red ball is behind the blue cube.\n- Where is my new key?\n"


def test_translate_keeps_lines_and_lists(run: Any) -> None:
    how = ("translate", "-", "--model", "starter", "--from", "en", "--to", "fr")
    [record] = run(*how, stdin=LETTER).records
    assert record["result"]["translation_text"] == (
        "Bonjour Mira,\n\n- La grande balle rouge est derrière le cube bleu.\n"
        "- Où est ma nouvelle clé ?"
    )
    assert "warnings" not in record


@pytest.mark.parametrize("by", ["sentence", "paragraph", "whole"])
def test_translate_takes_as_much_at_once_as_it_is_told(run: Any, by: str) -> None:
    text = "The girl sees a bird. The boy sees a dog.\nThe dog is big."
    how = ("translate", "--text", text, "--model", "starter", "--to", "fr", "--by", by)
    [record] = run(*how).records
    found = record["result"]["translation_text"]
    assert (found.count("\n") == 1) is (by != "whole")
    assert len(re.findall(r"[.]", found)) == 3


def test_the_usual_part_is_what_the_kind_was_trained_on() -> None:
    kinds = {"marian": "sentence", "mbart50": "sentence", "t5": "sentence", "nllb": "sentence"}
    for name, by in {**kinds, "m2m100": "sentence"}.items():
        assert load("translate", name).session.task._rewriter.by == by
    assert load("translate", "bart").session.task._rewriter.by == "paragraph"
    assert load("summarize", "bart").session.task._rewriter.by == "whole"


def test_what_is_too_long_says_so_and_a_long_text_of_short_sentences_does_not(run: Any) -> None:
    short = "The girl sees a bird. " * 60
    Path("short.txt").write_text(short)
    Path("long.txt").write_text("the girl sees a bird and " * 60)
    how = ("--model", cached("mbart50"), "--from", "en", "--to", "fr", "--num-beams", 1)
    first, second = run("translate", "long.txt", "short.txt", *how, "--max-length", 8).records
    assert "a sentence is longer than" in first["warnings"][0]
    assert not any("longer than" in warning for warning in second["warnings"])
