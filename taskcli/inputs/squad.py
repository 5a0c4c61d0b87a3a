"""SQuAD's own file: articles of paragraphs, each a context with its questions."""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeGuard

from taskcli.errors import InputError


class Question(NamedTuple):
    """One question as a row would bring it: `fields` hold question, id and title, and what else."""

    id: str | None
    context: str
    fields: dict[str, Any]


def is_squad(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is laid out as SQuAD's file is."""
    articles = value.get("data") if isinstance(value, dict) else None
    return isinstance(articles, list) and all(
        isinstance(article, dict) and isinstance(article.get("paragraphs"), list)
        for article in articles
    )


def questions(value: dict[str, Any]) -> Iterator[Question | InputError]:
    """All questions in their order; of a paragraph that is none, what is wrong with it."""
    for article in value["data"]:
        title = article.get("title")
        for paragraph in article["paragraphs"]:
            yield from _of_paragraph(paragraph, {} if title is None else {"title": title})


def _of_paragraph(paragraph: object, about: dict[str, Any]) -> Iterator[Question | InputError]:
    context = paragraph.get("context") if isinstance(paragraph, dict) else None
    asked = paragraph.get("qas") if isinstance(paragraph, dict) else None
    if not isinstance(context, str) or not isinstance(asked, list):
        yield InputError(f"a paragraph of {about.get('title')!r} lacks its context or its qas")
        return
    for question in asked:
        if isinstance(question, dict):
            id = question.get("id")
            yield Question(None if id is None else str(id), context, {**question, **about})
        else:
            yield InputError(f"a question of {about.get('title')!r} is no object")
