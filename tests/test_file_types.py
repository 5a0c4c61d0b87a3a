"""What is given to a task that cannot read it is named, with the way to something that it can."""

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from conftest import Finished
from PIL import Image
from samples import scene, tone

from taskcli.errors import InputError
from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.settings import TextSettings
from taskcli.media.file_types import HEAD, kind_of
from taskcli.media.items import Media, TextInput
from taskcli.media.source import Source

Run = Callable[..., Finished]
READERS = {Media.TEXT: "ner", Media.IMAGE: "detect", Media.AUDIO: "asr"}

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
PAGE = b"<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not found</body></html>\n"
SVG = b"<?xml version='1.0'?>\n<!-- drawn --><svg xmlns='http://www.w3.org/2000/svg'/>"
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"


def picture(form: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    scene(64, 48).save(stream, form, **how)
    return stream.getvalue()


def recording(form: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, tone(0.5), 16_000, format=form)
    return stream.getvalue()


def film(form: str, picture_codec: str = "mpeg4") -> bytes:
    """A video of ten frames without sound."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=form) as container:
        track: Any = container.add_stream(picture_codec, rate=10)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.asarray(scene(64, 48)), format="rgb24")
            container.mux(track.encode(frame))
        container.mux(track.encode())
    return stream.getvalue()


def packed(*names: str, first: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        if first:
            archive.writestr("mimetype", first)
        for name in names:
            archive.writestr(name, "<xml/>")
    return stream.getvalue()


def refused(media: Media, name: str, data: bytes) -> InputError:
    Path(name).write_bytes(data)
    decoder = Decoder(media, task="ner", readers=READERS)
    with pytest.raises(InputError) as caught:
        decoder(Source(name, path=name))
    return caught.value


CASES: Mapping[str, tuple[Media, str, Callable[[], bytes], str, str]] = {
    "a PDF, to look at": (
        Media.IMAGE, "a.pdf", lambda: PDF,
        "not an image: this is a PDF document", "pdftoppm -png a.pdf page",
    ),
    "a PNG, to read": (
        Media.TEXT, "a.png", lambda: picture("PNG"),
        "not a text: this is a picture", "these read pictures: detect",
    ),
    "a JPEG, to hear": (
        Media.AUDIO, "a.jpg", lambda: picture("JPEG"),
        "not a recording: this is a picture", "these read pictures: detect",
    ),
    "a WAV, to read": (
        Media.TEXT, "a.wav", lambda: recording("WAV"),
        "not a text: this is a recording", "taskcli asr a.wav | taskcli ner -",
    ),
    "an mp3, to look at": (
        Media.IMAGE, "a.mp3", lambda: recording("MP3"),
        "not an image: this is a recording", "these read recordings and videos: asr",
    ),
    "a video, to look at": (
        Media.IMAGE, "a b.jpg", lambda: film("mp4"),
        "not an image: this is a video", "name it as one, such as 'a b.jpg'.mp4",
    ),
    "a video, to read": (
        Media.TEXT, "a.avi", lambda: film("avi"),
        "not a text: this is a video", "taskcli asr a.avi | taskcli ner -",
    ),
    "a transport stream, to look at": (
        Media.IMAGE, "a.png", lambda: film("mpegts", "mpeg2video"),
        "not an image: this is a video", "name it as one, such as a.png.mp4",
    ),
    "a pointer, to read": (
        Media.TEXT, "a.txt", lambda: POINTER,
        "not a text: this is a Git LFS pointer, not the file itself", "git lfs pull",
    ),
    "a pointer, to look at": (
        Media.IMAGE, "a.jpg", lambda: POINTER,
        "not an image: this is a Git LFS pointer, not the file itself", "git lfs pull",
    ),
    "a page, to look at": (
        Media.IMAGE, "a.jpg", lambda: PAGE,
        "not an image: this is a web page", "did the download fail?",
    ),
    "a page, to hear": (
        Media.AUDIO, "a.wav", lambda: b"\n  " + PAGE.lower(),
        "not a recording: this is a web page", "did the download fail?",
    ),
    "a drawing, to look at": (
        Media.IMAGE, "a.svg", lambda: SVG,
        "not an image: this is a drawing (SVG)", "rsvg-convert a.svg",
    ),
    "a camera's raw file": (
        Media.IMAGE, "a.NEF", lambda: picture("TIFF"),
        "not an image: this is a camera's raw file", "darktable-cli a.NEF",
    ),
    "a text, to look at": (
        Media.IMAGE, "list.txt", lambda: b"a.jpg\nb.jpg\n",
        "not an image: this is a text", "--files-from list.txt",
    ),
    "a text that ends in a cut letter": (
        Media.AUDIO, "a.wav", lambda: b"x" * (HEAD - 1) + "é".encode() * 9,
        "not a recording: this is a text", "--files-from a.wav",
    ),
    "a table, to look at": (
        Media.IMAGE, "rows.csv", lambda: b"photo\na.jpg\n",
        "not an image: this is a text", "if its rows hold paths: --field NAME",
    ),
    "a Word document": (
        Media.IMAGE, "a.docx", lambda: packed("[Content_Types].xml", "word/document.xml"),
        "not an image: this is a Word document", "these read texts: ner",
    ),
    "an OpenDocument text": (
        Media.AUDIO, "a.odt",
        lambda: packed("content.xml", first=b"application/vnd.oasis.opendocument.text"),
        "not a recording: this is an OpenDocument text", "these read texts: ner",
    ),
    "a book": (
        Media.IMAGE, "a.epub", lambda: packed("a.xhtml", first=b"application/epub+zip"),
        "not an image: this is an EPUB book", "these read texts: ner",
    ),
    "a spreadsheet": (
        Media.TEXT, "a.csv", lambda: packed("[Content_Types].xml", "xl/workbook.xml"),
        "not a text: this is a spreadsheet", "save it as CSV",
    ),
    "an archive": (
        Media.TEXT, "a.zip", lambda: packed("a.txt"),
        "not a text: this is an archive", "unpack it",
    ),
    "a gzip file": (
        Media.TEXT, "a.txt.gz", lambda: gzip.compress(b"words"),
        "not a text: this is a gzip file", "gunzip -c a.txt.gz | taskcli ner -",
    ),
    "RTF": (
        Media.TEXT, "a.rtf", lambda: rb"{\rtf1\ansi words}",
        "not a text: this is a document in RTF", "pandoc -t plain a.rtf",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("media", "name", "made", "message", "hint"), CASES.values(), ids=CASES)
def test_what_it_is_and_what_to_do(
    media: Media, name: str, made: Callable[[], bytes], message: str, hint: str
) -> None:
    error = refused(media, name, made())
    assert error.message == message
    assert hint in str(error.hint)


PICTURES = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "ICO", "PCX", "AVIF")
RECORDINGS = ("WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64", "RF64", "NIST", "VOC")
VIDEOS = {"mp4": "mpeg4", "matroska": "mpeg4", "avi": "mpeg4", "mpegts": "mpeg2video",
          "mpeg": "mpeg2video", "flv": "flv", "mov": "mpeg4", "asf": "msmpeg4v3"}  # fmt: skip


@pytest.mark.parametrize("form", PICTURES)
def test_pictures_are_known_and_read_as_pictures(form: str) -> None:
    data = picture(form)
    kind = kind_of(data[:HEAD])
    assert kind is not None
    assert (kind.name, kind.media) == ("a picture", (Media.IMAGE,))
    Decoder(Media.IMAGE)(Source("-", data=data))


@pytest.mark.parametrize("form", RECORDINGS)
def test_recordings_are_known_and_read_as_recordings(form: str) -> None:
    data = recording(form)
    kind = kind_of(data[:HEAD])
    assert kind is not None
    assert (kind.name, kind.media) == ("a recording", (Media.AUDIO,))
    Decoder(Media.AUDIO)(Source("-", data=data))


@pytest.mark.parametrize(("form", "codec"), VIDEOS.items())
def test_videos_are_known(form: str, codec: str) -> None:
    kind = kind_of(film(form, codec)[:HEAD])
    assert kind is not None
    assert (kind.name, kind.media) == ("a video", (Media.AUDIO,))


TEXTS = {
    "of GIF": "GIF89a is older than PNG.",
    "of a car": "BMW is a car. \x1b[1mBold\x1b[0m\f",
    "of tags": "ID3 tags hold titles; OggS and fLaC mark streams; MThd, RIFF, PK and P5 1 too.",
    "of boxes": "The free café: ftyp, mdat.",
    "of PDF": "The mark %PDF-1.7 begins a PDF.",
    "of pages": "Write <!doctype html> first.",
    "with a NUL": "o\0ne",
    "in other scripts": "Я люблю 日本語 🎉",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_a_text_about_files_is_a_text(text: str, encoding: str) -> None:
    if encoding == "latin-1" and not text.isascii() and "é" not in text:
        pytest.skip("not in this encoding")
    decoder = Decoder(Media.TEXT, TextSettings("latin-1" if encoding == "latin-1" else "auto"))
    item = decoder(Source("a.txt", data=text.encode(encoding)))
    assert isinstance(item, TextInput)
    assert (item.text, item.warnings) == (text, ())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_document_tells_its_encoding(encoding: str) -> None:
    item = Decoder(Media.TEXT)(Source("a.txt", data="naïve\r\n".encode(encoding)))
    assert isinstance(item, TextInput)
    assert item.text == "naïve\r\n"


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.json", "lines.txt"])
def test_a_pointer_in_place_of_rows_is_one_error(run: Run, classifier: Path, name: str) -> None:
    Path(name).write_bytes(POINTER)
    lines = ["--lines"] if name == "lines.txt" else []
    done = run("classify-text", name, *lines, "-m", classifier)
    assert (done.exit_code, done.inputs) == (1, [name])
    assert "Git LFS pointer" in done.records[0]["error"]["message"]


def test_the_command_line_names_the_tasks_of_the_medium(run: Run, classifier: Path) -> None:
    Image.new("RGB", (8, 8)).save("a.png")
    Path("b.txt").write_text("A fine text.")
    done = run("classify-text", "a.png", "b.txt", "-m", classifier)
    assert done.exit_code == 1
    first, second = done.records
    assert first["error"]["message"] == "not a text: this is a picture"
    assert first["error"]["hint"] == "these read pictures: classify-image, detect, segment, depth"
    assert "result" in second


@pytest.mark.parametrize(("words", "name"), [(["-"], "FILE"), (["a b.pdf"], "'a b.pdf'")])
def test_a_document_without_its_library_is_known_too(
    run: Run, classifier: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], name: str
) -> None:
    monkeypatch.setattr("taskcli.media.file_types.find_spec", lambda package: None)
    Path("a b.pdf").write_bytes(PDF)
    (record,) = run("classify-text", *words, "-m", classifier, stdin=PDF).records
    assert record["error"]["message"] == "not a text: this is a PDF document"
    assert f"pdftotext {name} - | taskcli classify-text -" in record["error"]["hint"]


@pytest.mark.parametrize("url", ["ftp://example.org/a.jpg", "gopher://example.org/1"])
@pytest.mark.parametrize("task", ["detect", "ner", "asr"])
def test_a_url_of_an_unknown_kind_is_refused_with_what_to_do(run: Run, task: str, url: str) -> None:
    done = run(task, url)
    assert done.exit_code == 2
    assert f"a URL of this kind is not read: {url}" in done.stderr
    assert "taskcli reads http://" in done.stderr
