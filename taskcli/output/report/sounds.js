// A recording that plays, and what is heard in it, which follows the sound: words, or labels in time.

import { h, svg } from "./elements.js";
import { clean, clock, percent, progress } from "./wording.js";

/** @import { Chunk, Preview, State } from "../../../types/page" */
/** @import { ChannelText, LabelWindow, Transcript, Turn } from "../../../types/records" */

const PLAY = "M3 1.5v13l11-6.5z";
const PAUSE = "M3 2h4v12H3zM9 2h4v12H9z";

export class Player {
  /** @param {string} name @param {Preview} preview @param {State} state */
  constructor(name, preview, state) {
    this.state = state;
    this.seconds = preview.seconds ?? 0;
    // Times are those of the file; the sound in the page holds no more of it than was heard.
    this.begins = preview.begins ?? 0;
    this.end = this.begins + this.seconds;
    this.before = this.begins;
    this.name = clean(name, state.run.unsafe);
    this.source = preview.sound ?? null;
    /** @type {HTMLAudioElement | null} */
    this.audio = null;
    /** @type {(seconds: number) => void} */
    this.follow = () => {};
    this.icon = svg("path", { d: PLAY });
    this.button = h(
      "button",
      { type: "button", class: "play", "aria-label": `Play ${this.name}`, onclick: () => this.toggle() },
      svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, this.icon),
    );
    this.button.disabled = !this.source;
    this.position = h("input", {
      type: "range", min: this.begins, max: this.end, step: 0.01, value: this.begins,
      "aria-label": `Position in ${this.name}`, oninput: () => this.seek(Number(this.position.value)),
    });
    this.position.disabled = !this.source;
    this.clock = h("span", { class: "clock" });
    const peaks = preview.peaks ?? [];
    const outline = () => svg("path", { d: outlineOf(peaks) });
    const box = { viewBox: `0 0 ${peaks.length} 100`, preserveAspectRatio: "none", "aria-hidden": "true" };
    this.wave = h("div", { class: "wave" }, svg("svg", box, outline()), svg("svg", { ...box, class: "played" }, outline()), this.position);
    this.element = h("div", { class: "player" }, this.button, this.wave, this.clock);
    this.show(this.begins);
  }

  /**
   * A recording too long for the page can still be opened by the person who has it.
   * @param {string | undefined} link
   */
  chooser(link) {
    if (this.source) return null;
    const input = h("input", { type: "file", accept: "audio/*,video/*", onchange: () => {
      if (!input.files?.length) return;
      this.source = URL.createObjectURL(input.files[0]);
      this.before = 0;
      this.button.disabled = this.position.disabled = false;
      this.audio = null;
    } });
    const why = "This recording is not in the page. Choose its file to hear it here";
    const where = link ? [", or ", h("a", { href: link, target: "_blank", rel: "noopener" }, "open it"), " by itself"] : [];
    return h("label", { class: "load" }, why, where, ".", input);
  }

  /** @param {string} source */
  opened(source) {
    if (this.audio) return this.audio;
    this.audio = new Audio(source);
    if (this.begins > this.before) this.audio.currentTime = this.begins;
    this.audio.addEventListener("ended", () => this.pause());
    return this.audio;
  }

  toggle() {
    if (this.state.playing === this) this.pause();
    else this.play();
  }

  async play() {
    if (!this.source) return;
    this.state.playing?.pause();
    this.state.playing = this;
    this.icon.setAttribute("d", PAUSE);
    this.button.setAttribute("aria-label", `Pause ${this.name}`);
    const audio = this.opened(this.source);
    if (audio.ended) audio.currentTime = this.begins - this.before;
    try {
      await audio.play();
    } catch (refused) { // the file is no sound that this browser plays, or was paused at once
      if (this.state.playing === this) this.pause();
      if (!(refused instanceof DOMException && refused.name === "AbortError")) this.clock.textContent = "cannot be played here";
      return;
    }
    this.tick(audio);
  }

  pause() {
    if (this.audio) this.audio.pause();
    if (this.state.playing === this) this.state.playing = null;
    this.icon.setAttribute("d", PLAY);
    this.button.setAttribute("aria-label", `Play ${this.name}`);
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (!this.source) return;
    this.opened(this.source).currentTime = seconds - this.before;
    this.show(seconds);
  }

  /** @param {HTMLAudioElement} audio */
  tick(audio) {
    this.show(audio.ended ? this.end : audio.currentTime + this.before);
    if (this.state.playing === this) requestAnimationFrame(() => this.tick(audio));
  }

  /** @param {number} seconds */
  show(seconds) {
    const at = Math.min(seconds, this.end);
    this.wave.style.setProperty("--at", `${(100 * (at - this.begins)) / this.seconds}%`);
    this.clock.textContent = progress(at, this.end);
    if (document.activeElement !== this.position || this.state.playing === this) this.position.value = String(at);
    this.position.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${this.end.toFixed(1)} seconds`);
    this.follow(at);
  }
}

/** @param {readonly number[]} peaks */
export const outlineOf = (peaks) =>
  peaks.map((peak, x) => `M${x + 0.5} ${50 - peak * 0.46}V${50 + Math.max(peak * 0.46, 1)}`).join("");

/**
 * The text with a button per chunk, which the player marks as it comes to them.
 * @param {Transcript} result
 * @param {Player | null} player
 */
export function transcript(result, player) {
  const box = h("div", { class: "transcript", dir: "auto" });
  const chunks = result.chunks ?? [];
  if (!result.text.trim()) box.append(h("span", { class: "nothing" }, "Nothing is said."));
  else if (!chunks.length && (result.channels || several(result.turns))) box.append(...result.text.split("\n").map((turn) => h("div", {}, turn)));
  else if (!chunks.length) box.append(result.text);
  const buttons = chunks.map((chunk) => spoken(chunk, player));
  const shown = chunks.map((chunk, number) => inLanguage(buttons[number], chunk, chunks[number - 1]));
  if (areSentences(chunks)) box.append(...shown.map((one, number) => timedLine(one, chunks[number])));
  else if (result.channels && chunks.length) box.append(...result.channels.map((channel) => channelLine(channel, chunks, shown)));
  else if (several(result.turns) && chunks.length) box.append(...turnLines(result.turns ?? [], chunks, shown));
  else box.append(...runningText(result.text, chunks, shown));
  if (player) player.follow = follower(box, chunks, buttons, player.state);
  return box;
}

/** Whether more than one speaks: one alone is not named in a text. @param {readonly Turn[] | null | undefined} turns */
const several = (turns) => new Set((turns ?? []).map((turn) => turn.speaker).filter(Boolean)).size > 1;

/**
 * The best label of each window, a line each, which the player marks as it comes to them.
 * @param {readonly LabelWindow[]} windows
 * @param {Player | null} player
 * @param {State} state
 */
export function course(windows, player, state) {
  const chunks = courseOf(windows).map(({ label, score, start, end, channel }) =>
    /** @type {Chunk} */ ({ text: `${clean(label, state.run.unsafe)}  ${percent(score)}`, timestamp: [start, end], channel }));
  const buttons = chunks.map((chunk) => spoken(chunk, player));
  const box = h("div", { class: "transcript" }, buttons.map((button, number) => timedLine(button, chunks[number])));
  if (player) player.follow = follower(box, chunks, buttons, player.state);
  return box;
}

const APART = 0.001; // seconds between windows that are heard apart; less is rounding

/** Neighbours of one label are one stretch, of their mean score, if nothing was left out between; in the order of time. @param {readonly LabelWindow[]} windows */
export function courseOf(windows) {
  /** @type {{ label: string, start: number, end: number, channel?: string | null, scores: number[] }[]} */
  const stretches = [];
  for (const { start, end, channel, labels: [best] } of windows) {
    const last = stretches.at(-1);
    if (last?.label === best.label && (last.channel ?? null) === (channel ?? null) && last.start <= start && start <= last.end + APART) {
      last.end = end;
      last.scores.push(best.score);
    } else stretches.push({ label: best.label, start, end, scores: [best.score], ...(channel && { channel }) });
  }
  stretches.sort((one, other) => one.start - other.start);
  return stretches.map(({ scores, ...where }) => ({ ...where, score: scores.reduce((sum, one) => sum + one, 0) / scores.length }));
}

/** @param {Chunk} chunk @param {Player | null} player */
function spoken(chunk, player) {
  const [start] = chunk.timestamp;
  const jump = () => {
    player?.seek(start);
    if (player?.state.playing !== player) player?.play();
  };
  const title = `${start.toFixed(2)} s`;
  return h("button", { type: "button", class: "word", tabindex: -1, title, onclick: jump }, chunk.text.trim());
}

/** Phrases get a line each; words and characters run on. @param {readonly Chunk[]} chunks */
export const areSentences = (chunks) =>
  chunks.length > 1 && chunks.filter((chunk) => /\S\s+\S+\s+\S/.test(chunk.text)).length > chunks.length / 2;

/** @param {HTMLElement} button @param {Chunk} chunk */
const timedLine = (button, chunk) => h("div", { class: "line" }, h("time", {}, clock(chunk.timestamp[0])), voiced(button, chunk.channel ?? chunk.speaker));

/**
 * Behind the language where another begins, if it was found for each stretch.
 * @param {HTMLElement} button
 * @param {Chunk} chunk
 * @param {Chunk | undefined} before
 */
const inLanguage = (button, chunk, before) => voiced(button, chunk.language === before?.language ? null : chunk.language);

/** @param {HTMLElement} button @param {string | null | undefined} voice */
const voiced = (button, voice) => (voice ? h("span", {}, voiceName(voice), " ", button) : button);

/** The channel or the language that something is said in, or who says it. @param {string} voice */
const voiceName = (voice) => h("span", { class: "channel" }, voice);

/**
 * What is said in one channel, of those that were each heard by themselves.
 * @param {ChannelText} own
 * @param {readonly Chunk[]} chunks
 * @param {readonly HTMLElement[]} buttons
 */
function channelLine({ channel, text }, chunks, buttons) {
  const places = [...chunks.keys()].filter((place) => chunks[place].channel === channel);
  const words = runningText(text, places.map((place) => chunks[place]), places.map((place) => buttons[place]));
  return h("div", { class: "line" }, voiceName(channel), h("span", {}, words));
}

/**
 * What each speaker says until another does; the chunks follow one another as the turns do.
 * @param {readonly Turn[]} turns
 * @param {readonly Chunk[]} chunks
 * @param {readonly HTMLElement[]} buttons
 */
function turnLines(turns, chunks, buttons) {
  let start = 0;
  return turns.map(({ speaker, text }) => {
    let end = start;
    while (end < chunks.length && (chunks[end].speaker ?? null) === speaker) end += 1;
    const words = runningText(text, chunks.slice(start, end), buttons.slice(start, end));
    start = end;
    return h("div", { class: "line" }, speaker ? voiceName(speaker) : h("span", {}), h("span", {}, words));
  });
}

/**
 * What is shown for each chunk, with what stands between the chunks as the whole text has it.
 * @template Shown
 * @param {string} text
 * @param {readonly Chunk[]} chunks
 * @param {readonly Shown[]} shown
 */
export function runningText(text, chunks, shown) {
  /** @type {(string | Shown)[]} */
  const parts = [];
  let at = 0;
  chunks.forEach((chunk, number) => {
    const found = text.indexOf(chunk.text.trim(), at);
    parts.push(found < 0 ? " " : text.slice(at, found), shown[number]);
    if (found >= 0) at = found + chunk.text.trim().length;
  });
  return chunks.length ? [...parts, text.slice(at)] : [];
}

/**
 * @param {HTMLElement} box
 * @param {readonly Chunk[]} chunks
 * @param {readonly HTMLElement[]} buttons
 * @param {State} state
 */
function follower(box, chunks, buttons, state) {
  /** @type {HTMLElement | null} */
  let last = null;
  return (/** @type {number} */ seconds) => {
    const started = chunks.findLastIndex((chunk) => chunk.timestamp[0] <= seconds);
    box.classList.toggle("following", seconds > 0 && chunks.length > 0);
    buttons.forEach((button, number) => button.classList.toggle("said", number <= started));
    const speaking = started >= 0 && seconds > 0 && seconds <= (chunks[started].timestamp[1] ?? Infinity);
    const now = speaking ? buttons[started] : null;
    if (now === last) return;
    last?.classList.remove("now");
    now?.classList.add("now");
    last = now;
    if (now && state.playing) scrollWithin(box, now);
  };
}

/** Only the box scrolls: the page stays where the reader has put it. @param {HTMLElement} box @param {HTMLElement} button */
function scrollWithin(box, button) {
  const [outer, inner] = [box, button].map((element) => element.getBoundingClientRect());
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    box.scrollTop += inner.top - outer.top - outer.height / 3;
  }
}
