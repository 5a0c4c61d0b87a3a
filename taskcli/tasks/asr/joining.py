"""Transcripts of what was heard by itself, as one of the recording."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from taskcli.media.cues import phrases, spaced
from taskcli.media.word_boundaries import stands_close
from taskcli.results import ChannelText, Chunk, Transcript


class Said(NamedTuple):
    """A transcript of so many seconds of a channel, with the times of the file."""

    transcript: Transcript
    seconds: float


def later(transcript: Transcript, seconds: float) -> Transcript:
    """With the times of a file in which what was heard begins after so many seconds."""
    if not seconds or transcript.chunks is None:
        return transcript
    chunks = tuple(_later(chunk, seconds) for chunk in transcript.chunks)
    return replace(transcript, chunks=chunks)


def _later(chunk: Chunk, seconds: float) -> Chunk:
    start, end = chunk.timestamp
    return replace(chunk, timestamp=(round(start + seconds, 3), round(end + seconds, 3)))


def spoken(transcript: Transcript) -> Transcript:
    """With its language in its chunks, and how sure that is."""
    language, sure = transcript.language, transcript.language_score
    chunks = transcript.chunks or ()
    found = (replace(chunk, language=language, language_score=sure) for chunk in chunks)
    return replace(transcript, chunks=tuple(found))


def in_a_row(said: Sequence[Said], timed: bool) -> Transcript:
    """What was said one after the other; the language is the one that was spoken longest."""
    if len(said) == 1:
        return said[0].transcript
    found = [one.transcript for one in said]
    chunks = tuple(chunk for one in found for chunk in one.chunks or ())
    spoken = Counter[str]()
    for transcript, seconds in said:
        if transcript.language is not None and transcript.text:
            spoken[transcript.language] += round(1000 * seconds)
    language = spoken.most_common(1)[0][0] if spoken else None
    text = joined_text(one.text for one in found)
    return Transcript(text, chunks if timed else None, language, mean_score(said))


def mean_score(said: Sequence[Said]) -> float | None:
    """Of what was given one, each by its seconds."""
    sure = [(one.score, seconds) for one, seconds in said if one.score is not None]
    total = sum(seconds for _, seconds in sure)
    return sum(score * seconds for score, seconds in sure) / total if total else None


def joined_text(texts: Iterable[str]) -> str:
    """Texts that follow one another, with spaces where their script has them."""
    whole = ""
    for text in texts:
        if text:
            whole += text if not whole or stands_close(whole, text) else f" {text}"
    return whole


def of_channels(named: Sequence[tuple[str, Transcript]]) -> Transcript:
    """What was said in channels that were each heard by themselves: by time, where it is known.

    The text names them, where there is more than one.
    """
    timed = [(name, one) for name, one in named if one.chunks is not None]
    chunks = [replace(chunk, channel=name) for name, one in timed for chunk in one.chunks or ()]
    turns = _turns(timed) if timed else ((name, one.text) for name, one in named)
    languages = {one.language for _, one in named if one.text}
    return Transcript(
        labelled(turns) if len(named) > 1 else named[0][1].text,
        tuple(sorted(chunks, key=lambda chunk: chunk.timestamp)) if timed else None,
        languages.pop() if len(languages) == 1 else None,
        mean_score([Said(one, 1.0) for _, one in named]),
        channels=tuple(ChannelText(name, one.text, one.language) for name, one in named),
    )


def labelled(turns: Iterable[tuple[str | None, str]]) -> str:
    """A line for each turn, behind the name of where it is heard, or of who says it."""
    return "\n".join(f"{name}: {text}" if name else text for name, text in turns if text)


def _turns(named: Sequence[tuple[str, Transcript]]) -> Iterator[tuple[str, str]]:
    """What is said in a channel until another is heard: phrases, as they begin."""
    found = [
        (phrase.timestamp, name, phrase.text)
        for name, one in named
        for phrase in phrases(spaced(one.chunks or (), one.text))
    ]
    for name, own in groupby(sorted(found), key=lambda phrase: phrase[1]):
        yield name, joined_text(text for _, _, text in own)
