"""Inputs of a row as a model is asked for them."""

from __future__ import annotations

from taskcli.api import Model
from taskcli.inputs.reading import Reading
from taskcli.inputs.sources import Sources, resolve


def sources_of(model: Model, inputs: list[str], texts: bool) -> Sources:
    """`inputs` are paths, or `texts` themselves; each with the questions of the options."""
    reading = Reading(model.task.media, model.task.text_fields, chats=model.task.chats)
    found = resolve([], reading, texts=inputs) if texts else resolve(inputs, reading)
    return found.with_fields(model.task.variants(model.options))
