"""What is seen of a text: its tokens, where they look, what speaks for the answer."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from models import load
from parity.checkpoint import make

from taskcli.explain import ANSWER, INPUT, explain
from taskcli.explain.stages import stage_with
from taskcli.explain.views.kinds import Grid, Rows, Strip, View
from taskcli.inputs.sources import Reading, resolve
from taskcli.runtime.attribution import gradient_times_input, scored, scored_without
from taskcli.runtime.capture import _are_weights
from taskcli.tasks import TASKS

REVIEW = "The film is not good."
NEWS = "The council of Brinton met on Thursday. Marlon Holberg opened the meeting."
QUESTION = "Who opened the meeting?"
BY_NAME = {task.name: task for task in TASKS}


@functools.cache
def looked(task: str, text: str, name: str | Path = "starter", question: str | None = None) -> Any:
    model = opened(task, name, **({"question": [question]} if question else {}))
    reading = Reading(model.task.media, model.task.text_fields)
    sources = resolve([], reading, texts=[text]).with_fields(model.task.variants(model.options))
    found = explain(model, next(iter(sources.items)), views=True)
    assert found.look is not None and found.look.same
    return found


def opened(task: str, name: str | Path = "starter", **options: Any) -> Any:
    return load(task, Path(name) if name == "starter" else name, **options)


def views_of(
    task: str, text: str, name: str | Path = "starter", question: str | None = None
) -> dict[str, Any]:
    return {one.title: one for one in looked(task, text, name, question).look.views}


def frame(view: Any, *place: str) -> np.ndarray:
    (found,) = (one for one in view.frames if one.place == place)
    values: np.ndarray = found.values
    return values


def by_piece(view: Strip, method: str) -> dict[str, float]:
    pieces = [piece.strip() for piece in view.pieces]
    return dict(zip(pieces, frame(view, method).tolist(), strict=True))


# Tokens


def test_a_text_is_its_tokens_with_their_numbers() -> None:
    views = views_of("classify-text", REVIEW)
    table = views["Tokens"]
    assert isinstance(table, Rows) and table.stage == INPUT
    assert table.heads == ("place", "token", "id", "segment")
    assert [row[1] for row in table.rows] == [
        "[CLS]", "The", "film", "is", "not", "good", ".", "[SEP]",
    ]  # fmt: skip
    tokenizer = opened("classify-text").session.task.processor
    assert [row[2] for row in table.rows] == tokenizer(REVIEW)["input_ids"]
    assert "[CLS], [SEP]" in table.about


def test_segments_tell_a_pair_apart() -> None:
    views = views_of("qa", NEWS, question=QUESTION)
    segments = [row[3] for row in views["Tokens"].rows]
    assert segments == sorted(segments) and set(segments) == {0, 1}
    cut = views["The text, cut into its tokens"]
    assert frame(cut, "segment").tolist() == segments


def test_pieces_can_be_read_on() -> None:
    text = "The  film,\nélan 🙂 was superb."
    for name in ("starter", "roberta-sentiment"):
        cut = views_of("classify-text", text, name)["The text, cut into its tokens"]
        told = "".join(cut.pieces).replace("·", "")
        assert text in told.replace("[UNK] (🙂) ", "🙂 ")


def test_tokens_look_at_each_other_in_every_layer_and_head() -> None:
    found = looked("classify-text", REVIEW)
    (grid,) = (one for one in found.look.views if isinstance(one, Grid))
    assert len(grid.frames) == 4 * (1 + 4), "layers, of 4 heads and their mean"
    for one in grid.frames:
        assert one.values.shape == (8, 8)
        assert np.allclose(one.values.sum(-1), 1, atol=1e-5)
    assert stage_with(found.stages, grid.stage).name == "Encoder"
    heads = [frame(grid, "layer 2", f"head {number}") for number in range(1, 5)]
    assert np.allclose(np.mean(heads, 0), frame(grid, "layer 2", "mean of heads"), atol=1e-6)
    assert grid.rows[:3] == ["[CLS]", "The", "film"]


def test_of_a_long_text_heads_are_averaged_and_the_window_is_told() -> None:
    views = views_of("qa", " ".join([NEWS] * 40), question=QUESTION)
    grid = views["Where each token looks"]
    assert {one.place[1] for one in grid.frames} == {"mean of heads"}
    assert "the mean of each layer's heads" in grid.about
    assert "window 1 of" in grid.about
    assert np.allclose(grid.frames[-1].values.sum(-1), 1, atol=1e-4)


# Evidence


def test_without_not_the_film_is_good() -> None:
    view = views_of("classify-text", REVIEW)["Evidence for “negative”"]
    lost = by_piece(view, "occlusion")
    assert max(lost, key=lambda piece: np.nan_to_num(lost[piece])) == "not"
    assert lost["not"] > 0.9, "the answer flips"
    assert abs(lost["film"]) < 0.05
    assert np.isnan(lost["[CLS]"]) and np.isnan(lost["[SEP]"])


@pytest.mark.parametrize(
    ("text", "label", "word"),
    [
        (REVIEW, "negative", "not"),
        ("The acting was boring.", "negative", "boring"),
        ("The food was awful.", "negative", "awful"),
    ],
)
def test_gradients_point_at_the_words_of_the_opinion(text: str, label: str, word: str) -> None:
    view = views_of("classify-text", text)[f"Evidence for “{label}”"]
    given = frame(view, "gradient x input")
    pieces = [piece.strip() for piece in view.pieces]
    assert pieces[np.abs(given).argmax()] in ("not", "good", "bo", "aw")
    lost = by_piece(view, "occlusion, logit")
    del lost["[CLS]"], lost["[SEP]"]
    assert word.startswith(max(lost, key=lambda piece: lost[piece]))


def test_a_text_too_long_for_evidence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskcli.explain.views.evidence._MOST_TOKENS", 4)
    model = opened("classify-text")
    source = next(iter(resolve([], Reading(model.task.media), texts=[REVIEW]).items))
    look = explain(model, source, views=True).look
    assert look is not None
    (told,) = (one for one in look.views if one.title.startswith("Evidence"))
    assert isinstance(told, Rows)
    assert list(told.rows) == [(8, 4)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_weights_are_known_in_any_dtype(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    weights = torch.randn(2, 4, 300, 300).mul(3).softmax(-1).to(dtype)
    assert _are_weights(weights)
    assert not _are_weights(weights * 0.98)


def test_evidence_says_what_it_is() -> None:
    view = views_of("classify-text", REVIEW)["Evidence for “negative”"]
    assert (view.stage, view.signed) == (ANSWER, True)
    score, logit, gradient = view.frames
    assert "first-order guess" in gradient.note and "logit" in gradient.note
    assert "may be opposite" in gradient.note
    assert "replaced by [MASK]" in score.note and "label's score" in score.note
    assert "label's logit" in logit.note


def test_where_no_token_moves_the_score_evidence_opens_on_the_logit() -> None:
    views = views_of("ner", NEWS)
    entities = [one for title, one in views.items() if title.startswith("Evidence for")]
    assert entities
    for one in entities:
        methods = [frame.place[0] for frame in one.frames]
        moves = np.nanmax(np.abs(frame(one, "occlusion")))
        in_order = ["occlusion", "occlusion, logit"]
        assert methods == [*(in_order if moves >= 0.05 else in_order[::-1]), "gradient x input"]


def test_a_word_that_the_vocabulary_lacks_is_named_as_the_model_read_it() -> None:
    views = views_of("classify-text", "The film is 😀 good.")
    assert "[UNK] (😀)" in views["Where each token looks"].rows
    (evidence,) = (one for title, one in views.items() if title.startswith("Evidence for"))
    assert "[UNK] (😀) " in evidence.pieces
    assert [row[1] for row in views["Tokens"].rows][4] == "[UNK]"


def test_what_is_lost_is_what_another_text_scores() -> None:
    """ "[MASK]" in a text is six characters, so another token that stands alone is asked for."""
    view = views_of("classify-text", REVIEW)["Evidence for “negative”"]
    model = opened("classify-text")
    tokenizer, weights = model.session.task.processor, model.loaded.model
    ids = torch.tensor([tokenizer(REVIEW)["input_ids"]])
    masked = ids.clone()
    masked[0, 5] = tokenizer.mask_token_id
    with torch.inference_mode():
        whole, without = (weights(input_ids=one).logits[0] for one in (ids, masked))
    at = weights.config.label2id["negative"]
    lost = frame(view, "occlusion")[5], frame(view, "occlusion, logit")[5]
    told = (whole.softmax(-1) - without.softmax(-1))[at], (whole - without)[at]
    assert lost == pytest.approx([float(one) for one in told], abs=1e-4)


class Bag(hf.BertPreTrainedModel):
    """The label's score is the sum of what each token's vector gives: nothing is left to guess."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.table = torch.nn.Embedding(config.vocab_size, config.hidden_size)
        self.head = torch.nn.Linear(config.hidden_size, 3)

    def get_input_embeddings(self) -> Any:
        return self.table

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.head(self.table(input_ids).sum(1))
        return scores


def test_of_a_bag_of_words_gradients_are_exact_and_complete() -> None:
    torch.manual_seed(0)
    model: Any = Bag(hf.BertConfig(vocab_size=20, hidden_size=8)).eval()
    ids = torch.tensor([[3, 7, 7, 12]])
    found = gradient_times_input(model, {"input_ids": ids}, lambda scores: scores[:, :2])
    with torch.no_grad():
        exact = model.table.weight[ids[0]] @ model.head.weight[:2].T
        whole = model(ids)[0, :2] - model.head.bias[:2]
    assert found is not None
    assert np.allclose(found, exact.T, atol=1e-5)
    assert np.allclose(found.sum(-1), whole, atol=1e-5)
    assert all(weight.requires_grad for weight in model.parameters()), "as they were"


def test_of_a_bag_of_words_what_is_lost_is_the_difference_of_two_words() -> None:
    torch.manual_seed(0)
    model: Any = Bag(hf.BertConfig(vocab_size=20, hidden_size=8)).eval()
    inputs = {"input_ids": torch.tensor([[3, 7, 12]])}
    groups = [[0], [1, 2]]
    whole = scored(model, inputs, lambda scores: scores)
    lost = whole - scored_without(model, inputs, groups, 1, lambda scores: scores)
    with torch.no_grad():
        table = model.table.weight @ model.head.weight.T
        exact = [table[3] - table[1], table[7] + table[12] - 2 * table[1]]
    assert np.allclose(lost, torch.stack(exact), atol=1e-5)


def test_an_entity_hangs_on_its_own_tokens() -> None:
    view = views_of("ner", NEWS)["Evidence for “Marlon Holberg” as PER"]
    lost = by_piece(view, "occlusion")
    assert max(lost, key=lambda piece: np.nan_to_num(lost[piece])) == "Mar"


def test_an_answer_hangs_on_the_question() -> None:
    view = views_of("qa", NEWS, question=QUESTION)["Evidence for “Holberg”"]
    assert [one.place for one in view.frames] == [("occlusion",), ("gradient x input",)]
    assert by_piece(view, "occlusion")["Who"] > 0


# Entities


def test_labels_of_tokens_become_entities() -> None:
    views = views_of("ner", NEWS)
    grid, rows = views["Labels of tokens"], views["From tokens to entities"]
    (scores,) = (one.values for one in grid.frames)
    assert grid.columns == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]
    assert np.allclose(scores.sum(-1), 1, atol=1e-5)
    assert list(grid.marked) == list(enumerate(scores.argmax(-1)))
    told = {grid.rows[row]: grid.columns[column] for row, column in grid.marked}
    assert (told["Thursday"], told["Mar"], told["##berg"]) == ("O", "B-PER", "I-PER")
    assert rows.rows[1][:3] == (
        "Marlon Holberg", "PER",
        "Mar B-PER, ##lo I-PER, ##n I-PER, H I-PER, ##ol I-PER, ##berg I-PER",
    )  # fmt: skip
    assert "label of its first token" in rows.about


# Spans


def test_the_best_span_is_the_answer() -> None:
    found = looked("qa", NEWS, question=QUESTION)
    views = {one.title: one for one in found.look.views}
    best = views["Best spans"].rows
    answer = found.record.result
    assert (best[0][0], best[0][3]) == (answer.answer, pytest.approx(answer.score, abs=1e-4))
    assert all(row[3] == pytest.approx(row[1] * row[2], rel=1e-4) for row in best)
    assert [row[3] for row in best] == sorted((row[3] for row in best), reverse=True)
    assert len({row[0] for row in best}) == len(best)


def test_starts_and_ends_lie_in_the_context_alone() -> None:
    views = views_of("qa", NEWS, question=QUESTION)
    strip = views["Where the answer might start, and end"]
    assert "".join(strip.pieces).strip() == NEWS
    start, end = frame(strip, "window 1", "start"), frame(strip, "window 1", "end")
    assert strip.pieces[start.argmax()].strip() == "H"
    assert strip.pieces[end.argmax()].strip() == "berg"
    assert 0.8 < start.sum() < 1, "what is left is of [CLS], that there is none"
    grid = views["Start and end together"]
    (scores,) = (one.values for one in grid.frames)
    ((row, column),) = grid.marked
    assert (grid.rows[row], grid.columns[column]) == ("H", "##berg")
    assert scores[row, column] == scores.max() == pytest.approx(start.max() * end.max())


@pytest.mark.long
def test_each_window_of_a_long_context_has_its_own_shares() -> None:
    text = " ".join(["Many asked for more news."] * 50 + [NEWS])
    found = looked("qa", text, question=QUESTION)
    views = {one.title: one for one in found.look.views}
    strip = views["Where the answer might start, and end"]
    windows = {one.place[0] for one in strip.frames}
    assert len(windows) > 1
    assert {f"window {row[4]}" for row in views["Best spans"].rows} <= windows
    assert "".join(strip.pieces).strip() == text
    assert views["Best spans"].rows[0][0] == found.record.result.answer
    first = frame(strip, "window 1", "start")
    assert np.isnan(first[-1]) and not np.isnan(first[0])
    assert any(title.startswith("Evidence for") for title in views)


# Other architectures


ARCHITECTURES = ("distilbert", "roberta", "electra", "albert", "deberta-v2", "xlnet", "funnel")


@pytest.mark.long
@pytest.mark.parametrize("task", ["classify-text", "ner", "qa"])
@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_other_architectures_are_looked_into(task: str, model_type: str, tmp_path: Path) -> None:
    make(BY_NAME[task], model_type, tmp_path)
    asked = "Where does John Smith work?" if task == "qa" else None
    found = looked(task, "John Smith works in Berlin.", tmp_path, asked)
    views: list[View] = list(found.look.views)
    assert {"Tokens", "The text, cut into its tokens"} <= {one.title for one in views}
    for one in views:
        for shown in getattr(one, "frames", ()):
            assert shown.values.dtype == np.float32
            if isinstance(one, Grid):
                assert shown.values.shape == (len(one.rows), len(one.columns))
            elif isinstance(one, Strip):
                assert shown.values.shape == (len(one.pieces),)
    looks = [one for one in views if one.title == "Where each token looks"]
    assert bool(looks) == (model_type != "xlnet"), "whose weights have the text's axes first"
    for one in looks:
        assert all(np.allclose(shown.values.sum(-1), 1, atol=1e-4) for shown in one.frames)
    evidence = [one for one in views if one.title.startswith("Evidence")]
    assert all(one.frames[-1].place == ("gradient x input",) for one in evidence)
    assert evidence or task == "ner"


@pytest.mark.parametrize("model_type", ["bart", "t5"])
def test_a_decoder_that_reads_the_text_again_counts_too(model_type: str, tmp_path: Path) -> None:
    """The slope along a token's vector, wherever it is read, is what a small step there makes."""
    make(BY_NAME["classify-text"], model_type, tmp_path)
    model = load("classify-text", tmp_path)
    weights = model.loaded.model.double()
    ids = model.session.task.processor("the museum in Paris")["input_ids"]
    inputs = {"input_ids": torch.tensor([ids])}
    given = gradient_times_input(weights, inputs, lambda outputs: outputs.logits[:, :1])
    assert given is not None and given.shape == (1, len(ids))
    place = next(at for at, one in enumerate(ids) if at and ids.count(one) == 1)
    vector = weights.get_input_embeddings().weight.data[ids[place]]
    before, step = vector.clone(), 0.01
    made = []
    for way in (1, -1):
        vector.copy_(before * (1 + way * step))
        made.append(scored(weights, inputs, lambda outputs: outputs.logits)[0, 0])
    assert given[0, place] == pytest.approx((made[0] - made[1]) / (2 * step), rel=5e-2)


@pytest.mark.long
def test_a_text_of_characters_has_views_without_gradients(tmp_path: Path) -> None:
    """CANINE makes no vector of a token's number: many tables share the work."""
    make(BY_NAME["classify-text"], "canine", tmp_path)
    titles = views_of("classify-text", "The museum.", tmp_path)
    pieces = titles["The text, cut into its tokens"].pieces
    assert "".join(pieces).split() == ["[CLS]", "The", "museum.", "[SEP]"]
    (evidence,) = (one for title, one in titles.items() if title.startswith("Evidence"))
    assert [one.place for one in evidence.frames] == [("occlusion",), ("occlusion, logit",)]


def test_of_a_regression_the_score_is_the_logit() -> None:
    views = views_of("classify-text", "A museum in Paris.", "bert-regression")
    (evidence,) = (one for title, one in views.items() if title.startswith("Evidence"))
    assert np.allclose(
        frame(evidence, "occlusion"), frame(evidence, "occlusion, logit"), equal_nan=True
    )


@pytest.mark.parametrize("task", ["classify-text", "qa"])
def test_a_decoder_that_reads_is_not_said_to_write(task: str, tmp_path: Path) -> None:
    make(BY_NAME[task], "bart", tmp_path)
    asked = "Where does John Smith work?" if task == "qa" else None
    stages = looked(task, "John Smith works in Berlin.", tmp_path, asked).stages
    assert all(one.name != one.module for one in stages), "each is told of"
    assert not any(
        "written" in one.about or "to say next" in one.about
        for one in stages[:-1]
        if "nothing is written" not in one.about
    )
    head = {"classify-text": "Classification head", "qa": "Span head"}[task]
    assert head in [one.name for one in stages]
