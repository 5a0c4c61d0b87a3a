"""translate: what is kept whole, by patterns and by a glossary, whatever a model makes of it."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished

from taskcli.errors import InputError, UsageError
from taskcli.tasks.glossary import read_glossary
from taskcli.tasks.keeping import PLACEHOLDERS, Keeping
from taskcli.tasks.kept import Kept, kept
from taskcli.tasks.parting import parted

Run = Callable[..., Finished]
FRENCH = ("-m", "starter", "--from", "en", "--to", "fr")
NAMES = re.compile(r"X(\d+)")


def translated(run: Run, *words: str) -> dict[str, Any]:
    done = run("translate", *words, *FRENCH)
    assert done.exit_code == 0, done.stderr
    [record] = done.records
    return record


def text_of(record: dict[str, Any]) -> str:
    return record["result"]["translation_text"]


def glossary(*lines: str, name: str = "terms.tsv") -> str:
    Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return name


def divided(text: str, keeping: Keeping) -> Kept:
    found = kept(
        text, keeping.spans(text), lambda one: parted(one, "sentence", lambda part: True, "en")
    )
    assert isinstance(found, Kept)
    return found


# What the model is given, and what is made of its answers


def test_a_sentence_is_given_whole_with_names_and_in_pieces() -> None:
    found = divided("Dear {name}, you owe %d euros. Bye!", Keeping([r"\{\w+\}", "%d"]))
    assert list(found.given) == [
        "Dear X1, you owe X2 euros.",
        "Dear ",
        ", you owe ",
        " euros.",
        "Bye!",
    ]


def test_names_that_come_out_stand_for_what_is_kept_in_any_order() -> None:
    found = divided("Give {a} to {b}.", Keeping([r"\{\w\}"]))
    answers = ["À X2 donne X1 !", "wrong", "wrong"]
    assert found.joined(answers[: len(found.given)]) == "À {b} donne {a} !"
    assert found.lost(answers[: len(found.given)]) == 0
    assert found.used(answers[: len(found.given)]) == [True, *[False] * (len(found.given) - 1)]


@pytest.mark.parametrize("answer", ["Donne X1.", "Donne X1 à X1 X2.", "Donne.", "", "X12 X1"])
def test_where_a_name_is_lost_or_doubled_the_pieces_are_put_together(answer: str) -> None:
    found = divided("Give {a} to {b}.", Keeping([r"\{\w\}"]))
    answers = [answer, "Donne.", "à"]
    assert list(found.given) == ["Give X1 to X2.", "Give ", " to "]
    assert found.joined(answers) == "Donne {a} à {b}."
    assert found.lost(answers) == 2
    assert found.used(answers) == [False, True, True]


def test_a_text_may_have_such_names_of_its_own() -> None:
    found = divided("X1 is not {a}.", Keeping([r"\{a\}"]))
    assert found.given[0] == "X1 is not X2."
    assert found.joined(["X1 n'est pas X2.", "", ""][: len(found.given)]) == "X1 n'est pas {a}."


def test_neighbours_have_one_name() -> None:
    found = divided("It costs %s%d now.", Keeping(["%s", "%d"]))
    assert found.given[0] == "It costs X1 now."
    assert found.joined(["Ça coûte X1.", "", ""]) == "Ça coûte %s%d."


def test_lines_of_nothing_else_are_not_given() -> None:
    text = "One.\n\n```\nx = 1.  # Two.\n```\n\nhttps://a.b/c.d?e=f\nThree."
    found = divided(text, Keeping([PLACEHOLDERS]))
    assert list(found.given) == ["One.", "Three."]
    assert found.joined(["Un.", "Trois."]) == text.replace("One", "Un").replace("Three", "Trois")


@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_lost_whatever_the_model_says(seed: int) -> None:
    rng = random.Random(seed)
    atoms = ["{a}", "%s", "<b>", "`x.y`", "word", "Word.", "今天。", "\n", " ", "\U000f0000", "X1"]
    text = "".join(rng.choice(atoms) + rng.choice(["", " "]) for _ in range(40)) + "w {z}"
    keeping = Keeping([PLACEHOLDERS])
    found = divided(text, keeping)
    noise = ["X1", "X2 X1", "", "Mot.", "{a}", "X1 X2 X3"]
    for answers in (
        [rng.choice(noise) for _ in found.given],
        list(found.given),
        [""] * len(found.given),
    ):
        said = found.joined(answers)
        for kept_whole, times in Counter(span.said for span in keeping.spans(text)).items():
            assert said.count(kept_whole) >= times, (text, answers, said)
    squeezed = "".join(found.joined(list(found.given)).split())
    assert squeezed == "".join(text.split())


def test_placeholders_are_what_programs_and_pages_write() -> None:
    text = (
        "See https://x.org/a.b?c=1. Or `os.path`, <a href='#'>this</a> &amp; {user.name} "
        "${HOME} {{ cart }} %s %(n)05.2f %1$s me@example.com, 50 % of it is 5% off."
    )
    assert [span.said for span in Keeping([PLACEHOLDERS]).spans(text)] == [
        "https://x.org/a.b?c=1",
        "`os.path`",
        "<a href='#'>",
        "</a>",
        "&amp;",
        "{user.name}",
        "${HOME}",
        "{{ cart }}",
        "%s",
        "%(n)05.2f",
        "%1$s",
        "me@example.com",
    ]


# The command


def test_what_a_pattern_finds_is_in_the_answer(run: Run) -> None:
    words = ("--text", "The red ball is behind {place}.", "--keep-pattern", r"\{\w+\}")
    assert text_of(translated(run, *words)) == "La balle rouge est derrière {place}."


@pytest.mark.parametrize("text", ["{a}", "{a} %s\n\n{b}"])
def test_an_answer_to_a_text_that_is_all_kept_is_not_used(text: str) -> None:
    found = divided(text, Keeping([PLACEHOLDERS]))
    answers = ["Le mot."] * len(found.given)
    assert found.joined(answers) == text
    assert found.used(answers) == [False]
    assert found.lost(answers) == 0


def test_what_is_kept_as_a_whole_is_its_own_answer(run: Run) -> None:
    record = translated(run, "--text", "The red ball.", "--keep-pattern", "(?s).+")
    assert text_of(record) == "The red ball."


@pytest.mark.parametrize("by", ["sentence", "paragraph"])
def test_rows_that_are_kept_stand_beside_others(run: Run, by: str) -> None:
    Path("rows.csv").write_text("text\n{name}\nThe red ball.\ncube\n%s %d\n")
    keep = ("--keep-placeholders", "--glossary", glossary("cube\tdé"), "--by", by)
    done = run("translate", "rows.csv", "--field", "text", *FRENCH, *keep)
    assert done.exit_code == 0, done.stderr
    first, second, *others = map(text_of, done.records)
    assert [first, *others] == ["{name}", "dé", "%s %d"]
    assert "balle" in second


def test_without_a_match_nothing_changes(run: Run) -> None:
    words = ("--text", "The big red ball is behind the blue cube.")
    assert translated(run, *words, "--keep-pattern", "zzz") == translated(run, *words)


def test_what_was_put_in_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskcli.tasks import kept as module

    monkeypatch.setattr(module, "_fillers", lambda unit, answer: None)
    record = translated(run, "--text", "The ball {x} is red.", "--keep-placeholders")
    assert "{x}" in text_of(record)
    [warning] = record["warnings"]
    assert warning.startswith("1 place to keep was lost")


def test_several_patterns_and_placeholders_go_together(run: Run) -> None:
    record = translated(
        run,
        *("--text", "Where is my new key %s or #42 or NASA?", "--keep-placeholders"),
        *("--keep-pattern", "NASA", "--keep-pattern", r"#\d+"),
    )
    for word in ("%s", "#42", "NASA"):
        assert text_of(record).count(word) == 1


def test_subtitles_keep_what_is_asked_too(run: Run) -> None:
    Path("film.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nThe ball of {owner}\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\nis red.\n"
    )
    record = translated(run, "film.srt", "--keep-placeholders")
    texts = [one["text"] for one in record["result"]["chunks"]]
    assert len(texts) == 2 and sum("{owner}" in text for text in texts) == 1


@pytest.mark.parametrize(("pattern", "told"), [("(", "missing )"), ("[", ""), ("*", "")])
def test_a_pattern_that_is_none_is_a_wrong_call(run: Run, pattern: str, told: str) -> None:
    done = run("translate", "--text", "a", *FRENCH, "--keep-pattern", pattern)
    assert done.exit_code == 2
    assert f"--keep-pattern {pattern}: {told}" in done.stderr


def test_a_pattern_without_an_end_costs_its_input_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskcli.tasks import keeping

    monkeypatch.setattr(keeping, "_MOST_TIME", 0.3)
    Path("rows.txt").write_text(f"{'a' * 40}!\nThe ball is red.\n")
    begun = time.monotonic()
    done = run("translate", "rows.txt", "--lines", *FRENCH, "--keep-pattern", "(a|aa)+$")
    assert time.monotonic() - begun < 30
    first, second = done.records
    assert "(a|aa)+$" in first["error"]["message"]
    assert "rouge" in text_of(second)


# A glossary


def test_a_term_is_said_as_the_glossary_says(run: Run) -> None:
    terms = glossary("ball\tballon de plage", "# a note", "", "blue cube\tdé bleu")
    record = translated(
        run, "--text", "The big red ball is behind the blue cube.", "--glossary", terms
    )
    assert "ballon de plage" in text_of(record)
    assert "dé bleu" in text_of(record)
    assert "cube" not in text_of(record)


def spans(text: str, **terms: str) -> list[str]:
    return [span.said for span in Keeping(terms=terms).spans(text)]


def test_terms_are_whole_words_the_longest_first_and_begin_sentences() -> None:
    assert spans("A cat in a cathedral.", cat="chat") == ["chat"]
    assert spans("Cat! cats CAT", cat="chat") == ["Chat"]
    assert spans("the red ball", **{"ball": "1", "red ball": "2"}) == ["2"]
    assert spans("猫在家", 猫="cat") == ["cat"]
    assert spans("C++ and .NET", **{"C++": "C++", ".NET": ".NET"}) == ["C++", ".NET"]
    assert spans("red balls", **{"red": "1", "red ball": "2"}) == ["1"]
    assert spans("ab ab ab", **{"ab": "1", "ab ab": "2"}) == ["2", "1"]
    assert spans("東京都庁", 東京="Tokyo", 都庁="hall", 東京都="Tokyo-to") == ["Tokyo-to"]
    assert spans("cafe\u0301", cafe="Kaffee") == []
    assert spans("Cat", cat="chat", Cat="CAT") == ["CAT"]


def test_ten_thousand_terms_take_no_longer_than_ten() -> None:
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(4, 12))) for _ in range(20_000)]
    texts = [" ".join(rng.choices(words, k=20)) for _ in range(200)]

    def seconds(terms: list[str]) -> float:
        keeping, known = Keeping(terms=dict.fromkeys(terms, "said")), set(terms)
        keeping.spans("once")  # what is made once
        best = float("inf")
        for _ in range(3):
            begun = time.process_time()
            found = sum(len(keeping.spans(text)) for text in texts)
            best = min(best, time.process_time() - begun)
        assert found == sum(word in known for text in texts for word in text.split())
        return best

    assert seconds(words[:10_000]) < 10 * seconds(words[:10])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "ball\tballe\nball\tballe\n"),
        ("a.csv", "ball,balle\n"),
        ("a.csv", '"ball";"balle"\n'),
    ],
)
def test_glossaries_are_tables_of_two_columns(name: str, content: str) -> None:
    Path(name).write_text(content)
    assert read_glossary(Path(name)) == {"ball": "balle"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("ball\n", "line 1 is no pair of terms"),
        ("ball\tballe\ncube\t\n", "line 2 is no pair of terms"),
        ("ball\tballe\t\ncube\tdé\tjeu\n", "line 2 has more than a pair: jeu"),
        ("\n# note\n", "there are no terms"),
        ("ball\tballe\ncube\tdé\ncube\tautre\n", "line 3: cube is given twice"),
    ],
)
def test_a_glossary_that_is_none_is_a_wrong_call(run: Run, content: str, told: str) -> None:
    Path("terms.tsv").write_text(content)
    done = run("translate", "--text", "a", *FRENCH, "--glossary", "terms.tsv")
    assert done.exit_code == 2
    assert told in done.stderr and "terms.tsv" in done.stderr
    missing = run("translate", "--text", "a", *FRENCH, "--glossary", "none.tsv")
    assert missing.exit_code == 2
    assert "none.tsv" in missing.stderr


def test_a_glossary_of_another_encoding_says_so() -> None:
    Path("old.tsv").write_bytes("clé\tkey\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"old\.tsv"):
        read_glossary(Path("old.tsv"))


def test_what_takes_long_is_an_error_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    from taskcli.tasks import keeping

    monkeypatch.setattr(keeping, "_MOST_TIME", 0.1)
    with pytest.raises(InputError, match="longer than"):
        Keeping(["(a|aa)+$"]).spans("a" * 40 + "!")
