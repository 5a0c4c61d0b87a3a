"""The starters for text: what they answer about texts whose meaning is known."""

from pathlib import Path

import pytest

from recipes.text_grammars import stories

TEXTS = Path(__file__).resolve().parent.parent / "examples" / "texts"


def result_of(finished):
    assert finished.exit_code == 0, finished.stderr
    [record] = finished.records
    return record["result"]


@pytest.mark.parametrize(
    ("file", "source", "target", "answer"),
    [("letter.txt", "en", "fr", "lettre.txt"), ("lettre.txt", "fr", "en", "letter.txt")],
)
def test_a_letter_is_translated_word_for_word(run, file, source, target, answer):
    words = ("translate", TEXTS / file, "--model", "starter", "--from", source, "--to", target)
    found = result_of(run(*words))["translation_text"]
    assert found.split() == (TEXTS / answer).read_text().split()


@pytest.mark.parametrize(
    "heard",
    ["THE BIG RED BALL IS BEHIND THE BLUE CUBE", "the big red ball is behind the blue cube"],
)
def test_what_a_recognizer_heard_becomes_a_french_sentence(run, heard):
    found = result_of(run("translate", "-", "--model", "starter", "--to", "fr", stdin=heard))
    assert found["translation_text"] == "La grande balle rouge est derrière le cube bleu."


def test_a_long_letter_is_translated_in_parts(run):
    sentence = "The big red ball is behind the blue cube."
    words = ("translate", "-", "--model", "starter", "--to", "fr")
    found = result_of(run(*words, stdin=" ".join([sentence] * 9)))
    assert found["translation_text"].count("La grande balle rouge est derrière le cube bleu.") == 9


def test_a_summary_says_who_does_what_and_when(run):
    found = result_of(run("summarize", TEXTS / "report.txt", "--model", "starter"))
    assert found["summary_text"] == "Brinton will repair the bridge in March for 450 euros."


def test_ner_finds_every_name_of_an_article(run):
    text = (TEXTS / "article.txt").read_text()
    found = result_of(run("ner", TEXTS / "article.txt", "--model", "starter"))
    kinds = {
        "Mira Lindel": "PER",
        "Marlon Holberg": "PER",
        "Brinton": "LOC",
        "Merton": "LOC",
        "Rovina Foundation": "ORG",
    }
    places = sorted(
        (start, start + len(name), kind)
        for name, kind in kinds.items()
        for start in range(len(text))
        if text.startswith(name, start)
    )
    assert [(one["start"], one["end"], one["entity_group"]) for one in found] == places


def test_ner_loses_no_name_in_a_text_of_many_windows(run):
    article = (TEXTS / "article.txt").read_text()
    once, many = (
        result_of(run("ner", "-", "--model", "starter", stdin=article * times)) for times in (1, 12)
    )
    assert len(many) >= 11 * len(once)


def test_ner_takes_no_ordinary_word_for_a_name(run):
    text = "The council agreed. Nobody knows why the harvest was late, but he met the farmers."
    assert result_of(run("ner", "--text", text, "--model", "starter")) == []


@pytest.mark.parametrize(
    ("file", "label"), [("review.txt", "positive"), ("complaint.txt", "negative")]
)
def test_a_review_is_judged_as_a_whole(run, file, label):
    [best, other] = result_of(run("classify-text", TEXTS / file, "--model", "starter"))
    assert best["label"] == label
    assert best["score"] > 0.9 > other["score"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The music was not bad at all.", "positive"),
        ("The music was not good at all.", "negative"),
        ("The plot was dull, but I loved the film.", "positive"),
        ("The plot was gripping, but I hated the film.", "negative"),
    ],
)
def test_denial_and_concession_count(run, text, label):
    [best] = result_of(run("classify-text", "--text", text, "--model", "starter", "--top-k", 1))
    assert best["label"] == label


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who opened the library?", "Mira Lindel"),
        ("Where did Marlon Holberg go?", "Brinton"),
        ("How did Marlon Holberg travel?", "train"),
        ("When was the contract signed?", "3 May 2021"),
        ("What is the job of Mira Lindel?", "teacher"),
    ],
)
def test_a_question_is_answered_by_the_text(run, question, answer):
    found = result_of(run("qa", TEXTS / "article.txt", "--model", "starter", "-q", question))
    text = (TEXTS / "article.txt").read_text()
    assert found["answer"] == answer
    assert text[found["start"] : found["end"]] == answer


def test_a_story_goes_on_about_its_own_hero_and_ends(run):
    found = result_of(run("generate", TEXTS / "story.txt", "--model", "starter"))
    story = found["generated_text"]
    assert story.startswith((TEXTS / "story.txt").read_text())
    assert stories.parses(story)
