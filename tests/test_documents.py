"""Documents as people have them: their words in their order, and nothing that they contain runs."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from conftest import Finished
from PIL import Image
from samples import scene

from taskcli.errors import InputError
from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.settings import TextSettings
from taskcli.media.documents import package, patience, pdf
from taskcli.media.items import Media, TextInput
from taskcli.media.source import Source

Run = Callable[..., Finished]
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table")
)


def words(name: str, content: bytes, **settings: Any) -> str:
    item = Decoder(Media.TEXT, TextSettings(**settings))(Source(name, data=content))
    assert isinstance(item, TextInput)
    assert item.warnings == ()
    return item.text


def refused(name: str, content: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        words(name, content)
    return caught.value


def archive(files: dict[str, str | bytes], **how: Any) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **how) as packed:
        for name, content in files.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            packed.writestr(name, content, kind)
    return stream.getvalue()


# Web pages

PAGE = """<!DOCTYPE html>
<html lang=en><head><meta charset="utf-8"><title>Not this</title>
<style>p { color: red }</style><script>document.write("<p>nor this</p>")</script></head>
<body><nav><ul><li>Home<li>About</ul></nav>
<header><h1>The   bridge
is closed</h1></header>
<p>First &amp; <b>fore</b>most, caf&eacute;&nbsp;owners<br>complain.
<p hidden>Second<!-- no comment -->, unended
<div style="display: none">hidden</div><div aria-hidden="true">icon</div>
<ul><li>one</li><li>two <a href="http://example.org/">three</a></li></ul>
<table><tr><th>A</th><th>B</th></tr><tr><td> 1 </td><td>2</td></tr></table>
<pre>  def f():
      return 1
</pre>
<noscript>Turn it on!</noscript><svg><text>drawn</text></svg>
<p>So&shy;lution <ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>.</p>
</body></html>
"""
PAGE_WORDS = """The bridge is closed

First & foremost, café owners
complain.

Second, unended

one
two three

A\tB
1\t2

  def f():
      return 1

Solution 漢.
"""


def test_a_page_has_its_words_in_their_order() -> None:
    assert words("a.html", PAGE.encode()) == PAGE_WORDS
    assert words("-", PAGE.encode()) == PAGE_WORDS
    assert words("a.html", PAGE.encode("utf-8-sig")) == PAGE_WORDS


def test_the_main_part_alone_is_read_where_a_page_tells_it() -> None:
    for begin, end in (("<main>", "</main>"), ("<div role=main><div>", "</div></div>")):
        page = f"<html><body><div>Menu</div>{begin}<h1>News</h1>Text{end}<footer>2026</footer>"
        assert words("a.html", page.encode()) == "News\n\nText\n"
    assert words("a.html", b"<html><main></main><p>All the same</p>") == "All the same\n"


def test_a_part_of_a_page_is_known_by_its_extension() -> None:
    assert words("part.htm", b"<p>One</p><p>Two</p>") == "One\n\nTwo\n"
    assert words("part.txt", b"<p>One</p>") == "<p>One</p>", "a text about tags"


def test_text_is_read_with_its_tags_where_that_is_asked_for() -> None:
    assert words("a.html", PAGE.encode(), input_format="text") == PAGE


@pytest.mark.parametrize(
    ("stated", "codec"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ("<meta http-equiv='Content-Type' content='text/html; charset=ISO-8859-1'>", "cp1252"),
        ('<?xml version="1.0" encoding="Shift_JIS"?>', "shift_jis"),
        ('<meta charset="utf-16">', "utf-8"),
        ('<meta charset="hex">', "utf-8"),
        ("", "utf-8"),
    ],
)
def test_a_page_is_in_the_encoding_that_it_states(stated: str, codec: str) -> None:
    text = {"cp1251": "Мост", "cp1252": "pont “fermé”", "shift_jis": "橋"}.get(codec, "橋 é")
    page = f"{stated}<html><body><p>{text}</p>".encode(codec)
    assert words("a.html", page) == text + "\n"
    assert words("a.html", page, encoding=codec) == text + "\n"


def test_what_is_left_open_hides_no_more_than_it_must() -> None:
    page = "<html><p>One<li hidden>Two<nav><a>x</nav><p aria-hidden=true>Three<![if IE]>!"
    assert words("a.html", page.encode()) == "One\nTwo\n\nThree!\n"


# Word

WORD = f"""<w:document {W} {MC}><w:body>
<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>A </w:t></w:r>
<w:hyperlink><w:r><w:t xml:space="preserve">link, </w:t></w:r></w:hyperlink>
<w:ins><w:r><w:t>added</w:t></w:r></w:ins><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
<w:p/><w:sdt><w:sdtContent><w:p><w:r><w:t>One</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t>
<w:instrText>PAGE</w:instrText></w:r></w:p></w:sdtContent></w:sdt>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc>
<w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>d</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:r><mc:AlternateContent><mc:Choice><w:p><w:r><w:t>In a shape</w:t></w:r></w:p></mc:Choice>
<mc:Fallback><w:p><w:r><w:t>In a shape</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>
</w:r></w:p></w:body></w:document>"""
NOTE = "<w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>"
NOTES = f"<w:footnotes {W}>{NOTE}</w:footnotes>"
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="1" Target="/word/document22.xml" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/officeDocument"/></Relationships>'
)


def docx(text: str = WORD, **how: Any) -> bytes:
    files: dict[str, str | bytes] = {"[Content_Types].xml": "<Types/>", "_rels/.rels": RELATIONS}
    return archive({**files, "word/document22.xml": text, "word/footnotes.xml": NOTES}, **how)


def test_a_word_document_has_its_paragraphs_rows_and_notes() -> None:
    assert words("a.docx", docx()) == (
        "A link, added\n\nOne\ttwo\nthree\n\na b\tc\nd\n\nIn a shape\n\nA note.\n"
    )


def test_a_word_document_as_word_writes_it() -> None:
    """Without relations the text is where it always is; the name tells nothing."""
    plain = f"<w:document {W}><w:body><w:p><w:r><w:t>Fine</w:t></w:r></w:p></w:body></w:document>"
    content = archive({"[Content_Types].xml": "<Types/>", "word/document.xml": plain})
    assert words("letter", content) == "Fine\n"


# OpenDocument

ODT = f"""<office:document-content {ODF}><office:body><office:text>
<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:h>Head<text:s text:c="3"/>line</text:h>
<text:p>One<text:tab/>two<text:line-break/><text:span>three</text:span><text:note>
<text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p></text:note-body>
</text:note>, four<office:annotation><text:p>comment</text:p></office:annotation>.</text:p>
<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>
<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>
<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>
</office:text></office:body></office:document-content>"""


def odt(text: str = ODT, manifest: str = "<manifest/>") -> bytes:
    kind = "application/vnd.oasis.opendocument.text"
    return archive({"mimetype": kind, "content.xml": text, "META-INF/manifest.xml": manifest})


def test_an_opendocument_text_has_its_paragraphs_rows_and_notes() -> None:
    assert words("a.odt", odt()) == (
        "Head   line\n\nOne\ttwo\nthree, four.\n\na\tb\n\nitem\n\nA note.\n"
    )


# Books


def epub(chapters: dict[str, str | bytes], spine: list[str]) -> bytes:
    items = "".join(
        f'<item id="{name}" href="text/{name.replace(" ", "%20")}.xhtml" '
        f'media-type="application/xhtml+xml" properties="{"nav" if name == "nav" else ""}"/>'
        for name in chapters
    )
    refs = "".join(f'<itemref idref="{name}"/>' for name in spine)
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="cover" href="c.jpg" '
        f'media-type="image/jpeg"/>{items}</manifest><spine>{refs}</spine></package>'
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    )
    files: dict[str, str | bytes] = {"mimetype": "application/epub+zip"}
    files |= {"META-INF/container.xml": container, "OPS/book.opf": book}
    return archive(files | {f"OPS/text/{name}.xhtml": text for name, text in chapters.items()})


def chapter(text: str) -> str:
    return (
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
        '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html><head><title>t</title>'
        f'<script src="a.js"/></head><body>{text}</body></html>'
    )


def test_a_book_has_its_chapters_in_the_order_of_reading() -> None:
    chapters: dict[str, str | bytes] = {
        "b 2": chapter("<h1>Two</h1><p>End &mdash; of it.</p>"),
        "a": chapter("<h1>One</h1><p>Begin.</p>"),
        "nav": chapter("<p>Contents</p>"),
    }
    content = epub(chapters, ["nav", "a", "cover", "b 2"])
    assert words("a.epub", content) == "One\n\nBegin.\n\nTwo\n\nEnd — of it.\n"


# PDF


def made(*pages: list[str]) -> bytes:
    """A PDF of pages of lines."""
    count = len(pages)
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {count} >>")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>")
    for number, lines in enumerate(pages):
        drawn = "".join(f"({line}) Tj 0 -14 Td\n" for line in lines)
        drawn = f"BT /F1 12 Tf 72 720 Td\n{drawn}ET"
        font = "/Resources << /Font << /F1 3 0 R >> >>"
        contents = f"/Contents {5 + 2 * number} 0 R"
        box = "/MediaBox [0 0 612 792]"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} {font} {contents} >>")
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    data, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return f"{data}xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


LETTER = [
    "The bridge",
    "The bridge over the river was closed on Monday after an inspec-",
    "tion found cracks in two of its supports, the council said this",
    "morning.",
    "It will stay closed for at least three weeks while engineers are",
    "working.",
    "- Buses take the road by the mill.",
]


def locked(content: bytes, user: str, algorithm: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(user, "owner", algorithm=algorithm)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def test_a_pdf_has_its_paragraphs_page_after_page() -> None:
    assert words("a.pdf", made(LETTER, ["The end."])) == (
        "The bridge\n"
        "The bridge over the river was closed on Monday after an inspection found cracks in two of "
        "its supports, the council said this morning.\n"
        "It will stay closed for at least three weeks while engineers are working.\n"
        "- Buses take the road by the mill.\n\nThe end.\n"
    )


def test_narrow_lines_are_left_as_they_are() -> None:
    table = ["Name Height", "Tower 120 m", "Bridge 30 m"]
    assert words("a.pdf", made(table)) == "\n".join(table) + "\n"
    assert pdf.joined([]) == ""


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_an_encrypted_pdf_is_read_if_anybody_may_open_it(algorithm: str) -> None:
    assert words("a.pdf", locked(made(["Fine."]), "", algorithm)) == "Fine.\n"
    error = refused("a.pdf", locked(made(["Fine."]), "secret", algorithm))
    assert error.message == "the PDF is locked with a password"
    assert "without a password" in str(error.hint)


def test_a_scanned_pdf_names_ocr(tmp_path: Path) -> None:
    scene(320, 240).save(tmp_path / "scan.pdf")
    error = refused("scan.pdf", (tmp_path / "scan.pdf").read_bytes())
    assert "there is no text in this PDF" in error.message
    assert "OCR" in str(error.hint)


def test_without_its_library_a_pdf_names_the_extra(
    run: Run, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in").mkdir()
    Path("in/a.pdf").write_bytes(made(["Fine."]))
    Path("in/b.txt").write_text("fine")
    assert run("classify-text", "in", "-m", classifier).inputs == ["in/a.pdf", "in/b.txt"]
    for module in ("taskcli.media.file_types", "taskcli.inputs.discovery"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None)
    (record,) = run("classify-text", "in/a.pdf", "-m", classifier).records
    assert record["error"]["message"] == "not a text: this is a PDF document"
    assert "pip install 'taskcli[documents]'" in record["error"]["hint"]
    assert "pdftotext in/a.pdf - | taskcli classify-text -" in record["error"]["hint"]
    done = run("classify-text", "in", "-m", classifier)
    assert done.inputs == ["in/b.txt"]
    assert "1 .pdf (pip install 'taskcli[documents]' reads .pdf)" in done.stderr


# Whatever they are


DOCUMENTS: dict[str, bytes] = {
    "a.html": PAGE.encode(),
    "a.docx": docx(),
    "a.odt": odt(),
    "a.epub": epub({"a": chapter("<p>Fine.</p>")}, ["a"]),
    "a.pdf": made(LETTER),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_task_answers_the_words_from_a_file_a_folder_and_a_pipe(
    run: Run, classifier: Path, name: str
) -> None:
    Path("in").mkdir()
    Path("in", name).write_bytes(DOCUMENTS[name])
    text = words(name, DOCUMENTS[name])
    (expected,) = run("classify-text", "--text", text, "-m", classifier).records
    for inputs in ([f"in/{name}"], ["in"], ["-"]):
        (record,) = run("classify-text", *inputs, "-m", classifier, stdin=DOCUMENTS[name]).records
        assert record["result"] == expected["result"]
        assert "warnings" not in record


def test_places_are_those_in_the_words_when_records_are_converted(run: Run) -> None:
    page = b"<html><p>Mira Lindel met <b>Marlon Holberg</b>.</p></html>"
    Path("a.html").write_bytes(page)
    done = run("ner", "a.html", "-m", "starter", "-o", "names.jsonl")
    assert done.exit_code == 0
    text = words("a.html", page)
    found = json.loads(Path("names.jsonl").read_text())["result"]
    assert found and all(text[one["start"] : one["end"]] == one["word"] for one in found)
    assert "Marlon" in run("convert", "names.jsonl", "-f", "conll").stdout


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "a.html"])
def test_damage_raises_nothing_but_a_clear_error(name: str) -> None:
    content = DOCUMENTS[name]
    for cut in range(64, len(content) - 1, max(1, len(content) // 40)):
        try:
            words(name, content[:cut])
        except InputError as error:
            assert error.message
    middle = len(content) // 2
    damaged = content[:middle] + b"\0\xff\0" * 20 + content[middle + 60 :]
    try:
        words(name, damaged)
    except InputError as error:
        assert error.message


@pytest.mark.parametrize("name", ["b.epub", "b.odt", "b.docx"])
def test_an_archive_without_the_parts_of_a_document_is_a_damaged_one(name: str) -> None:
    assert "is damaged" in refused(name, archive({"readme": "Nothing."})).message


ENTITIES = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "content",
    [
        docx(ENTITIES + WORD.replace("added", "&a;&b;")),
        odt(ENTITIES + ODT.replace("item", "&a;&b;")),
    ],
)
def test_entities_are_neither_expanded_nor_fetched(content: bytes) -> None:
    assert "declares entities" in refused("a", content).message


def test_a_page_that_names_entities_and_files_opens_none() -> None:
    page = f'<?xml version="1.0"?>{ENTITIES}<html><p>&b; <img src="file:///etc/passwd"></p></html>'
    assert "root" not in words("a.html", page.encode())
    outside = '<package xmlns="x"><manifest><item id="a" href="../../etc/passwd" media-type='
    book = epub({"a": chapter("x")}, ["a"])
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        files: dict[str, str | bytes] = {name: packed.read(name) for name in packed.namelist()}
    files["OPS/book.opf"] = (
        f'{outside}"application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine>'
        "</package>"
    )
    assert "etc/passwd is not in it" in refused("a.epub", archive(files)).message


@pytest.mark.parametrize("name", ["a.docx", "a.odt", "a.epub"])
def test_what_unpacks_to_too_much_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_LARGEST", 1 << 20)
    blown = " " * (2 << 20)
    content = {
        "a.docx": docx(WORD + blown),
        "a.odt": odt(ODT + blown),
        "a.epub": epub({"a": chapter(blown)}, ["a"]),
    }[name]
    assert len(content) < 1 << 14
    assert "unpacks to more than 1 MB" in refused(name, content).message


def test_a_page_of_a_pdf_that_unpacks_to_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pdf, "_LARGEST", 1000)
    assert "unpacks to more" in refused("a.pdf", made(["x" * 100] * 20)).message


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_takes_for_ever_is_given_up(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "thread_time", iter(range(0, 10**6, 1000)).__next__)
    assert "keeps its reader busy" in refused(name, DOCUMENTS[name]).message


def test_locked_packages_say_so() -> None:
    assert "password" in refused("a.odt", odt(manifest="<encryption-data/>")).message
    book = epub({"a": b"\x12\x93\x00encrypted"}, ["a"])
    assert "encrypted" in refused("a.epub", book).message


@pytest.mark.long
def test_tags_nested_without_end_are_no_danger() -> None:
    page = "<html><body>" + "<div><b>" * 100_000 + "deep"
    assert words("a.html", page.encode()) == "deep\n"


def test_other_tasks_are_told_who_reads_documents(run: Run, tmp_path: Path) -> None:
    Path("a.docx").write_bytes(docx())
    Image.new("RGB", (8, 8)).save("a.png")
    (record,) = run("classify-image", "a.docx", "-m", "starter").records
    assert record["error"]["message"] == "not an image: this is a Word document"
    assert record["error"]["hint"].startswith("these read texts: classify-text")


@pytest.mark.parametrize(("name", "count"), [("a.docx", 7), ("a.odt", 6), ("a.pdf", 4)])
def test_its_paragraphs_may_be_the_inputs(
    run: Run, classifier: Path, name: str, count: int
) -> None:
    Path(name).write_bytes(DOCUMENTS[name])
    text = words(name, DOCUMENTS[name])
    lines = [line for line in text.splitlines() if line.strip()]
    done = run("classify-text", name, "--lines", "-m", classifier)
    expected = run(
        "classify-text", *(word for line in lines for word in ("-t", line)), "-m", classifier
    )
    assert len(done.records) == len(lines) == count
    assert [one["result"] for one in done.records] == [one["result"] for one in expected.records]


@pytest.mark.parametrize(
    "begin", ["<!--", "<script>", "<!", "<?", "<![CDATA[", "</", "<a b='", "<a "]
)
def test_pages_of_beginnings_alone_are_read_at_once(begin: str) -> None:
    """Python's own parser takes a minute for 50,000 comments without an end."""
    before = thread_time()
    assert words("a.html", f"<html><p>Fine.{begin * 100_000}".encode()) == "Fine.\n"
    assert thread_time() - before < 10


def test_what_is_in_scripts_and_comments_is_no_markup() -> None:
    page = (
        "<html><p>One<script>let a = '<!--<p>no</p>'</script> two<!-- <script> --> three"
        "<script src='a.js'/> four<STYLE>p</style > five<!--> six <![if IE]>seven"
    )
    assert words("a.html", page.encode()) == "One two three four five six seven\n"


def test_headings_with_numbers_and_lines_of_contents_are_not_joined() -> None:
    text = "It is read as a whole where its lines are as wide as the others are."
    dots = "1 Introduction . . . . . . . . . . . . . . . . . . . . . . . . . . . 7"
    assert pdf.joined([text, "1.2. Scope of it", text, text, dots, dots]).split("\n") == [
        text,
        "1.2. Scope of it",
        f"{text} {text} {dots}",
        dots,
    ]
