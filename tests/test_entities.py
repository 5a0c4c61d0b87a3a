"""ner by the labels of a checkpoint: every way to write them, whole words, files for others.

The taggers here know every token of their texts by heart, so that what they find is what is meant.
"""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from conftest import Finished
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

from taskcli.checkpoints.token_labels import read_token_labels
from taskcli.media.items import TextInput
from taskcli.media.word_boundaries import words
from taskcli.output import open_folder, open_writer
from taskcli.output.writer import Layout
from taskcli.results import Entity, Record

Run = Callable[..., Finished]


def tagger(folder: Path, pieces: Mapping[str, str], labels: list[str], kind: str = "bert") -> Path:
    """A checkpoint that gives each of its word pieces always the same label."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*(special if kind == "bert" else ["<s>", "<pad>", "</s>", "<unk>"]), *pieces]
    sizes: dict[str, Any] = {
        "vocab_size": len(vocabulary) + (kind != "bert"),
        "hidden_size": len(vocabulary) + (kind != "bert"),
        "num_hidden_layers": 0,
        "num_attention_heads": 1,
        "intermediate_size": 4,
        "max_position_embeddings": 512,
        "id2label": dict(enumerate(labels)),
        "label2id": {label: number for number, label in enumerate(labels)},
    }
    model: Any
    if kind == "bert":
        tokenizer = hf.BertTokenizer(
            vocab={piece: number for number, piece in enumerate(vocabulary)}, do_lower_case=False
        )
        model = hf.BertForTokenClassification(hf.BertConfig(**sizes))
    else:
        scores = [(piece, -float(len(piece) == 1)) for piece in vocabulary]
        tokenizer = hf.XLMRobertaTokenizer(vocab=[*scores, ("<mask>", 0.0)])
        config = hf.XLMRobertaConfig(**sizes, type_vocab_size=1, pad_token_id=1)
        model = hf.XLMRobertaForTokenClassification(config)
    with torch.no_grad():
        embeddings = model.base_model.embeddings
        embeddings.word_embeddings.weight.copy_(torch.eye(sizes["vocab_size"]))
        embeddings.position_embeddings.weight.zero_()
        embeddings.token_type_embeddings.weight.zero_()
        model.classifier.weight.zero_()
        model.classifier.bias.zero_()
        for piece, label in pieces.items():
            model.classifier.weight[labels.index(label), vocabulary.index(piece)] = 3.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def found(run: Run, folder: Path, text: str, *how: object) -> list[tuple[str, str]]:
    done = run("ner", "--text", text, "-m", folder, *how)
    assert done.exit_code == 0, done.stderr
    result = done.records[0]["result"]
    assert all(text[one["start"] : one["end"]] == one["word"] for one in result)
    return [(one["entity_group"], one["word"]) for one in result]


# Notations: the places of "Ada Lovelace", "Bob", "Eve", and "Rome" in one of each.

SENTENCE = "Ada Lovelace saw Bob Eve of Rome"
PEOPLE = [("PER", "Ada Lovelace"), ("PER", "Bob"), ("PER", "Eve"), ("LOC", "Rome")]
NOTATIONS = {
    "BIO": "B-PER I-PER O B-PER B-PER O B-LOC",
    "IOB1": "I-PER I-PER O I-PER B-PER O I-LOC",
    "IOE1": "I-PER I-PER O E-PER I-PER O I-LOC",
    "BIOES": "B-PER E-PER O S-PER S-PER O S-LOC",
    "BILOU": "B-PER L-PER O U-PER U-PER O U-LOC",
    "BMES": "B-PER E-PER O S-PER S-PER O S-LOC",
    "suffixes": "PER-B PER-I O PER-B PER-B O LOC-B",
    "suffixes of BIOES": "PER_B PER_E O PER_S PER_S O LOC_S",
    "underscores": "B_PER I_PER O B_PER B_PER O B_LOC",
    "B-O": "B-PER I-PER I-O B-PER B-PER B-O B-LOC",
    "lower case": "b-per i-per o b-per b-per o b-loc",
}


@pytest.mark.parametrize("aggregation", ["simple", "first", "average", "max"])
@pytest.mark.parametrize("name", NOTATIONS)
def test_labels_of_every_notation_mean_the_same(
    run: Run, tmp_path: Path, name: str, aggregation: str
) -> None:
    tags = NOTATIONS[name].split()
    others = {"BMES": ["M-PER"], "IOB1": ["B-LOC"]}.get(name, [])
    folder = tagger(
        tmp_path / "m",
        dict(zip(SENTENCE.split(), tags, strict=True)),
        list(dict.fromkeys([*tags, *others])),
    )
    result = found(run, folder, SENTENCE, "--aggregation", aggregation)
    assert [(kind.upper(), word) for kind, word in result] == PEOPLE


def test_plain_labels_join_neighbours_and_letters_in_them_are_no_places(
    run: Run, tmp_path: Path
) -> None:
    tags = ["PER", "PER", "O", "E-MAIL", "PER", "O", "S-Bahn"]
    folder = tagger(tmp_path / "m", dict(zip(SENTENCE.split(), tags, strict=True)), sorted({*tags}))
    expected = [("PER", "Ada Lovelace"), ("E-MAIL", "Bob"), ("PER", "Eve"), ("S-Bahn", "Rome")]
    assert found(run, folder, SENTENCE) == expected


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        (["O", "B-MAIL", "E-MAIL", "X"], ["", "MAIL", "MAIL", "X"]),
        (["O", "PER", "E-MAIL"], ["", "PER", "E-MAIL"]),
        (["O", "B-PER", "I-PER", "E-MAIL"], ["", "PER", "PER", "E-MAIL"]),
        (["O", "B-PER", "E-PER", "E-MAIL"], ["", "PER", "PER", "MAIL"]),
        (["B", "I", "O"], ["ENTITY", "ENTITY", ""]),
        (["LABEL_0", "LABEL_1"], ["LABEL_0", "LABEL_1"]),
        (["O", "B-A-B", "I-A-B"], ["", "A-B", "A-B"]),
        (["O", "I-PER", "I-LOC"], ["", "PER", "LOC"]),
    ],
)
def test_a_label_is_read_beside_the_others(labels: list[str], kinds: list[str]) -> None:
    assert [tag.kind for tag in read_token_labels(labels).values()] == kinds


def test_tokens_keep_their_own_labels_and_outside_has_none(run: Run, tmp_path: Path) -> None:
    tags = NOTATIONS["B-O"].split()
    folder = tagger(tmp_path / "m", dict(zip(SENTENCE.split(), tags, strict=True)), sorted({*tags}))
    done = run("ner", "--text", SENTENCE, "-m", folder, "--aggregation", "none")
    assert [one["entity"] for one in done.records[0]["result"]] == [
        tag for tag in tags if not tag.endswith("-O")
    ]


# Whole words

BIO = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


def test_an_entity_is_of_whole_words(run: Run, tmp_path: Path) -> None:
    pieces = {"Micro": "B-ORG", "##soft": "O", "Schi": "B-LOC", "##phol": "I-LOC", "and": "O"}
    pieces |= {"cat": "O", "##hol": "B-LOC", ".": "O"}
    folder = tagger(tmp_path / "m", pieces, BIO)
    text = "Microsoft and Schiphol cathol."
    assert found(run, folder, text) == [("ORG", "Microsoft"), ("LOC", "Schiphol")]
    simple = found(run, folder, text, "--aggregation", "simple")
    assert simple == [("ORG", "Micro"), ("LOC", "Schiphol"), ("LOC", "hol")]


def test_marks_around_a_word_between_spaces_are_no_part_of_it(run: Run, tmp_path: Path) -> None:
    pieces = {"▁Lon": "B-LOC", "don": "O", ".": "O", "▁(": "O", "Jean": "B-PER", "-": "O"}
    pieces |= {"Luc": "O", ")": "O", ",": "O", "▁": "O"}
    folder = tagger(tmp_path / "m", pieces, BIO, "xlm-roberta")
    assert found(run, folder, "London, (Jean-Luc) London.") == [
        ("LOC", "London"),
        ("PER", "Jean-Luc"),
        ("LOC", "London"),
    ]


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("我住在北京。", [("LOC", "北京")]),
        ("ฉันอยู่กรุงเทพ", [("LOC", "กรุงเทพ")]),
        ("東京トヨタ", [("LOC", "東京"), ("ORG", "トヨタ")]),
    ],
)
def test_a_sentence_without_spaces_is_no_single_word(
    run: Run, tmp_path: Path, text: str, entities: list[tuple[str, str]]
) -> None:
    pieces = {"▁": "O", "▁我": "O", "▁東": "B-LOC"}
    pieces |= dict.fromkeys("住在。", "O") | {"北": "B-LOC", "京": "I-LOC"}
    pieces |= {"▁ฉัน": "O", "อยู่": "O", "กรุง": "B-LOC", "เทพ": "I-LOC"}
    pieces |= {"トヨ": "B-ORG", "タ": "O"}  # Katakana writes words whole, like letters
    folder = tagger(tmp_path / "m", pieces, BIO, "xlm-roberta")
    assert found(run, folder, text) == entities


def test_only_entities_of_enough_score_are_kept(run: Run, tmp_path: Path) -> None:
    pieces = {"Ada": "B-PER", "met": "O", "Bob": "B-PER"}
    folder = tagger(tmp_path / "m", pieces, BIO)
    done = run("ner", "--text", "Ada met Bob", "-m", folder)
    score = done.records[0]["result"][0]["score"]
    assert 0.5 < score < 1
    kept = ["--threshold", f"{score - 0.01}"]
    assert found(run, folder, "Ada met Bob", *kept) == [("PER", "Ada"), ("PER", "Bob")]
    for how in ([], ["--aggregation", "none"]):
        none = ["--threshold", f"{score + 0.001}", *how]
        done = run("ner", "--text", "Ada met Bob", "-m", folder, *none)
        assert done.records[0]["result"] == []


# CoNLL


def conll(text: str, entities: list[Entity]) -> list[list[tuple[str, str]]]:
    """The sentences of the document as a reader of CoNLL finds them."""
    stream = io.StringIO()
    writer = open_writer("conll", stream)
    writer.write(Record("a", "ner", "m", result=entities, item=TextInput(text)))
    header, *blocks = stream.getvalue().removesuffix("\n\n").split("\n\n")
    assert header == "-DOCSTART- -X- -X- O"
    rows = [[line.split() for line in block.split("\n")] for block in blocks]
    assert all(len(row) == 4 for block in rows for row in block)
    return [[(row[0], row[3]) for row in block] for block in rows]


def entity(kind: str, word: str, text: str, at: int = 0) -> Entity:
    start = text.index(word, at)
    return Entity(kind, 0.9, word, start, start + len(word))


def test_conll_of_a_run_is_read_by_seqeval(run: Run, tmp_path: Path) -> None:
    """Strictly as IOB2; neighbours of one kind stay two."""
    pieces = dict(zip(SENTENCE.split(), NOTATIONS["BIO"].split(), strict=True))
    folder = tagger(tmp_path / "m", pieces, BIO)
    Path("a.txt").write_text(f"{SENTENCE}\r\nBob saw\n")
    done = run("ner", "a.txt", "-m", folder, "-f", "conll")
    blocks = done.stdout.removesuffix("\n\n").split("\n\n")[1:]
    rows = [[line.split() for line in block.split("\n")] for block in blocks]
    told = [
        (one.tag, " ".join(row[0] for row in rows[one.sent_id][one.start : one.end]))
        for sentence in Entities([[row[3] for row in block] for block in rows], IOB2).entities
        for one in sentence
    ]
    assert told == [*PEOPLE, ("PER", "Bob")]


def test_conll_rows_are_the_texts_own_words() -> None:
    text = "Micro\u00adsoft's café, e\u0301tude नमस्ते (2\u00a0%)\n我在北京。"
    sentences = conll(text, [entity("ORG", "Micro", text), entity("LOC", "北京", text)])
    assert [[word for word, _ in one] for one in sentences] == [
        [
            "Micro\u00adsoft",
            "'",
            "s",
            "café",
            ",",
            "e\u0301tude",
            "नमस्ते",
            "(",
            "2",
            "%",
            ")",
        ],
        ["我", "在", "北", "京", "。"],
    ]
    assert [tag for _, tag in sentences[1]] == ["O", "O", "B-LOC", "I-LOC", "O"]
    assert "".join(word for one in sentences for word, _ in one) == "".join(text.split())


def test_a_word_has_the_tag_of_the_entity_that_covers_a_part_of_it() -> None:
    text = "Microsoft met Catholics"
    parts = [entity("ORG", "Micro", text), entity("MISC", "hol", text)]
    assert conll(text, parts) == [[("Microsoft", "B-ORG"), ("met", "O"), ("Catholics", "B-MISC")]]


def test_conll_neighbours_of_one_kind_stay_apart_and_a_line_end_inside_one_parts_nothing() -> None:
    text = "Ada Bob of New\nYork\nAda"
    names = [entity("PER", "Ada", text), entity("PER", "Bob", text)]
    names += [entity("LOC", "New\nYork", text), entity("PER", "Ada", text, 4)]
    sentences = conll(text, names)
    tags = [[tag for _, tag in one] for one in sentences]
    assert tags == [["B-PER", "B-PER", "O", "B-LOC", "I-LOC"], ["B-PER"]]
    assert get_entities(tags) == [("PER", 0, 0), ("PER", 1, 1), ("LOC", 3, 4), ("PER", 6, 6)]


def test_conll_gives_nested_entities_the_outermost_and_says_so() -> None:
    text = "University of New York"
    nested = [entity("LOC", "New York", text), entity("ORG", text, text)]
    assert [tag for _, tag in conll(text, nested)[0]] == ["B-ORG", "I-ORG", "I-ORG", "I-ORG"]
    writer = open_writer("conll", io.StringIO())
    assert writer.note == ""
    writer.write(Record("a", "ner", "m", result=nested, item=TextInput(text)))
    assert writer.note == (
        "conll has one tag for a word: 1 entity is left out for longer ones; brat keeps all"
    )


def test_what_conll_leaves_out_is_said_on_stderr(run: Run, tmp_path: Path) -> None:
    folder = tagger(tmp_path / "m", {"Micro": "B-ORG", "##soft": "B-PER"}, BIO)
    how = ("ner", "--text", "Microsoft", "-m", folder, "-f", "conll", "--aggregation", "simple")
    done = run(*how)
    assert done.stdout.split("\n")[2] == "Microsoft -X- -X- B-ORG"
    assert "1 entity is left out" in done.stderr
    assert "left out" not in run(*how, "--quiet").stderr


def test_a_kind_with_spaces_is_one_column() -> None:
    assert conll("Rome", [Entity("a place", 0.9, "Rome", 0, 4)]) == [[("Rome", "B-a_place")]]


@pytest.mark.parametrize(
    "text", ["a\u0301b", "\u0301", "x\u200dy z", "\u200ea", "_a_ b", "ab12 3.5", ""]
)
def test_every_character_is_in_a_word(text: str) -> None:
    assert "".join(text[start:end] for start, end in words(text)) == "".join(text.split())


# brat


def annotations(folder: Path, text: str, entities: list[Entity]) -> list[tuple[str, str, str]]:
    """(type, places, text) of the .ann file; checked against the bytes of the text beside it."""
    layout = Layout(labels={0: "O", 1: "B-LOC", 2: "I-LOC", 3: "B-ORG"})
    writer = open_folder("brat", folder, ["a.txt"], layout)
    writer.write(Record("a.txt", "ner", "m", result=entities, item=TextInput(text)))
    writer.close()
    beside = (folder / "a.txt").read_bytes().decode()
    assert beside == text
    rows = [line.split("\t") for line in (folder / "a.ann").read_text().splitlines()]
    assert [row[0] for row in rows] == [f"T{number}" for number in range(1, len(rows) + 1)]
    for _, place, quoted in rows:
        parts = [part.split() for part in place.split(" ", 1)[1].split(";")]
        assert " ".join(beside[int(start) : int(end)] for start, end in parts) == quoted
    return [(place.split(" ", 1)[0], place.split(" ", 1)[1], quoted) for _, place, quoted in rows]


def test_brat_keeps_adjacent_and_nested_entities(tmp_path: Path) -> None:
    text = "Ada Bob of the University of New York"
    found = [entity(kind, word, text) for kind, word in (("PER", "Ada"), ("PER", "Bob"))]
    found += [entity("ORG", "University of New York", text), entity("LOC", "New York", text)]
    assert annotations(tmp_path, text, found) == [
        ("PER", "0 3", "Ada"),
        ("PER", "4 7", "Bob"),
        ("ORG", "15 37", "University of New York"),
        ("LOC", "29 37", "New York"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\t", "  \r\n\r\n  "])
def test_brat_parts_an_entity_where_its_line_ends(tmp_path: Path, end: str) -> None:
    text = f"in New{end}York{end}"
    second = 6 + len(end)
    [row] = annotations(tmp_path, text, [entity("LOC", f"New{end}York", text)])
    assert row == ("LOC", f"3 6;{second} {second + 4}", "New York")


def test_brat_of_a_run_lists_the_kinds_and_keeps_every_byte(run: Run, tmp_path: Path) -> None:
    tags = NOTATIONS["BIOES"].split()
    pieces = dict(zip(SENTENCE.split(), tags, strict=True))
    folder = tagger(tmp_path / "m", pieces, [*sorted({*tags}), "B-O"])
    content = f"{SENTENCE}\r\n\r\nAda\r\nLovelace".encode()
    Path("a.txt").write_bytes(content)
    assert run("ner", "a.txt", "-m", folder, "-f", "brat", "-o", "brat").exit_code == 0
    assert Path("brat/a.txt").read_bytes() == content
    rows = Path("brat/a.ann").read_text().splitlines()
    assert rows[-1] == "T5\tPER 36 39;41 49\tAda Lovelace"
    known = Path("brat/annotation.conf").read_text().split("[relations]")[0].split()[1:]
    assert sorted(known) == ["LOC", "PER"]


def test_a_page_marks_tokens_by_their_kinds(run: Run, tmp_path: Path) -> None:
    tags = NOTATIONS["suffixes"].split()
    pieces = dict(zip(SENTENCE.split(), tags, strict=True))
    folder = tagger(tmp_path / "m", pieces, sorted({*tags}))
    how = ("--aggregation", "none", "--save-dir", "pages")
    done = run("ner", "--text", SENTENCE, "-m", folder, *how)
    page = Path(done.records[0]["files"][0]).read_text()
    assert "Lovelace<small>PER</small>" in page
    assert "PER-B" not in page
    assert done.records[0]["result"][0]["entity"] == "PER-B"
