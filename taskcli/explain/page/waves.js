// A recording cut into frames, with what was heard in each.

import { h, svg } from "../../output/report/elements.js";
import { clean } from "../../output/report/wording.js";
import { amount, numbersOf } from "./numbers.js";
import { Plane } from "./plane.js";

/** @import { Drawing, Piece, WaveView } from "../../../types/explain" */

const HIGH = 110; // pixels
const WIDEST_WAVE = 12000; // pixels
const FRAME = 15; // pixels that a frame would have
const LEAST = 4; // pixels, below which lines between frames are one grey

/** @param {WaveView} view @param {Drawing} drawing */
export function drawWave(view, { run, player }) {
  const count = Math.max(1, Math.ceil(view.seconds / view.step - 1e-6));
  const wide = Math.min(WIDEST_WAVE, Math.max(320, count * FRAME));
  const across = (/** @type {number} */ seconds) => (seconds / (count * view.step)) * wide;
  const nameOfPiece = (/** @type {Piece} */ piece) => clean(piece.text, run.unsafe) || "–";
  const told = (/** @type {number} */ _, /** @type {number} */ frame) => {
    const [start, end] = [frame * view.step, (frame + 1) * view.step];
    const heard = view.pieces.filter((piece) => piece.start < end - 1e-6 && piece.end > start + 1e-6);
    const [low, high] = between(view, start, end);
    const said = heard.map((piece) => `“${nameOfPiece(piece)}”${piece.is_kept ? "" : ", not in the text"}`).join("; ");
    return `frame ${frame + 1}, ${start.toFixed(3)} to ${end.toFixed(3)} s: samples from ${amount(low)} to ${amount(high)}${said ? `; ${said}` : ""}`;
  };
  const plane = new Plane(`${view.title}; Enter plays from here`, told, {
    pressed: (_, frame) => {
      if (!player?.source) return;
      player.seek(frame * view.step);
      if (player.state.playing !== player) player.play();
    },
  });
  plane.size = { rows: 1, columns: count };
  Object.assign(plane.element.style, { width: `${wide}px`, height: `${HIGH}px` });
  const lines = wide / count < LEAST ? [] : Array.from({ length: count + 1 }, (_, at) => `M${((at * wide) / count).toFixed(1)} 0V${HIGH}`);
  const now = h("div", { class: "now-line", hidden: true });
  plane.element.prepend(svg("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "waveform", "aria-hidden": "true" },
    svg("path", { class: "frame-lines", d: lines.join("") }), svg("path", { class: "samples", d: outlineAt(view, across, wide) })), now);
  const pieces = h("div", { class: "heard" }, view.pieces.map((piece) => {
    const one = h("span", { class: piece.is_kept ? "kept" : "dropped", title: `${nameOfPiece(piece)}: ${piece.start.toFixed(2)} to ${piece.end.toFixed(2)} s${piece.is_kept ? "" : ", not in the text"}` }, nameOfPiece(piece));
    Object.assign(one.style, { left: `${across(piece.start)}px`, width: `${Math.max(1, across(piece.end) - across(piece.start))}px` });
    return one;
  }));
  pieces.style.width = `${wide}px`;
  if (player) {
    const before = player.follow;
    player.follow = (seconds) => {
      before(seconds);
      now.hidden = seconds <= 0;
      now.style.left = `${across(seconds)}px`;
    };
  }
  const legend = view.pieces.length ? h("p", { class: "legend" }, h("span", { class: "kept" }, "in the text"), h("span", { class: "dropped" }, "a repeat or a blank")) : null;
  const hint = player?.source ? h("p", { class: "hint" }, "Click to hear it from there.") : null;
  return [h("div", { class: "scrolls", tabindex: -1 }, plane.element, view.pieces.length ? pieces : null), h("div", { class: "under" }, legend, hint, plane.reading)];
}

/** The stretches of samples in a stretch of time. @param {WaveView} view @param {number} start @param {number} end */
function between(view, start, end) {
  const [frame] = view.frames;
  const values = numbersOf(frame);
  const count = frame.shape[0];
  const from = Math.min(count - 1, Math.floor((start / view.seconds) * count));
  const until = Math.max(from + 1, Math.min(count, Math.ceil((end / view.seconds) * count)));
  let [low, high] = [Infinity, -Infinity];
  for (let at = from; at < until; at += 1) {
    low = Math.min(low, values[2 * at]);
    high = Math.max(high, values[2 * at + 1]);
  }
  return [low, high];
}

/** @param {WaveView} view @param {(seconds: number) => number} across @param {number} wide */
function outlineAt(view, across, wide) {
  const most = Math.max(Math.abs(view.frames[0].low), Math.abs(view.frames[0].high)) || 1;
  const whole = Math.max(1, Math.floor(across(view.seconds)));
  const y = (/** @type {number} */ sample) => (HIGH / 2 - (sample / most) * (HIGH / 2 - 4)).toFixed(1);
  return Array.from({ length: Math.min(whole, wide) }, (_, x) => {
    const [low, high] = between(view, (x / whole) * view.seconds, ((x + 1) / whole) * view.seconds);
    return `M${x + 0.5} ${y(high)}V${Number(y(low)) + 0.7}`;
  }).join("");
}
