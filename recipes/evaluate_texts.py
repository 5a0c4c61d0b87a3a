"""What measures the starters for text; `recipes.evaluate` runs it.

All names, and for classify-text and translate all sentences, are held out from training.
"""

from __future__ import annotations

import json
import math
import operator
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import sacrebleu
import torch
from rouge_score.rouge_scorer import RougeScorer
from seqeval.metrics import f1_score

import taskcli
from recipes.score import Score
from recipes.starter import Starter
from recipes.text_grammars import bilingual, news, passages, reports, reviews, stories
from recipes.text_grammars.templates import Filled, stream


def _answers(task: str, starter: Starter, texts: Iterable[str], **options: Any) -> list[Any]:
    model = starter.load(task, **options)
    return [_result(record) for record in model(texts=texts)]


def _result(record: Any) -> Any:
    if record.error is not None:
        raise RuntimeError(f"{record.input}: {record.error}")
    return record.result


def evaluate_classify_text(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """Accuracy on reviews whose sentences come from templates that training never used."""

    def accuracy(sentences: int | None) -> float:
        rng = stream(seed, "classify-text", sentences)
        drawn = [reviews.review(rng, unseen=True, sentences=sentences) for _ in range(count)]
        results = _answers("classify-text", starter, [review.text for review in drawn])
        best = [result[0].label for result in results]
        return sum(map(operator.eq, best, [review.label for review in drawn])) / count

    yield Score("accuracy, unseen templates", accuracy(None), 0.95)
    yield Score("accuracy, unseen, one sentence", accuracy(1), 0.95)
    yield Score("accuracy, unseen, several windows", accuracy(18), 0.95)


def evaluate_ner(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """F1 of whole entities; every name is held out from training."""

    def f1(unseen_templates: bool, sentences: int | None, texts: int) -> float:
        rng = stream(seed, "ner", unseen_templates, sentences)
        drawn = [news.article(rng, True, unseen_templates, sentences) for _ in range(texts)]
        results = _answers("ner", starter, [article.text for article in drawn])
        found = [[(e.entity_group, e.start, e.end) for e in result] for result in results]
        true = [[(s.slot, s.start, s.end) for s in article.spans] for article in drawn]
        pairs = list(zip(drawn, true, found, strict=True))
        return float(
            f1_score([_tags(a, t) for a, t, _ in pairs], [_tags(a, f) for a, _, f in pairs])
        )

    yield Score("entity F1, unseen names", f1(False, None, count), 0.90)
    yield Score("entity F1, unseen names and templates", f1(True, None, count), 0.90)
    yield Score("entity F1, several windows", f1(False, 30, max(1, count // 10)), 0.90)


def _tags(article: Filled, entities: list[tuple[str, int, int]]) -> list[str]:
    """A tag for each character, so that no tokenizer decides where an entity may end."""
    tags = ["O"] * len(article.text)
    for kind, start, end in entities:
        tags[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
    return tags


def evaluate_qa(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """Exact match on passages whose names are all held out from training."""

    def exact(least: int, most: int) -> float:
        rng = stream(seed, "qa", least, most)
        drawn = [passages.asked(rng, True, most, least=least) for _ in range(count)]
        rows = [{"question": one.question, "context": one.passage.text} for one in drawn]
        results = _of_rows(starter.load("qa"), rows)
        right = [r.answer == one.answer_text for r, one in zip(results, drawn, strict=True)]
        return sum(right) / count

    yield Score("exact match", exact(1, 8), 0.90)
    yield Score("exact match, several windows", exact(20, 24), 0.80)


def _of_rows(model: taskcli.Model, rows: list[dict[str, str]]) -> list[Any]:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "rows.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return [_result(record) for record in model([file])]


def evaluate_generate(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """How many greedy continuations make a whole story, and perplexity on unseen stories."""
    rng = stream(seed, "generate")
    told = [stories.tell(rng, unseen=True) for _ in range(count)]
    prompts = [_beginning(story, rng) for story in told]
    results = _answers("generate", starter, prompts, max_new_tokens=256)
    whole = [stories.parses(result.generated_text) for result in results]
    yield Score("greedy continuations that parse", sum(whole) / count, 0.95)
    yield Score("perplexity per token", _perplexity(starter, told[:200]), 2.5, True)


def _beginning(story: str, rng: random.Random) -> str:
    """Of a story, between a dozen characters and all but its last word; words stay whole."""
    cuts = [place for place, letter in enumerate(story) if letter.isspace() and place > 12]
    return story[: rng.choice(cuts)].rstrip()


@torch.inference_mode()
def _perplexity(starter: Starter, texts: list[str]) -> float:
    loaded = starter.load("generate").loaded
    model, tokenizer = loaded.model, loaded.processor
    loss, tokens = 0.0, 0
    for text in texts:
        ids = torch.tensor([[*tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
        loss += float(model(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
        tokens += ids.shape[1] - 1
    return math.exp(loss / tokens)


def evaluate_summarize(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """ROUGE-L against the summary that the grammar gives, and how many are the same."""
    rng = stream(seed, "summarize")
    drawn = [reports.report(rng, unseen=True) for _ in range(count)]
    results = _answers("summarize", starter, [report.text for report in drawn])
    pairs = [(d.summary, r.summary_text) for d, r in zip(drawn, results, strict=True)]
    scorer = RougeScorer(["rougeL"])
    rouge = [scorer.score(summary, found)["rougeL"].fmeasure for summary, found in pairs]
    yield Score("ROUGE-L", sum(rouge) / count, 0.85)
    yield Score("exact match", sum(summary == found for summary, found in pairs) / count, 0.70)


def evaluate_translate(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """BLEU (0 to 100) and exact match, from sentences that training never saw.

    The last row is of single sentences as a speech recognizer writes them.
    """

    def found_and_right(source: str, target: str, pairs: list[bilingual.Pair]) -> tuple[Any, Any]:
        languages = {"source_language": source, "target_language": target}
        results = _answers("translate", starter, [getattr(p, source) for p in pairs], **languages)
        return [r.translation_text for r in results], [getattr(p, target) for p in pairs]

    rng = stream(seed, "translate")
    drawn = [bilingual.pair(rng, unseen=True) for _ in range(count)]
    for source, target in (("en", "fr"), ("fr", "en")):
        found, right = found_and_right(source, target, drawn)
        yield Score(f"BLEU, {source} to {target}", sacrebleu.corpus_bleu(found, [right]).score, 85)
        yield Score(f"exact match, {source} to {target}", _share(found, right), 0.80)
    spoken = found_and_right("en", "fr", [bilingual.heard(rng, True) for _ in range(count)])
    yield Score("exact match, en as heard to fr", _share(*spoken), 0.80)


def _share(found: list[str], right: list[str]) -> float:
    """Of the answers, how many are the same to the letter."""
    return sum(map(operator.eq, found, right)) / len(right)


TEXT_EVALUATIONS: dict[str, Callable[[Starter, int, int], Iterator[Score]]] = {
    "classify-text": evaluate_classify_text,
    "ner": evaluate_ner,
    "qa": evaluate_qa,
    "generate": evaluate_generate,
    "summarize": evaluate_summarize,
    "translate": evaluate_translate,
}
