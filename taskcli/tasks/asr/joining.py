"""Transcripts of what was heard by itself, as one of the recording."""

from dataclasses import replace

from taskcli.results import Chunk, Transcript


def later(transcript: Transcript, seconds: float) -> Transcript:
    """With the times of a file in which what was heard begins after so many seconds."""
    if not seconds or transcript.chunks is None:
        return transcript
    chunks = tuple(_later(chunk, seconds) for chunk in transcript.chunks)
    return replace(transcript, chunks=chunks)


def _later(chunk: Chunk, seconds: float) -> Chunk:
    start, end = chunk.timestamp
    return replace(chunk, timestamp=(round(start + seconds, 3), round(end + seconds, 3)))
