"""What a file is by its first bytes, and what can be done with it: one table for every task.

Only what has bytes that no text has is told apart from a text: a text about GIF89a is none.
"""

import codecs
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType

from taskcli.errors import InputError
from taskcli.media import MEDIA
from taskcli.media.items import Media

HEAD = 4096  # bytes that are looked at

# Control characters of no text: a tab, a form feed, an escape, and a NUL alone may be in one.
_NOT_IN_TEXT = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]|\0\0")


@dataclass(frozen=True)
class FileType:
    """`media` are whose tasks read it; `hints` say what makes something readable of it.

    A hint of None is for every other task. {file} is its name, {task} the task's that was asked.
    `words` is `module:name` of what makes a text of its content and the encoding that was asked
    for, with the `package` that does it.
    """

    name: str
    media: tuple[Media, ...] = ()
    hints: Mapping[Media | None, str] = field(default_factory=dict)
    words: str = ""
    package: str = ""

    @property
    def is_read_as_text(self) -> bool:
        """Whether its lines are those of a text."""
        return Media.TEXT in self.media

    def is_read_as(self, media: Media) -> bool:
        """Whether a task of the medium reads it, with what is installed."""
        if media is Media.TEXT and self.words:
            return not self.package or find_spec(self.package) is not None
        return media in self.media

    def is_document(self, input_format: str) -> bool:
        """Whether its words are read: of a page, what stands in the file may be asked for."""
        return bool(self.words) and not (input_format == "text" and self.is_read_as_text)

    def load_words(self) -> Callable[[bytes, str], str]:
        read: Callable[[bytes, str], str] = resolve_name(self.words)
        return read

    def refusal(
        self,
        wanted: Media,
        file: str,
        task: str = "TASK",
        readers: Mapping[Media, str] = MappingProxyType({}),
    ) -> InputError:
        """Why a task of another medium cannot read it. `readers` are the tasks of each medium."""
        hint = self.hints.get(wanted) or self.hints.get(None)
        if hint is None:
            media = dict.fromkeys((*self.media, *((Media.TEXT,) if self.words else ())))
            read = [
                f"these read {MEDIA[one].many}: {readers[one]}" for one in media if one in readers
            ]
            hint = "; ".join(read) or None
        hint = hint and hint.format(file=shlex.quote(file), task=task)
        return InputError(f"not {MEDIA[wanted].one}: this is {self.name}", hint)


_READ_BY = "taskcli.media.documents"


def _converted(name: str, command: str, words: str = "") -> FileType:
    """A document; `command` writes its text to standard output."""
    return FileType(name, (), {Media.TEXT: command + " | taskcli {task} -"}, words)


_PICTURE = FileType("a picture", (Media.IMAGE,))
_SOUND = FileType(
    "a recording", (Media.AUDIO,), {Media.TEXT: "taskcli asr {file} | taskcli {task} -"}
)
_VIDEO = FileType(
    "a video",
    (Media.AUDIO,),
    {
        Media.IMAGE: "name it as one, such as {file}.mp4: then its frames are answered",
        Media.TEXT: "taskcli asr {file} | taskcli {task} -",
    },
)
_RAW = FileType(
    "a camera's raw file",
    (),
    {
        Media.IMAGE: "develop it: darktable-cli {file} developed.jpg, say",
        None: "these are developed into pictures: darktable-cli {file} developed.jpg, say",
    },
)
_POINTER = FileType(
    "a Git LFS pointer, not the file itself",
    (),
    {None: "git lfs pull fetches what it stands for"},
)
_PAGE = FileType(
    "a web page",
    (Media.TEXT,),
    {None: "did the download fail? open it in a text editor: it may say why"},
    f"{_READ_BY}.html:words",
)
_PDF = FileType(
    "a PDF document",
    (),
    {
        Media.TEXT: "pip install 'taskcli[documents]' reads it; or pdftotext {file} - | "
        "taskcli {task} -",
        Media.IMAGE: "pdftoppm -png {file} page makes a picture of every page",
    },
    f"{_READ_BY}.pdf:words",
    package="pypdf",
)
_WORD = _converted("a Word document", "pandoc -t plain {file}", f"{_READ_BY}.word:words")
_ODT = _converted("an OpenDocument text", "pandoc -t plain {file}", f"{_READ_BY}.odt:words")
_EPUB = _converted("an EPUB book", "pandoc -t plain {file}", f"{_READ_BY}.epub:words")
_RTF = _converted("a document in RTF", "pandoc -t plain {file}")
_SHEET = FileType("a spreadsheet", (), {None: "save it as CSV, and name its column with --field"})
_SLIDES = FileType("a presentation", (), {None: "save it as text or as pictures"})
_OLD_OFFICE = FileType("an old Office document", (), {None: "save it as text, or a table as CSV"})
_PARQUET = FileType("a Parquet table", (), {None: "name its column: --field NAME"})
_ARCHIVE = FileType(
    "an archive",
    (),
    {None: "unpack it, and give the folder; or read in it: 'zip://*::FILE', 'tar://*::FILE'"},
)
_PACKED = FileType("a compressed file", (), {None: "unpack it first"})
_GZIP = FileType("a gzip file", (), {None: "gunzip -c {file} | taskcli {task} -"})
_SVG = FileType(
    "a drawing (SVG)", (Media.TEXT,), {Media.IMAGE: "rsvg-convert {file} -o drawn.png, say"}
)
_POSTSCRIPT = FileType(
    "a PostScript document",
    (),
    {
        Media.TEXT: "ps2ascii {file} | taskcli {task} -",
        Media.IMAGE: "make a PNG of it yourself, if you trust it: PostScript is a program",
    },
)
_LAYERS = FileType("a file of layers", (), {None: "export it as PNG"})
_SCIENCE = FileType("a file of measurements", (), {None: "export what is to be seen as PNG"})
_NOTES = FileType(
    "a file of notes (MIDI)", (), {None: "fluidsynth -F played.wav plays it to a file"}
)
_ARRAY = FileType("an array of numbers", (), {None: "write it as PNG or WAV"})
_DATABASE = FileType(
    "a database", (), {None: "export a table as CSV, and name its column: --field"}
)

# Signatures that a text could not have, or has for no other reason. The first that fits wins.
_TEXTUAL = [
    (rb"%PDF-\d", _PDF),
    (rb"%!PS", _POSTSCRIPT),
    (rb"\{\\rtf\d", _RTF),
    (rb"version https://git-lfs\.github\.com/spec/", _POINTER),
]
# These are texts, too.
_MARKED_UP = [
    (rb"(?is)\s*(<\?xml.*?\?>\s*)?(<!--.*?-->\s*)*(<!doctype html|<html[\s>])", _PAGE),
    (rb"(?is)\s*(<\?xml.*?\?>\s*)?(<!--.*?-->\s*)*(<!doctype svg.*?>\s*)?<svg[\s>]", _SVG),
]
_BINARY = [
    (rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|BM....\0\0\0\0|qoif", _PICTURE),
    (rb"II\*\0....CR|IIU\0|II(RO|RS)|MMOR|FUJIFILMCCD-RAW|FOVb|\0MRM|\0...ftypcrx ", _RAW),
    (rb"II[*+]\0|MM\0[*+]|\0\0\0\x0cjP  \r\n|\xff\x4f\xff\x51|\0\0[\x01\x02]\0", _PICTURE),
    (rb"\0...ftyp(avi[fs]|he[iv][cxms]|mif1|msf1)|icns|\x01\xda[\0\x01][\x01\x02]", _PICTURE),
    (rb"P[1-7]\s+\d|P[Ff]\s+\d|\x0a[\0-\x05]\x01[\x01\x02\x04\x08]", _PICTURE),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", _PICTURE),
    (rb"8BPS\0|gimp xcf ", _LAYERS),
    (rb"SIMPLE  =|v/1\x01|\x89HDF\r\n|CDF[\x01\x02]|.{128}DICM", _SCIENCE),
    (rb"OggS.{24}(\x80theora|fishead\0)", _VIDEO),
    (rb"(RIFF|RIFX|RF64|BW64)....WAVE|riff\x2e\x91\xcf\x11|fLaC|OggS\0|ID3[\x02-\x04]", _SOUND),
    (rb"\xff[\xe2\xe3\xf1-\xf3\xf9-\xfb]|FORM....AIF[FC]|\.snd\0|caff\0|#!AMR|wvpk", _SOUND),
    (rb"\0...ftypM4[ABP]|MAC [\x80-\xff]|MAC .\x0f\0|TTA[12]|\x0bw|\x7f\xfe\x80\x01", _SOUND),
    (rb"NIST_1A|Creative Voice File\x1a", _SOUND),
    (rb"[\0-\x08]...(ftyp|moov|mdat|wide|free|skip)|\x1a\x45\xdf\xa3|RIFF....AVI |FLV\x01", _VIDEO),
    (rb"\x30\x26\xb2\x75\x8e\x66|\.RMF\0|\0\0\x01[\xb3\xba]|G.{187}G|.{4}G.{191}G", _VIDEO),
    (rb"\xc5\xd0\xd3\xc6", _POSTSCRIPT),
    (rb"MThd\0\0\0\x06", _NOTES),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.text", _ODT),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.spreadsheet", _SHEET),
    (rb"PK\x03\x04.{26}mimetypeapplication/epub", _EPUB),
    (rb"PK\x03\x04.*word/", _WORD),
    (rb"PK\x03\x04.*xl/", _SHEET),
    (rb"PK\x03\x04.*ppt/", _SLIDES),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLD_OFFICE),
    (rb"PK[\x03\x05]|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|.{257}ustar", _ARCHIVE),
    (rb"\x1f\x8b\x08", _GZIP),
    (rb"BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18", _PACKED),
    (rb"PAR1\x15", _PARQUET),
    (rb"\x93NUMPY", _ARRAY),
    (rb"SQLite format 3\0", _DATABASE),
]
_COMPILED = {
    name: [(re.compile(pattern, re.DOTALL), kind) for pattern, kind in table]
    for name, table in {"textual": _TEXTUAL, "marked up": _MARKED_UP, "binary": _BINARY}.items()
}
_PAGE_ENDINGS = (".html", ".htm", ".xhtml")  # also of pages that begin with any tag, or none
# Archives that are documents by their name, also where what tells it is missing.
_PACKAGES = {".epub": _EPUB, ".odt": _ODT, ".docx": _WORD}
# TIFF files whose first picture is a thumbnail.
_RAW_ENDINGS = frozenset(".3fr .arw .cr2 .dcr .dng .erf .iiq .kdc .mef .nef .nrw .pef .srw".split())


def kind_of(head: bytes, name: str = "") -> FileType | None:
    """What begins with `head`; None for what is not known, a plain text among it."""
    if found := _first("textual", head):
        return found
    if not _NOT_IN_TEXT.search(head):
        is_page = Path(name).suffix.lower() in _PAGE_ENDINGS
        return _first("marked up", head) or (_PAGE if is_page else None)
    found = _first("binary", head)
    ending = Path(name).suffix.lower()
    if found is _ARCHIVE and head.startswith(b"PK"):
        return _PACKAGES.get(ending, found)
    is_raw = head[:2] in (b"II", b"MM") and ending in _RAW_ENDINGS
    return _RAW if found is _PICTURE and is_raw else found


def is_text(head: bytes) -> bool:
    """Whether these bytes are the beginning of a UTF-8 text."""
    if _NOT_IN_TEXT.search(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True


def is_video(kind: FileType | None) -> bool:
    """Whether it may hold moving pictures."""
    return kind is _VIDEO


def a_text(name: str) -> FileType:
    """The kind of a plain text, where something else was wanted."""
    hint = "if it lists paths: --files-from " + ("-" if name == "-" else "{file}")
    if Path(name).suffix.lower() in (".csv", ".tsv", ".jsonl", ".ndjson", ".json"):
        hint = "if its rows hold paths: --field NAME"
    return FileType("a text", (Media.TEXT,), {None: hint})


def _first(table: str, head: bytes) -> FileType | None:
    return next((kind for pattern, kind in _COMPILED[table] if pattern.match(head)), None)
