"""What `taskcli explain` shows of texts that a model writes: it is what happened, and adds up."""

import functools
import random
from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from checkpoints import cached
from models import NEEDED
from parity.checkpoint import make

import taskcli
from recipes.text_grammars import bilingual
from taskcli.explain import Explanation, explain
from taskcli.explain.stages import stage_with
from taskcli.explain.views import alignment as alignment_views
from taskcli.explain.views import next_tokens
from taskcli.explain.views.kinds import Grid, Node, Rows, Strip, Tree, View
from taskcli.inputs.sources import Reading, resolve
from taskcli.tasks import TASKS

torch.set_num_threads(1)
V = TypeVar("V", bound=View)
STORY = "Once upon a time"
SENTENCE = "The red cube is to the left of the blue ball."
ARTICLE = Path(__file__).parents[1] / "examples/texts/article.txt"
FRENCH = {"source_language": "en", "target_language": "fr"}


@functools.cache
def loaded(task: str, name: str = "starter", **options: Any) -> Any:
    return taskcli.load(task, name, device="cpu", dtype="float32", **options)


def looked(model: Any, text: str) -> Explanation:
    reading = Reading(model.task.media, model.task.text_fields, chats=model.task.chats)
    (source,) = resolve([], reading, texts=[text]).items
    found = explain(model, source, views=True)
    assert found.look is not None and found.look.same
    return found


def views(found: Explanation, kind: type[V]) -> list[V]:
    assert found.look is not None
    return [one for one in found.look.views if type(one) is kind]


def table(found: Explanation, title: str) -> Rows:
    (one,) = (rows for rows in views(found, Rows) if rows.title == title)
    return one


def steps(found: Explanation) -> Rows:
    return table(found, "The next token, step by step")


def sureness(found: Explanation) -> Strip:
    (one,) = (strip for strip in views(found, Strip) if strip.title == "How sure of each token")
    return one


def looks(found: Explanation) -> list[Grid]:
    """Of the tokens that were written."""
    return [one for one in views(found, Grid) if one.row_name == "written"]


def rules(found: Explanation) -> dict[str, Any]:
    return {str(row[0]): row[1] for row in table(found, "How it was written").rows}


def column(rows: Rows, head: str) -> list[Any]:
    return [row[list(rows.heads).index(head)] for row in rows.rows]


def text_of(found: Explanation) -> str:
    (text,) = (
        getattr(found.record.result, name)
        for name in ("generated_text", "summary_text", "translation_text")
        if hasattr(found.record.result, name)
    )
    return str(text)


@functools.cache
def story(**options: Any) -> Explanation:
    return looked(loaded("generate", max_new_tokens=12, **options), STORY)


@functools.cache
def translated(text: str = SENTENCE, **options: Any) -> Explanation:
    return looked(loaded("translate", **FRENCH, **options), text)


# The next token


@pytest.mark.long
def test_the_prompt_and_the_source_are_shown_as_tokens() -> None:
    assert column(table(story(), "Tokens"), "token")[0] == "Once"
    source = table(translated(), "Tokens")
    assert column(source, "token")[0] == "en_XX"
    (encoder,) = (one for one in views(translated(), Grid) if one.row_name == "token")
    assert stage_with(translated().stages, encoder.stage).name == "Encoder"
    assert len(encoder.rows) == len(source.rows)


def test_bytes_are_told_by_the_character_that_they_make() -> None:
    found = looked(loaded("generate", max_new_tokens=4), "A 😀 cube")
    (tokens,) = (one for one in views(found, Strip) if one.title.startswith("The text, cut"))
    assert list(tokens.pieces)[2:6] == ["😀", "·", "·", "·"]
    assert not tokens.measured
    (before,) = (one for one in views(found, Grid) if one.title.startswith("Which tokens before"))
    assert list(before.columns)[2:6] == ["part of 😀"] * 4


def test_the_tokens_of_the_steps_are_the_text() -> None:
    found = story()
    strip = sureness(found)
    assert STORY + "".join(strip.pieces) == text_of(found)
    assert [str(one).strip() for one in strip.pieces] == column(steps(found), "token")
    assert stage_with(found.stages, steps(found).stage).name == "Language-model head"


def test_probabilities_are_those_of_a_run_without_us() -> None:
    model = loaded("generate", max_new_tokens=12).loaded.model
    tokenizer = loaded("generate", max_new_tokens=12).loaded.processor
    given = tokenizer([STORY], return_tensors="pt")
    ran = model.generate(
        **given, max_new_tokens=12, output_logits=True, return_dict_in_generate=True
    )
    written = ran.sequences[0, given["input_ids"].shape[1] :]
    shares = torch.cat(ran.logits).softmax(-1)
    rows = steps(story())
    wanted = shares.gather(-1, written[:, None])[:, 0]
    assert column(rows, "probability") == pytest.approx(wanted.tolist(), abs=1e-4)
    bits = -(shares * shares.log2()).nansum(-1)
    assert column(rows, "entropy in bits") == pytest.approx(bits.tolist(), abs=1e-3)
    for at, others in enumerate(column(rows, "other tokens")):
        best = [int(one) for one in shares[at].topk(6).indices if one != written[at]][:5]
        assert len(others.split("  ")) == 5
        share = float(shares[at, best[0]])
        name = tokenizer.decode(best[:1]).strip() or "␣"
        assert others.startswith(f"{name} {f'{share:.1%}' if share >= 0.001 else '<0.1%'}")


def test_sampling_tells_the_models_probability_and_that_of_the_draw() -> None:
    found = story(temperature=0.5, top_p=0.9, seed=3)
    rows = steps(found)
    assert "drawn by chance" in rows.about and "temperature 0.5" in rows.about
    own, drawn = column(rows, "probability"), column(rows, "after changes")
    assert rows.shares == {"probability", "after changes"}
    assert own != drawn
    assert all(0 < one <= 1 for one in [*own, *drawn])
    assert rules(found)["way of choosing"] == "drawn by chance"
    strip = sureness(found)
    assert STORY + "".join(strip.pieces) == text_of(found)
    greedy = steps(story())
    assert "after changes" not in greedy.heads and "likeliest token was taken" in greedy.about


def test_a_repetition_penalty_is_told_and_changes_what_was_compared() -> None:
    rows = steps(story(repetition_penalty=1.8))
    assert "repetition penalty 1.8" in rows.about
    assert column(rows, "probability") != column(rows, "after changes")


def test_of_several_texts_the_first_is_shown() -> None:
    found = story(seed=5, num_return_sequences=3)
    strip = sureness(found)
    assert STORY + "".join(strip.pieces) == found.record.result[0].generated_text
    assert "Of the texts that were asked for, this is the first." in strip.about


# Where a writer looks


def test_a_decoder_looks_at_what_stands_before_and_never_ahead() -> None:
    found = story()
    (grid,) = views(found, Grid)
    assert stage_with(found.stages, grid.stage).name == "Causal decoder blocks"
    prompt = len(grid.columns) - len(grid.rows) + 1
    assert (len(grid.rows), len(grid.columns)) == (12, prompt + 11)
    assert [*grid.columns[prompt:], grid.rows[-1]] == list(grid.rows)
    layers = loaded("generate", max_new_tokens=12).loaded.model.config.n_layer
    heads = loaded("generate", max_new_tokens=12).loaded.model.config.n_head
    assert len(grid.frames) == 1 + layers * (1 + heads)
    assert grid.frames[0].place == ("all layers", "mean of heads")
    for frame in grid.frames:
        assert frame.values.sum(-1) == pytest.approx(1, abs=1e-3)
        ahead = np.triu(np.ones_like(frame.values), k=prompt)
        assert (frame.values[ahead > 0] == 0).all()
    assert np.mean([one.values for one in grid.frames[1 :: 1 + heads]], 0) == pytest.approx(
        grid.frames[0].values, abs=1e-5
    )


def alignment(found: Explanation) -> Grid:
    (grid,) = (one for one in views(found, Grid) if one.column_name == "source")
    return grid


COLOURS = {english: set(french) for english, french in bilingual.COLOURS.items()}
NOUNS = {noun.en: {noun.fr, noun.frs} for noun in bilingual.NOUNS}


def pairs_of(grid: Grid) -> list[tuple[int, int]]:
    """(row, column) of words that are whole tokens and mean the same, once on each side."""
    once = {word for word, count in Counter(grid.columns).items() if count == 1}
    return [
        (row, list(grid.columns).index(english))
        for english, french in (COLOURS | NOUNS).items()
        if english in once
        for row, word in enumerate(grid.rows)
        if word in french and list(grid.rows).count(word) == 1
    ]


@pytest.mark.long
def test_words_are_aligned_with_those_that_they_translate() -> None:
    """Of sentences that training held out: colours come behind their nouns in French."""
    rng = random.Random(11)
    sentences = [bilingual._sentence(rng, unseen=True).en for _ in range(8)]
    grids = [alignment(translated(one)) for one in sentences]
    found = [(grid, *pair) for grid in grids for pair in pairs_of(grid)]
    assert len(found) >= 8
    aligned = [(row, column) in grid.marked for grid, row, column in found]
    weight = [grid.frames[0].values[row, column] for grid, row, column in found]
    assert np.mean(aligned) >= 0.95
    assert np.mean(weight) >= 0.5
    chance = [1 / len(grid.columns) for grid, *_ in found]
    assert np.mean(weight) > 4 * np.mean(chance)


def test_an_alignment_has_a_row_for_each_token_and_sums_to_one() -> None:
    found = translated()
    grid = alignment(found)
    assert stage_with(found.stages, grid.stage).name == "Decoder with cross-attention"
    assert list(grid.rows) == column(steps(found), "token")
    assert (grid.columns[0], grid.columns[-1]) == ("en_XX", "</s>")
    red, rouge = grid.columns.index("red"), grid.rows.index("rouge")
    assert (rouge, red) in grid.marked and len(grid.marked) == len(grid.rows)
    config = loaded("translate", **FRENCH).loaded.model.config
    assert len(grid.frames) == 1 + config.decoder_layers * (1 + config.decoder_attention_heads)
    for frame in grid.frames:
        assert frame.values.shape == (len(grid.rows), len(grid.columns))
        assert frame.values.sum(-1) == pytest.approx(1, abs=1e-3)


# Beams


def path_to(nodes: list[Node], at: int) -> list[int]:
    parent = nodes[at].parent
    return [at] if parent is None else [*path_to(nodes, parent), at]


def depth(nodes: list[Node], at: int) -> int:
    return len(path_to(nodes, at)) - 1


def test_the_way_of_the_answer_through_the_beams_is_the_text() -> None:
    found = translated(num_beams=4)
    (tree,) = views(found, Tree)
    nodes = list(tree.nodes)
    way = [at for at, node in enumerate(nodes) if node.is_answer]
    assert way == path_to(nodes, way[-1])
    assert [nodes[at].text for at in way[1:]] == column(steps(found), "token")
    assert all(nodes[at].is_kept for at in way)
    assert stage_with(found.stages, tree.stage).module == "<answer>"


def test_each_step_keeps_as_many_texts_as_there_are_beams() -> None:
    found = translated(num_beams=4)
    (tree,) = views(found, Tree)
    nodes = list(tree.nodes)
    kept = Counter(depth(nodes, at) for at, node in enumerate(nodes) if node.is_kept)
    tried = Counter(depth(nodes, at) for at in range(len(nodes)))
    assert kept[1] == 1, "the language is forced: all beams are one text"
    ended = column(table(found, "The texts that the beams finished"), "tokens")
    for step in range(2, min(ended)):
        assert (kept[step], tried[step]) == (4, 8)
    assert all(nodes[node.parent].is_kept for node in nodes if node.parent is not None), (
        "what was dropped does not go on"
    )


def test_scores_are_sums_of_the_models_own_logarithms() -> None:
    """Of the answer, against one reading of it by the model alone."""
    found = translated(num_beams=4)
    (tree,) = views(found, Tree)
    model = loaded("translate", **FRENCH, num_beams=4)
    tokenizer = model.loaded.processor
    source = [*tokenizer.convert_tokens_to_ids(["en_XX"])]
    source += [*tokenizer([SENTENCE], add_special_tokens=False)["input_ids"][0], 2]
    answer = tokenizer([text_of(found)], add_special_tokens=False)["input_ids"][0]
    row = torch.tensor([[2, tokenizer.convert_tokens_to_ids("fr_XX"), *answer, 2]])
    with torch.inference_mode():
        logits = model.loaded.model(
            input_ids=torch.tensor([source]), decoder_input_ids=row[:, :-1]
        ).logits
    own = logits.log_softmax(-1)[0].gather(-1, row[0, 1:, None])[:, 0]
    own[0] = 0  # the language is forced
    way = [node for node in tree.nodes if node.is_answer]
    assert [node.score for node in way[1:]] == pytest.approx(own.cumsum(0).tolist(), abs=1e-3)
    finished = table(found, "The texts that the beams finished")
    (sum_of_best,) = (row[2] for row in finished.rows if row[4] == "yes")
    assert sum_of_best == pytest.approx(way[-1].score)
    final = column(finished, "final score")
    assert final == sorted(final, reverse=True) and finished.rows[0][4] == "yes"
    assert column(finished, "text")[0] == text_of(found)


@pytest.mark.long
def test_one_beam_is_no_tree() -> None:
    assert views(story(), Tree) == []
    assert views(translated(num_beams=1), Tree) == []
    assert len(views(story(num_beams=3), Tree)) == 1


# How it was written


def test_it_is_told_what_was_asked_for_and_what_ended_the_text() -> None:
    found = rules(translated(num_beams=4))
    assert found["special tokens among them"] == "en_XX </s>"
    assert found["forced first token"] == "fr_XX"
    assert found["way of choosing"] == "4 beams"
    assert found["what ended it"] == "the end token </s>"
    assert found["most tokens"] == 127
    assert found["tokens written"] == len(steps(translated(num_beams=4)).rows)
    cut = rules(translated(max_length=6))
    assert cut["what ended it"] == "there was no room for more tokens: </s> was forced"
    assert (cut["most tokens"], cut["tokens written"]) == (5, 5)
    assert rules(story())["what ended it"] == "there was no room for more tokens"


def test_a_text_of_stop_ends_the_text() -> None:
    found = story(stop=(" named",))
    assert found.record.result.finish_reason == "stop_sequence"
    assert rules(found)["what ended it"] == "a text of --stop"
    assert column(steps(found), "token")[-1] == "named"


def test_of_a_text_in_parts_the_first_is_shown() -> None:
    found = translated("The cat is on the old table. The red ball is near the tree.")
    assert "read in 2 parts: this is of the first" in steps(found).about
    strip = sureness(found)
    first = "".join(strip.pieces).removeprefix("fr_XX").removesuffix("</s>").strip()
    assert text_of(found).startswith(first) and len(first) < len(text_of(found)) - 10
    assert "table" in alignment(found).columns and "ball" not in alignment(found).columns


@pytest.mark.long
def test_a_summary_is_aligned_with_its_article() -> None:
    found = looked(loaded("summarize"), ARTICLE.read_text())
    grid = alignment(found)
    assert len(grid.rows) == len(steps(found).rows) > 5
    assert len(views(found, Tree)) == 1
    assert rules(found)["way of choosing"] == "2 beams"


def test_of_long_texts_a_part_is_shown_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, (grid,) = story(), looks(story())
    for module in (alignment_views, next_tokens):
        monkeypatch.setattr(module, "MOST_TOKENS", 4)
    monkeypatch.setattr(alignment_views, "_MOST_COLUMNS", 5)
    found = looked(loaded("generate", max_new_tokens=12), STORY)
    assert "The first 4 of 12 tokens are shown." in steps(found).about
    assert steps(found).rows == steps(whole).rows[:4]
    (part,) = looks(found)
    assert "Of the 7 tokens of the text, the last 5 are shown." in part.about
    assert (part.rows, part.columns) == (grid.rows[:4], grid.columns[2:7])
    assert part.frames[0].values == pytest.approx(grid.frames[0].values[:4, 2:7], abs=1e-5)


def test_the_model_is_left_as_it_was() -> None:
    model = loaded("generate", max_new_tokens=12)
    before = set(vars(model.loaded.model))
    looked(model, STORY)
    assert set(vars(model.loaded.model)) == before


# Other architectures


@pytest.mark.parametrize("name", ["t5", "marian", "m2m100", "nllb", "mbart50"])
def test_other_writers_are_seen_too(name: str) -> None:
    options = {**NEEDED.get(("translate", name), {}), "num_beams": 2, "max_length": 9}
    found = looked(loaded("translate", str(cached(name)), **options), SENTENCE)
    assert len(steps(found).rows) == rules(found)["tokens written"] == len(alignment(found).rows)
    assert len(views(found, Tree)) == 1


@pytest.mark.parametrize("task, model_type, grids", [
    ("generate", "opt", 1),
    ("generate", "llama", 1),
    ("generate", "bloom", 1),
    ("generate", "mamba", 0),
    ("generate", "xlnet", 0),
    ("generate", "bart", 1),
    ("generate", "prophetnet", 0),
    ("summarize", "pegasus", 2),
    ("summarize", "prophetnet", 0),
])  # fmt: skip
def test_an_architecture_that_nobody_knows_is_seen_as_far_as_it_tells(
    task: str, model_type: str, grids: int, tmp_path: Path
) -> None:
    """XLNet and ProphetNet read a whole text otherwise than they wrote it: they have no grid."""
    kind = next(one for one in TASKS if one.name == task)
    make(kind, model_type, tmp_path)
    length = {"max_new_tokens": 5} if task == "generate" else {"max_length": 7}
    found = looked(loaded(task, str(tmp_path), **length), SENTENCE)
    assert len(steps(found).rows) == rules(found)["tokens written"] > 0
    assert len(looks(found)) == grids


# The stages that the guide tells of


def names(found: Explanation) -> list[str]:
    return [one.name for one in found.stages]


def test_the_stages_of_gpt2_are_those_of_the_guide() -> None:
    assert names(story()) == [
        "Byte-pair tokens", "Token vectors", "Positions", "Causal decoder blocks",
        "Normalised output", "Language-model head", "The next token, again and again",
    ]  # fmt: skip


def test_the_stages_of_encoder_decoders_are_those_of_the_guide() -> None:
    found = names(translated())
    wanted = [
        "Tokens, with the source's language", "Encoder", "Decoder with cross-attention",
        "Language-model head", "Forced language, beams and length limits",
    ]  # fmt: skip
    assert [one for one in found if one in wanted] == wanted


@pytest.mark.parametrize("name", ["t5", "marian", "bart"])
def test_every_stage_of_its_kin_has_a_name(name: str) -> None:
    model = loaded("summarize", str(cached(name)), num_beams=2, min_length=2, max_length=8)
    found = looked(model, SENTENCE)
    assert [one.module for one in found.stages if one.name == one.module] == []
    assert found.stages[-1].name == "Beams and length limits"
