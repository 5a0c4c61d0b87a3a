"""How a checkpoint is asked for a language, where no tiny model of its kind is worth making."""

from types import SimpleNamespace

import pytest

from taskcli.errors import UsageError
from taskcli.tasks.languages import way_of_asking

MADLAD = SimpleNamespace(get_vocab=lambda: dict.fromkeys(["<2fr>", "<2pt_BR>", "<2x", "▁fr"], 0))


def test_madlad_is_asked_by_a_token_before_the_text() -> None:
    assert way_of_asking(MADLAD, SimpleNamespace(), None, "fr") == {"prefix": "<2fr> "}
    assert way_of_asking(MADLAD, SimpleNamespace(), "en", "pt") == {"prefix": "<2pt_BR> "}


@pytest.mark.parametrize("target", [None, "xx"])
def test_madlad_lists_what_it_knows(target: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        way_of_asking(MADLAD, SimpleNamespace(), None, target)
    assert "fr, pt_BR" in str(caught.value.hint)
