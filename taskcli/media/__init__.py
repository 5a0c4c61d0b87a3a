"""What an input is.

MEDIA is the only table of media: a new one is its items, its decoder and a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Any

from taskcli.media.items import AudioInput, ImageInput, LongSound, Media, TextInput


@dataclass(frozen=True)
class Extra:
    """Files that a medium has where an extra of ours is installed."""

    name: str  # as in taskcli[name]
    package: str
    extensions: frozenset[str]


@dataclass(frozen=True)
class Medium:
    """What everybody knows of one medium.

    `decoder`, `settings` and `options` are `module:name`: the table is read without importing any.
    """

    items: tuple[type[Any], ...]  # what an input is once it is decoded
    decoder: str  # (stream, Source, settings) -> item
    settings: str  # the dataclass of those settings
    told: tuple[str, ...]  # which of them are properties of a Session: the checkpoint decides
    options: str  # the group of options that say how inputs are read
    processor: str  # transformers' class of what stands before the model
    tensors: tuple[str, ...]  # as its models name what they are given: their main inputs
    one: str  # an input, and several, as messages call them
    many: str
    task: str  # the one to suggest for a file of this medium
    less_memory: str  # what to do about an input that is too large for the device
    extensions: frozenset[str]  # what a folder is searched for; what is named may have any
    window: int  # inputs that are batched together
    chunk: int  # inputs that are encoded in one call, at most
    processor_options: Mapping[str, Any] = field(default_factory=dict)
    extras: tuple[Extra, ...] = ()
    is_text: bool = False  # whether rows, lines and words of the call hold inputs, and not paths
    is_timed: bool = False  # whether progress inside an input is told, in seconds
    is_bulky: bool = False  # whether few are whole at a time: each is encoded once it is decoded
    is_padded: bool = True  # whether inputs of unequal size are padded to share a batch
    frames_in: frozenset[str] = frozenset()  # extensions of what is no input, but holds many

    def load_decoder(self) -> Any:
        return resolve_name(self.decoder)

    def load_settings(self) -> Any:
        return resolve_name(self.settings)

    def load_options(self) -> type[Any]:
        options: type[Any] = resolve_name(self.options)
        return options


_VIDEOS = frozenset(
    (
        ".mp4 .m4v .mov .qt .3gp .3g2 .mkv .webm .avi .wmv .ts .m2ts .mts .mpg .mpeg .vob .ogv "
        ".flv .f4v .mxf"
    ).split()
)

MEDIA: Mapping[Media, Medium] = {
    Media.TEXT: Medium(
        items=(TextInput,),
        decoder="taskcli.media.decode.text:decode",
        settings="taskcli.media.decode.settings:TextSettings",
        told=("final_newline",),
        options="taskcli.config.input_options:TextInputOptions",
        processor="AutoTokenizer",
        tensors=("input_ids",),
        one="a text",
        many="texts",
        task="summarize",
        less_memory="cut the text, or choose a smaller checkpoint",
        extensions=frozenset(".txt .md .text .rst .html .htm .xhtml .docx .odt .epub".split()),
        extras=(Extra("documents", "pypdf", frozenset([".pdf"])),),
        window=512,
        chunk=64,
        is_text=True,
    ),
    Media.IMAGE: Medium(
        items=(ImageInput,),
        decoder="taskcli.media.decode.image:decode",
        settings="taskcli.media.decode.settings:ImageSettings",
        told=("picture_side",),
        options="taskcli.config.input_options:ImageInputOptions",
        processor="AutoImageProcessor",
        tensors=("pixel_values",),
        # torchvision resizes otherwise than Pillow: one backend, so that answers do not depend
        # on what happens to be installed.
        processor_options={"backend": "pil"},
        one="an image",
        many="pictures",
        task="detect",
        less_memory="make the picture smaller, or choose a smaller checkpoint",
        extensions=frozenset(
            (
                ".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .avif .avifs .bmp .dib .gif .tif "
                ".tiff .ppm .pgm .pbm .pnm .pfm .pcx .qoi .tga .ico .icns .cur .sgi .xbm .jp2 "
                ".j2k .jpx .jpf .j2c"
            ).split()
        ),
        extras=(
            Extra("heic", "pillow_heif", frozenset(".heic .heif .hif".split())),
            Extra("jxl", "pillow_jxl", frozenset({".jxl"})),
        ),
        window=32,
        chunk=1,
        is_bulky=True,
        is_padded=False,
        frames_in=_VIDEOS,
    ),
    Media.AUDIO: Medium(
        items=(AudioInput, LongSound),
        decoder="taskcli.media.decode.audio:decode",
        settings="taskcli.media.decode.settings:AudioSettings",
        told=("rate",),
        options="taskcli.config.input_options:AudioInputOptions",
        processor="AutoFeatureExtractor",
        tensors=("input_values", "input_features"),
        one="a recording",
        many="recordings and videos",
        task="asr",
        less_memory="cut the recording, or choose a smaller checkpoint",
        extensions=_VIDEOS
        | frozenset(
            (
                ".wav .wave .bwf .w64 .rf64 .aif .aiff .aifc .caf .au .snd .voc .sph .flac .wv "
                ".tta .ape .mp3 .mp2 .mpga .ogg .oga .opus .spx .m4a .m4b .m4r .aac .ac3 .eac3 "
                ".dts .amr .awb .gsm .wma .asf .ra .mka .weba .rm"
            ).split()
        ),
        window=64,
        chunk=1,
        is_timed=True,
    ),
}
