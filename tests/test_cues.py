"""What is heard, word by word: in the record, in its chunks and in subtitles that agree."""

import io
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import regex
import torch
from checkpoints import cached
from models import answers, load
from rich.cells import cell_len
from samples import sounds

from taskcli.api.decoding import decoder
from taskcli.media import dictionary_words
from taskcli.media.captions import captions
from taskcli.media.cues import CueShape, phrases, spaced
from taskcli.media.line_breaks import wrapped
from taskcli.output import open_writer
from taskcli.output.artifacts.transcripts import render
from taskcli.output.writer import Layout
from taskcli.results import Chunk, Record, Transcript
from taskcli.task import Batch
from taskcli.tasks.asr.generative import Seq2SeqAsr

SECOND = re.compile(r"(\d+):(\d+):(\d+)[.,](\d+) --> (\d+):(\d+):(\d+)[.,](\d+)")


def words(*texts: str, each: float = 0.4) -> tuple[Chunk, ...]:
    return tuple(Chunk(text, (n * each, n * each + each)) for n, text in enumerate(texts))


def times(written: str) -> list[tuple[int, int]]:
    """The cues of an SRT or WebVTT file in milliseconds."""
    found = []
    for match in SECOND.finditer(written):
        h, m, s, ms, *rest = map(int, match.groups())
        at = ((h * 60 + m) * 60 + s) * 1000 + ms
        h, m, s, ms = rest
        found.append((at, ((h * 60 + m) * 60 + s) * 1000 + ms))
    return found


def written(result: Transcript, kind: str = "srt", layout: Layout = Layout()) -> str:  # noqa: B008
    stream = io.StringIO()
    open_writer(kind, stream, layout).write(Record("a", "asr", "m", result=result))
    return stream.getvalue()


def lines(content: str) -> list[str]:
    return [line for cue in content.strip().split("\n\n") for line in cue.split("\n")[2:]]


# How a text stands in its words

SAID = {
    "twenty-first": (" twenty", "-first"),
    "It cost $5,000.50.": (" It", " cost", " $5", ",000", ".50."),
    "l'été à l'île": (" l", "'été", " à", " l", "'île"),
    "今天天气很好。": ("今", "天", "天", "气", "很", "好。"),
    "สวัสดีครับ": ("สวัส", "ดี", "ครับ"),
    "THE BIG BALL": ("THE", "BIG", "BALL"),  # a CTC model's bring no spaces
    "« Oui », dit-il.": (" «", " Oui", " »,", " dit", "-il."),
}


@pytest.mark.parametrize("text", SAID)
def test_words_are_joined_as_the_text_has_them(text: str) -> None:
    result = Transcript(text, words(*SAID[text]))
    assert "".join(one.text for one in spaced(result.chunks or (), text)).strip() == text
    for kind in ("srt", "vtt"):
        assert " ".join(lines(written(result, kind))) == text
    assert written(result, "audacity").strip().split("\t")[2] == text
    saved = {ending: data.decode() for ending, data in render(_record(result), Layout())}
    [segment] = json.loads(saved[".json"])["segments"]
    assert segment["text"] == text
    assert saved[".tsv"].splitlines()[1].split("\t")[2] == text
    assert saved[".txt"] == text + "\n"


def _record(result: Transcript) -> Record:
    return Record("a", "asr", "m", result=result)


def test_a_word_that_the_text_lacks_keeps_its_own_space() -> None:
    found = spaced(words(" one", "-two", " three"), "something else")
    assert [one.text for one in found] == [" one", "-two", " three"]


# Lines


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("今天天气很好，我们去公园吧。", 12, ["今天天气很", "好，我们去公", "园吧。"]),
        ("彼は「はい」と言った。", 10, ["彼は「は", "い」と言っ", "た。"]),
        ("a twenty-first word", 10, ["a twenty-", "first word"]),
        ("10\u00a0000 euros", 8, ["10\u00a0000", "euros"]),
        ("x" * 20, 8, ["x" * 8, "x" * 8, "x" * 4]),
        ("👩‍🚀" * 6, 8, ["👩‍🚀" * 4, "👩‍🚀" * 2]),
        ("한국어는 띄어쓰기를 합니다", 12, ["한국어는", "띄어쓰기를", "합니다"]),
    ],
)
def test_lines_are_as_wide_as_they_look(text: str, width: int, expected: list[str]) -> None:
    assert wrapped(text, width) == expected
    assert max(map(cell_len, wrapped(text, width))) <= width


# Cues


def check(result: Transcript, layout: Layout = Layout()) -> list[tuple[int, int]]:  # noqa: B008
    """Times of cues that can be read: none of no time, on another, or long; nothing is lost."""
    content = written(result, "srt", layout)
    found = times(content)
    assert all(start < end <= start + 6_000 for start, end in found)
    assert all(end <= start for (_, end), (start, _) in pairwise(found))
    assert "".join("".join(lines(content)).split()) == "".join(result.text.split())
    assert max(map(cell_len, lines(content))) <= layout.line_width
    assert max(len(cue.split("\n")) for cue in content.strip().split("\n\n")) <= 4
    return found


LONG = "This is a long sentence, that was given as one segment. And it goes on and on, until " * 2
CHINESE = "今天天气很好，我们去公园吧。" * 12


@pytest.mark.parametrize("text", [LONG.strip(), CHINESE, "x" * 400, "Thank you."])
def test_a_segment_of_28_seconds_becomes_several_cues(text: str) -> None:
    found = check(Transcript(text, (Chunk(text, (2.0, 30.0)),)))
    assert found[0][0] == 2_000
    assert len(found) == 1 or found[-1][1] == 30_000


def test_few_words_before_a_long_silence_do_not_stay() -> None:
    assert check(Transcript("Thank you.", (Chunk(" Thank you.", (40.0, 68.0)),))) == [
        (40_000, 46_000)
    ]


def test_words_without_a_time_of_their_own_follow_one_another() -> None:
    said = (Chunk(" one", (1.0, 1.0)), Chunk(" two", (1.0, 1.0)), Chunk(" three", (1.0, 1.0)))
    assert check(Transcript("one two three", said)) == [(1_000, 1_700)]
    apart = check(Transcript("one two three", said), Layout(word_cues=True))
    assert apart == [(1_000, 1_020), (1_020, 1_040), (1_040, 1_740)]


@pytest.mark.parametrize("each", [False, True])
def test_what_has_no_text_has_no_cue(each: bool) -> None:
    words = [Chunk("", (0, 1)), Chunk(" hello", (1, 2)), Chunk(" ", (2, 30))]
    [found] = captions(words, "hello", CueShape(each=each))
    assert (found.text, found.timestamp) == ("hello", (1, 2))


def test_cues_never_overlap() -> None:
    said = (Chunk(" One.", (0.0, 5.0)), Chunk(" Two.", (3.0, 8.0)), Chunk(" Three.", (2.0, 9.0)))
    assert len(check(Transcript("One. Two. Three.", said), Layout(word_cues=True))) == 3
    assert captions((), "") == []


# Sentences


def spoken(text: str, each: float = 0.3) -> Transcript:
    """The words of a text, one after another."""
    return Transcript(text, words(*(f" {word}" for word in text.split()), each=each))


def said_in(result: Transcript, layout: Layout = Layout()) -> list[str]:  # noqa: B008
    check(result, layout)
    cues = written(result, "srt", layout).strip().split("\n\n")
    between = " " if " " in result.text else ""
    return [between.join(cue.split("\n")[2:]) for cue in cues]


@pytest.mark.parametrize(
    "sentences",
    [
        [
            "The first sentence is here.",
            "The second is so much longer that it would not have found room there.",
        ],
        [
            "Mr. Smith met Dr. Jones and J. Doe in the morning.",
            "They went to the park and sat on a bench until noon.",
        ],
        [
            '"Stop!" he cried, and nobody else in the room said more.',
            "So all of them went home for dinner and wine.",
        ],
        [
            "今天天气很好，我们去公园吧，然后我们回家吃晚饭看书。",
            "我们明天再去一次海边游泳晒太阳吃东西。",
        ],
    ],
)
def test_a_sentence_that_fits_is_not_divided(sentences: list[str]) -> None:
    text = ("" if sentences[0][0] == "今" else " ").join(sentences)
    own = text if sentences[0][0] == "今" else [f" {word}" for word in text.split()]
    result = Transcript(text, words(*own, each=0.2))
    assert said_in(result) == sentences


def test_short_sentences_share_a_cue() -> None:
    assert said_in(spoken("Yes. I think so. Do you? No.")) == ["Yes. I think so. Do you? No."]


def test_a_long_sentence_is_cut_behind_a_mark() -> None:
    text = (
        "When the weather is fine and nobody has work to do, we often go to the park "
        "and we stay there until the sun is gone."
    )
    first, *_ = said_in(spoken(text, 0.2))
    assert first == "When the weather is fine and nobody has work to do,"


def test_without_marks_cues_are_as_full_as_they_can_be() -> None:
    """As CTC models write, whose segments in the record are made so."""
    text = "there are no marks in what is heard and so a cue ends where it is full " * 3
    found = said_in(spoken(text.strip(), 0.2))
    for cue, following in pairwise(found):
        longer = f"{cue} {following.split()[0]}"
        assert len(wrapped(longer, 42)) > 2 or 0.2 * len(longer.split()) > 6
    own = phrases(spoken(text.strip(), 0.2).chunks or ())
    assert [phrase.text for phrase in own] == found


# How much a cue holds


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("text", [LONG.strip(), CHINESE, "a twenty-first word is here"])
@pytest.mark.parametrize("by_word", [True, False])
def test_cues_of_few_words(text: str, most: int, by_word: bool) -> None:
    """Of a text without times of its words they share its time."""
    one = Transcript(text, (Chunk(text, (0.0, 60.0)),))
    result = spoken(text) if by_word and " " in text else one
    layout = Layout(max_words=most)
    for cue in said_in(result, layout):
        assert len(cue.split()) <= most
        if text == CHINESE:
            assert sum(letter.isalpha() for letter in cue) <= most
    if most == 1 and " " in text:
        assert said_in(result, layout) == text.split()


@pytest.mark.parametrize("text", [LONG.strip(), CHINESE, "x" * 400])
def test_cues_of_one_line(text: str) -> None:
    layout = Layout(max_lines=1)
    for result in (Transcript(text, (Chunk(text, (0.0, 60.0)),)), spoken(text)):
        cues = written(result, "srt", layout).strip().split("\n\n")
        assert max(len(cue.split("\n")) for cue in cues) == 3
        check(result, layout)


def test_cues_of_three_lines() -> None:
    text = "one line of a cue that is shown, " * 3
    [cue] = written(spoken(text.strip(), 0.1), "srt", Layout(max_lines=3)).strip().split("\n\n")
    assert len(cue.split("\n")) == 2 + 3
    assert len(said_in(spoken(text.strip(), 0.1))) == 2


# Scripts whose words no space parts

THAI = "หลังจากนั้นเรากลับบ้านและทำอาหารเย็นด้วยกัน"


def cut_of_letters(text: str) -> set[int]:
    """Where the cues of a text end that was heard a code point at a time."""
    chunks = [Chunk(letter, (at / 10, (at + 1) / 10)) for at, letter in enumerate(text)]
    found = [one.text for one in phrases(chunks, CueShape(width=14, lines=1))]
    assert "".join(found) == text and len(found) > 1
    return set(itertools.accumulate(map(len, found)))


@pytest.mark.parametrize("text", [THAI, "ຂ້ອຍໄປຕະຫຼາດຊື້ປາແລະຜັກແລະກັບບ້ານ", "ខ្ញុំទៅផ្សារទិញត្រីនិងបន្លែនៅព្រឹកនេះ"])
def test_no_cue_ends_inside_a_word_of_a_dictionary(text: str) -> None:
    words = pytest.importorskip("icu4py.breakers").WordBreaker(text, "")
    assert cut_of_letters(text) <= set(itertools.accumulate(map(len, words)))


def test_without_a_dictionary_no_cue_ends_inside_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionary_words, "_icu", lambda: None)
    letters = regex.findall(r"[\u0e40-\u0e44]*\X", THAI)
    assert cut_of_letters(THAI) <= set(itertools.accumulate(map(len, letters)))


APART = [  # halves of a word of the dictionary, which are words of their own
    ("ดู", "แม่", "น้ำ", "ดี"),
    ("ໄປ", "ແມ່", "ນ້ຳ", "ດີ"),
    ("ទៅ", "ផ្លូវ", "ដែក", "ល្អ"),
]


@pytest.mark.parametrize("said", APART)
@pytest.mark.parametrize("beside", [{}, {"speaker": "speaker 2"}, {"language": "lo"}])
def test_words_that_are_said_apart_are_no_word(said: Sequence[str], beside: dict[str, str]) -> None:
    pytest.importorskip("icu4py.breakers")
    begins = 1.1 if beside else 20.0  # at once, by somebody else or in another language
    at = [(0, 0.5), (0.5, 1.0), (begins, begins + 1), (begins + 1, begins + 2)]
    chunks = [Chunk(text, times) for text, times in zip(said, at, strict=True)]
    chunks[2:] = [replace(one, **beside) for one in chunks[2:]]
    found = captions(chunks, "".join(said))
    assert [(one.text, one.timestamp) for one in found] == [
        ("".join(said[:2]), (0.0, 1.0)),
        ("".join(said[2:]), (begins, begins + 2)),
    ]


# What Whisper says


def whisper_saying(
    monkeypatch: pytest.MonkeyPatch, text: str, language: str, **options: Any
) -> Any:
    """The tiny Whisper, made to hear `text`: one token each fifth of a second."""
    model = load("asr", "whisper", timestamps="word", **options)
    task = model.session.task
    tokenizer, config = task._recognizer.tokenizer, task.model.generation_config
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    begin = config.no_timestamps_token_id + 1
    tokens = torch.tensor([[begin, *ids, begin + 10 * len(ids)]])
    seconds = torch.arange(tokens.shape[1]) / 5

    def generate(**asked: Any) -> Any:
        expected = options.get("language") or language
        assert asked["language"] == [expected]
        return {"sequences": tokens, "segments": [[{"token_timestamps": seconds}]]}

    monkeypatch.setattr(task.model, "generate", generate)
    number = torch.tensor([config.lang_to_id[f"<|{language}|>"]])
    monkeypatch.setattr(task.model, "detect_language", lambda *_, **__: number)
    return model


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (" twenty-first of l'été, $5,000.50", "en"),
        ("今天天气很好。", "zh"),
        (" L'île, aujourd'hui.", "fr"),
    ],
)
def test_text_words_and_cues_of_whisper_agree(
    text: str, language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = whisper_saying(monkeypatch, text, language)
    [found] = answers(model, [sounds(tmp_path)["tone"]])
    assert found.text == text.strip()
    assert found.language == language
    assert "".join(chunk.text for chunk in found.chunks) == text
    assert " ".join(lines(written(found))) == text.strip()


def test_chinese_words_are_not_whole_sentences(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = sounds(tmp_path)["tone"]
    [found] = answers(whisper_saying(monkeypatch, "今天天气很好。", "zh"), [file])
    assert [chunk.text for chunk in found.chunks] == ["今", "天", "天", "气", "很", "好。"]
    english = whisper_saying(monkeypatch, " The weather is fine.", "zh", translate=True)
    [found] = answers(english, [file])
    assert [chunk.text for chunk in found.chunks] == [" The", " weather", " is", " fine."]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["It is", "", "so."], "It is so."),
        (["今天天气", "很好。"], "今天天气很好。"),
        (["好。", "OK"], "好。 OK"),
    ],
)
def test_a_recording_that_a_model_divides_is_one_text(parts: list[str], text: str) -> None:
    tokenizer = SimpleNamespace(decode=lambda row, **_: parts[row[0]])
    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=None))
    recognizer = Seq2SeqAsr(SimpleNamespace(tokenizer=tokenizer), model)
    rows = torch.arange(len(parts))[:, None]
    [heard] = recognizer.postprocess(rows, Batch({}, [0] * len(parts)), [None], "none")
    assert heard.result.text == text


# The language


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("fr", "fr"),
        ("French", "fr"),
        ("DE", "de"),
        ("deu", "de"),
        ("Español", "es"),
        ("zh-CN", "zh"),
    ],
)
@pytest.mark.parametrize("how", [(), ("--timestamps", "word"), ("--translate",)])
def test_the_language_that_was_told_stands_in_the_record(
    run: Any, told: str, code: str, how: Sequence[str]
) -> None:
    sounds(Path())
    done = run("asr", "tone.wav", "-m", cached("whisper"), "--language", told, *how)
    assert done.records[0]["result"]["language"] == code


@pytest.mark.long
def test_the_language_that_was_found_stands_in_the_record(run: Any, tmp_path: Path) -> None:
    files = sounds(Path())
    model = load("asr", "whisper")
    task = model.session.task
    done = run("asr", *files.values(), "-m", cached("whisper"), "--save-dir", "said")
    found = {Path(one["input"]).stem: one["result"]["language"] for one in done.records}
    names = {
        number: token[2:-2] for token, number in task.model.generation_config.lang_to_id.items()
    }
    for record in done.records:
        item = decoder(model.task, model.session, model.decode_options)(_source(record["input"]))
        features = task.preprocess([item]).inputs["input_features"]
        assert record["result"]["language"] == names[task.model.detect_language(features).item()]
    assert len(set(found.values())) > 1
    saved = json.loads(Path("said/tone.json").read_text())
    assert saved["language"] == found["tone"]


def _source(name: str) -> Any:
    from taskcli.inputs.reading import Reading
    from taskcli.inputs.sources import resolve
    from taskcli.media.items import Media

    [source] = resolve([name], Reading(Media.AUDIO, ()), texts=[]).items
    return source


def test_a_checkpoint_that_knows_no_language_names_none(run: Any) -> None:
    sounds(Path())
    done = run("asr", "tone.wav", "-m", cached("wav2vec2-ctc"))
    assert done.records[0]["result"].get("language") is None
