"""The told world: what its grammars promise to those who train and measure on them."""

import random

import pytest

pytest.importorskip("recipes.text_grammars", reason="recipes are not part of an installed package")

from recipes.text_grammars import bilingual, lexicon, news, passages, reports, reviews, stories
from recipes.text_grammars.templates import fill, stream

GENERATORS = {
    "news": lambda rng, unseen: news.article(rng, unseen).text,
    "passages": lambda rng, unseen: passages.asked(rng, unseen).passage.text,
    "pairs": lambda rng, unseen: bilingual.pair(rng, unseen).fr,
    "reports": lambda rng, unseen: reports.report(rng, unseen).text,
    "reviews": lambda rng, unseen: reviews.review(rng, unseen).text,
    "stories": lambda rng, unseen: stories.tell(rng, unseen),
}


@pytest.fixture
def rng():
    return stream("test")


@pytest.mark.parametrize("unseen", [False, True])
@pytest.mark.parametrize("draw", GENERATORS.values(), ids=GENERATORS)
def test_one_seed_makes_the_same_texts_without_open_slots(draw, unseen):
    texts = [[draw(stream("seed", n), unseen) for n in range(40)] for _ in range(2)]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 20
    assert not any(mark in text for text in texts[0] for mark in "{}<>")


def test_articles_mark_names_and_nothing_else(rng):
    for _ in range(200):
        article = news.article(rng)
        for span in article.spans:
            name = span.of(article.text)
            assert span.slot in ("PER", "LOC", "ORG")
            assert name == name.strip(" ,.")
            assert any(letter.isupper() for letter in name)


def test_a_piece_of_an_article_keeps_its_marks(rng):
    for _ in range(200):
        article = news.article(rng, sentences=4)
        piece = news.piece(article, rng, 90)
        assert piece.text in article.text
        assert len(piece.text) <= 90 or len(article.text) <= 90
        whole = [span.of(article.text) for span in article.spans]
        assert all(any(s.of(piece.text) in name for name in whole) for s in piece.spans)


def test_no_unseen_sentence_of_news_or_reviews_is_ever_composed(rng):
    for grammar in (news, reviews):
        composed = {grammar.Composer(rng).sentence() for _ in range(20_000)}
        assert len(composed) > 10_000
        assert not composed & set(grammar.UNSEEN)


def test_unseen_names_are_never_trained_on(rng):
    trained = lexicon.Names(rng, unseen=False, real=0.0)
    unseen = lexicon.Names(rng, unseen=True)
    for kind in ("given", "town"):
        known = {getattr(trained, kind)() for _ in range(2000)}
        assert not known & {getattr(unseen, kind)() for _ in range(2000)}


def test_flipping_a_clause_twice_changes_nothing(rng):
    composer = reviews.Composer(rng)
    for _ in range(200):
        clause = composer.clause()
        assert reviews.flipped(clause) != clause
        assert reviews.flipped(reviews.flipped(clause)) == clause


def test_the_answer_stands_in_the_passage(rng):
    for _ in range(200):
        asked = passages.asked(rng)
        assert asked.answer is not None
        assert asked.answer_text in asked.passage.text
        assert asked.answer_text not in asked.question


def test_every_story_parses_and_no_damaged_one_does(rng):
    for _ in range(100):
        story = stories.tell(rng)
        assert stories.parses(story)
        assert not stories.parses(story.rsplit(".", 2)[0][:-1])
        assert not stories.parses(f"{story} The end.  And so on.")


def test_french_elides_and_contracts():
    texts = " ".join(bilingual.pair(stream("french", n)).fr for n in range(3000))
    for wrong in (" de le ", " de les ", " à le ", " à les ", " le arbre", " la église", "je aime"):
        assert wrong not in texts.replace("\n", " ")
    for right in ("l'arbre", "près du", "à côté des", "j'ai", "cet arbre", "mon église"):
        assert right in texts


@pytest.mark.long
def test_a_held_out_sentence_is_never_trained_on():
    def told_of_a_cube(unseen):
        drawn = (bilingual.pair(stream(unseen, n), unseen, most=1).en for n in range(4000))
        return {text.lower().strip(".") for text in drawn if text.lower().startswith("the cube")}

    assert len(told_of_a_cube(True)) > 5
    assert not told_of_a_cube(True) & told_of_a_cube(False)


def test_what_a_recognizer_writes_has_one_case_and_no_marks(rng):
    for _ in range(100):
        pair = bilingual.heard(rng)
        assert pair.en in (pair.en.upper(), pair.en.lower())
        assert not set(pair.en) & set(".,?!")
        assert pair.fr[0].isupper()


@pytest.mark.parametrize(("word", "article"), [("orange cube", "An"), ("unit", "A"), ("cone", "A")])
def test_articles_fit_the_next_word(word, article):
    assert fill("a {thing}.", lambda _: word).text == f"{article} {word}."


def test_streams_of_chance_differ_by_every_part():
    values = {stream(*parts).random() for parts in ((1, "a"), (1, "b"), (2, "a"), (1, "a", 0))}
    assert len(values) == 4
    assert isinstance(stream(1), random.Random)
