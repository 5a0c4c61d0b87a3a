"""The heard world: espeak-ng speaks, and a microphone in some room hears it.

    apt-get install espeak-ng

Voices, speeds and pitches vary; a corpus of utterances is spoken once and kept on disk, and each
time it is read it is heard anew: nearer or farther, in another room, in other noise.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16_000  # samples a second of everything here
SPEEDS, PITCHES = (130, 200), (30, 70)  # words a minute; espeak's own scale of 0 to 99
SHARD = 1000  # utterances kept in one file
_INVENTING = Lock()  # else two threads would each make the folder, and one lose it
_WAV_HEADER = 44  # bytes
_FULL_SCALE = 32767

# "en" is British: espeak takes no speaker with "en-gb", and "en-us-nyc" is "en-us" again.
_PLAIN = ["en-us", "en"]  # the accents on which most spelling books agree
_ACCENTS = [*_PLAIN, "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"]
_SPEAKERS = "m1 m2 m3 m4 m5 m7 m8 f1 f2 f4 f5 adam Gene Mike linda steph belinda edward max".split()
# Those of espeak's that want to be a person, and do not hurry.
_MORE_SPEAKERS = (
    "Alex Alicia Andy Annie AnxiousAndy Denis Diogo Gene2 Henrique Hugo Jacky Lee Marco Mario "
    "Nguyen aunty benjamin boris caleb david ed edward2 gustave iven iven2 john kaukovalta klatt2 "
    "klatt4 marcelo michel miguel norbert pablo paul quincy rob robert sandro shelby steph2 travis "
    "victor zac"
).split()
_UNSEEN_SPEAKERS = ["m6", "f3", "Andrea", "Michael"]
_INVENTED_SPEAKERS = [f"invented{number:03}" for number in range(180)]  # espeak lists 349 at most


def _voices(accents: list[str], speakers: list[str]) -> list[str]:
    return [f"{accent}+{speaker}" for accent, speaker in product(accents, speakers)]


VOICES, UNSEEN_VOICES = _voices(_ACCENTS, _SPEAKERS), _voices(_ACCENTS, _UNSEEN_SPEAKERS)
# For tasks in which spelling matters.
PLAIN_VOICES, MORE_PLAIN_VOICES, PLAIN_UNSEEN_VOICES, INVENTED_VOICES = (
    _voices(_PLAIN, _SPEAKERS),
    _voices(_PLAIN, _MORE_SPEAKERS),
    _voices(_PLAIN, _UNSEEN_SPEAKERS),
    _voices(_PLAIN, _INVENTED_SPEAKERS),
)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Utterance:
    """What is said, and how."""

    text: str
    voice: str = "en-us"
    speed: int = 160  # words a minute
    pitch: int = 50
    phonemes: str = ""  # of the text in this voice, where a recipe asks for them

    @classmethod
    def draw(cls, rng: np.random.Generator, text: str, voices: list[str]) -> Utterance:
        speed, pitch = int(rng.integers(*SPEEDS)), int(rng.integers(*PITCHES))
        return cls(text, voices[rng.integers(len(voices))], speed, pitch)


def speak(text: str, voice: str = "en-us", speed: int = 160, pitch: int = 50) -> Floats:
    """Mono float32 samples [n] at RATE; raises CalledProcessError for an unknown voice."""
    how = ["-s", str(speed), "-p", str(pitch), "--stdout", "--", text.lower()]
    done = subprocess.run([*_espeak(voice), *how], capture_output=True, check=True)
    rate = int.from_bytes(done.stdout[24:28], "little")
    samples = np.frombuffer(done.stdout[_WAV_HEADER:], np.int16).astype(np.float32) / _FULL_SCALE
    return np.asarray(soxr.resample(trimmed(samples), rate, RATE), np.float32)


def speak_all(utterances: Iterable[Utterance], threads: int = 2) -> Iterator[Floats]:
    """The samples of each utterance, in order."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(
            lambda one: speak(one.text, one.voice, one.speed, one.pitch), utterances
        )


def phonemes_of(text: str, voice: str) -> str:
    """What espeak says for a text, in its own codes, without stress and pauses."""
    how = ["-q", "-x", "--sep= ", "--", text.lower()]
    done = subprocess.run([*_espeak(voice), *how], capture_output=True, check=True, text=True)
    codes = (code.lstrip("',%=") for code in done.stdout.split())
    return " ".join(code for code in codes if code and not code.startswith("_"))


def with_phonemes(utterances: list[Utterance], threads: int = 2) -> list[Utterance]:
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(lambda one: phonemes_of(one.text, one.voice), utterances)
        return [replace(one, phonemes=said) for one, said in zip(utterances, found, strict=True)]


def _espeak(voice: str) -> list[str]:
    """The command that speaks in a voice, whose speaker may be of our own invention."""
    speaker = voice.partition("+")[2]
    if speaker not in _INVENTED_SPEAKERS:
        return ["espeak-ng", "-v", voice]
    with _INVENTING:
        return ["espeak-ng", f"--path={_invented().name}", "-v", voice]


@cache
def _invented() -> TemporaryDirectory[str]:
    """A folder of espeak's data, linked, in which the invented speakers stand beside its own."""
    told = subprocess.run(["espeak-ng", "--version"], capture_output=True, check=True, text=True)
    own = Path(told.stdout.rpartition("Data at: ")[2].strip())
    place = TemporaryDirectory(prefix="speakers-")
    data = Path(place.name, "espeak-ng-data")
    variants = data / "voices" / "!v"
    variants.mkdir(parents=True)
    for part in own.iterdir():
        if part.name != "voices":
            (data / part.name).symlink_to(part)
    for number, name in enumerate(_INVENTED_SPEAKERS):
        variants.joinpath(name).write_text(_speaker(name, np.random.default_rng([3, number])))
    return place


def _speaker(name: str, rng: np.random.Generator) -> str:
    """A voice variant in the units of espeak-ng's docs/voices.md: 100 is as usual."""

    def whole(low: int, high: int, count: int = 1) -> str:
        return " ".join(map(str, rng.integers(low, high, count)))

    low = rng.uniform(65, 220)  # Hz
    lines = [
        f"language variant\nname {name}",
        f"pitch {low:.0f} {low * rng.uniform(1.1, 1.8):.0f}",
        f"flutter {whole(0, 15)}",
        f"roughness {rng.choice([0, 0, 1, 3, 5])}",
        f"voicing {whole(40, 170)}",
        f"consonants {whole(50, 150)} {whole(50, 150)}",
        f"intonation {rng.choice([1, 1, 1, 2, 3])}",
    ]
    throat = rng.normal(0.16, 0.1) * (low - 100) / 100 + rng.normal(1, 0.06)  # high voice, short
    for formant in range(9):
        frequency = 100 * np.clip(throat * rng.normal(1, 0.05), 0.75, 1.4)
        lines.append(f"formant {formant} {frequency:.0f} {whole(60, 140)} {whole(60, 160)}")
    if rng.random() < 0.3:  # all vowels about as long
        added = 130 * rng.uniform(0.7, 1.4) + rng.integers(-20, 20, 8)
        lines.append("stressLength 0 1 2 3 4 5 6 7")
        lines.append(f"stressAdd {' '.join(map(str, added.astype(int)))}")
    if rng.random() < 0.3:
        lines.append(f"stressAmp {whole(14, 26, 8)}")
    if rng.random() < 0.3:
        tone = [whole(150, 256), whole(80, 256), whole(40, 256)]
        lines.append(f"tone 600 {tone[0]} 1200 {tone[1]} 2000 {tone[2]}")
    if rng.random() < 0.2:
        lines.append(f"echo {whole(10, 150)} {whole(5, 40)}")
    if rng.random() < 0.2:
        lines.append(f"breath 0 {whole(0, 10, 7)}")
    return "\n".join(lines) + "\n"


def trimmed(samples: Floats, floor: float = 0.003) -> Floats:
    """Without the silence that espeak puts at both ends."""
    loud = np.flatnonzero(np.abs(samples) > floor)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def save_sound(path: Path, samples: Floats, stereo: bool = False) -> Path:
    """Save as the suffix says: mono at RATE, or unequal channels at 44.1 kHz."""
    if not stereo:
        soundfile.write(path, samples, RATE)
        return path
    finer = soxr.resample(samples, RATE, 44_100)
    soundfile.write(path, np.stack([finer, 0.6 * finer], 1), 44_100)
    return path


# --- a corpus on disk -----------------------------------------------------------------------


@dataclass(frozen=True)
class Corpus:
    """Utterances with their samples, which stay on disk until they are read."""

    utterances: list[Utterance]
    samples: list[NDArray[np.int16]]

    def __len__(self) -> int:
        return len(self.utterances)

    def __add__(self, other: Corpus) -> Corpus:
        return Corpus(self.utterances + other.utterances, self.samples + other.samples)

    def sound(self, index: int) -> Floats:
        return self.samples[index].astype(np.float32) / _FULL_SCALE

    def seconds(self) -> Floats:
        return np.array([len(samples) / RATE for samples in self.samples], np.float32)


def corpus(
    folder: Path, seed: int, shards: int, write: Callable[[np.random.Generator], list[Utterance]]
) -> Corpus:
    """Shards of what `write` says to speak; those in `folder` already are not spoken again."""
    folder.mkdir(parents=True, exist_ok=True)
    utterances: list[Utterance] = []
    samples: list[NDArray[np.int16]] = []
    for index in range(shards):
        path = folder / f"speech-{seed}-{index:03}.i16"
        if not path.with_suffix(".json").exists():
            _speak_shard(path, write(np.random.default_rng([seed, index])))
        said = json.loads(path.with_suffix(".json").read_text())
        utterances += [Utterance(**one) for one in said["utterances"]]
        samples += np.split(np.memmap(path, np.int16, "r"), said["ends"][:-1])
    return Corpus(utterances, samples)


def _speak_shard(path: Path, utterances: list[Utterance]) -> None:
    ends, end = [], 0
    with path.open("wb") as file:
        for samples in speak_all(utterances):
            end += len(samples)
            ends.append(end)
            file.write((np.clip(samples, -1, 1) * _FULL_SCALE).astype(np.int16).tobytes())
    said = {"ends": ends, "utterances": [asdict(one) for one in utterances]}
    path.with_suffix(".json").write_text(json.dumps(said))  # last: it marks the shard whole


# --- hearing it -----------------------------------------------------------------------------


def hear(samples: Floats, rng: np.random.Generator, ends: float = 0.3) -> Floats:
    """As a microphone in some room hears it, with up to `ends` seconds of quiet on each side."""
    if rng.random() < 0.35:
        samples = reverberate(samples, rng)
    if rng.random() < 0.3:
        samples = band_limit(samples, rng)
    samples = np.pad(samples, tuple(rng.integers(0, int(ends * RATE) + 1, 2)))
    samples = samples + noise(len(samples), rng) * loudness(samples) * db(-rng.uniform(8, 45))
    return np.clip(samples * db(rng.uniform(-20, 6)), -1, 1).astype(np.float32)


def nothing(length: int, rng: np.random.Generator) -> Floats:
    """Noise, mains hum in noise, or true silence."""
    if rng.random() < 0.05:
        return np.zeros(length, np.float32)
    sound = noise(length, rng)
    if rng.random() < 0.25:
        times = np.arange(length, dtype=np.float32) / RATE
        hum = np.sin(2 * np.pi * rng.choice([50, 60, 100, 120]) * times)
        sound = sound + db(rng.uniform(-10, 15)) * hum
    return np.clip(sound * db(rng.uniform(-70, -12)), -1, 1).astype(np.float32)


def another_throat(samples: Floats, rng: np.random.Generator) -> Floats:
    """As a speaker with a longer or shorter throat might say it: slower or faster, other timbre."""
    times = np.arange(0, len(samples) - 1, rng.uniform(0.85, 1.2))
    samples = np.interp(times, np.arange(len(samples)), samples).astype(np.float32)
    frequencies = np.fft.rfftfreq(_fast(len(samples)), 1 / RATE)
    octaves = np.log2(np.maximum(frequencies, 100) / 100)
    decibels = np.interp(octaves, np.arange(8), rng.normal(0, 4, 8))
    return _filtered(samples, (10 ** (decibels / 20)).astype(np.float32))


def db(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / 20))


def loudness(samples: Floats) -> np.float32:
    """Root mean square."""
    return np.sqrt(np.mean(samples**2) + np.float32(1e-12))


def reverberate(samples: Floats, rng: np.random.Generator) -> Floats:
    """Convolve with exponentially decaying noise: a room whose echo fades in 0.1 to 0.5 s."""
    fade = rng.uniform(0.1, 0.5)
    times = np.arange(int(fade * RATE), dtype=np.float32) / RATE
    echo = rng.standard_normal(len(times), np.float32) * np.exp(-6.9 * times / fade)
    echo *= rng.uniform(0.1, 0.6) / np.sqrt((echo**2).sum())
    echo[0] += 1
    return _filtered(samples, np.fft.rfft(echo, _fast(len(samples) + len(echo))))


def band_limit(samples: Floats, rng: np.random.Generator) -> Floats:
    """Cut rumble and treble, as a telephone or a cheap microphone does."""
    low, high = rng.uniform(50, 300), rng.uniform(3400, 7600)
    frequencies = np.fft.rfftfreq(_fast(len(samples)), 1 / RATE)
    response = 1 / (1 + (low / np.maximum(frequencies, 1)) ** 4) / (1 + (frequencies / high) ** 8)
    return _filtered(samples, response.astype(np.float32))


def _filtered(samples: Floats, response: NDArray[np.generic]) -> Floats:
    size = 2 * (len(response) - 1)
    return np.fft.irfft(np.fft.rfft(samples, size) * response, size)[: len(samples)].astype("f4")


def _fast(length: int) -> int:
    """The next length whose Fourier transform is fast."""
    power = 1 << max(length - 1, 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= length else power


def noise(length: int, rng: np.random.Generator) -> Floats:
    """Noise of root mean square 1, from white to brown."""
    bank = _noises()
    row, start = rng.integers(len(bank)), rng.integers(bank.shape[1])
    return np.take(bank[row], np.arange(start, start + length), mode="wrap")


@cache
def _noises(seconds: int = 30) -> Floats:
    """One row for each colour, which repeats seamlessly."""
    rng = np.random.default_rng(0)
    frequencies = np.maximum(np.fft.rfftfreq(seconds * RATE, 1 / RATE), 20)
    rows = []
    for slope in (0, 0.3, 0.6, 0.9, 1.2, 1.6):
        white = np.fft.rfft(rng.standard_normal(seconds * RATE))
        row = np.fft.irfft(white * frequencies**-slope)
        rows.append((row / row.std()).astype(np.float32))
    return np.stack(rows)
