// The numbers of a view: unpacked, coloured and written.

import { channels } from "../../output/report/colours.js";
import { h } from "../../output/report/elements.js";

/** @import { ExplainedRun, PackedFrame } from "../../../types/explain" */

/** @typedef {{ low: number, high: number, colours: readonly (readonly number[])[] }} Scale */

/** @type {WeakMap<PackedFrame, Float32Array>} */
const unpacked = new WeakMap();

/** Row by row; what is no number is NaN. @param {PackedFrame} frame */
export function numbersOf(frame) {
  const found = unpacked.get(frame) ?? unpack(frame);
  unpacked.set(frame, found);
  return found;
}

/** @param {PackedFrame} frame */
function unpack({ code, data, low, high }) {
  const { buffer } = Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0));
  if (code === "f4") return new Float32Array(buffer);
  const levels = code === "u2" ? new Uint16Array(buffer) : new Uint8Array(buffer);
  const top = code === "u2" ? 65535 : 255;
  return Float32Array.from(levels, (level) => (level === top ? NaN : low + ((high - low) * level) / (top - 1)));
}

/** What the colours of a frame span; of signed numbers zero is in the middle.
 * @param {readonly PackedFrame[]} frames
 * @param {boolean} signed
 * @param {ExplainedRun} run
 * @returns {Scale}
 */
export function scaleOf(frames, signed, run) {
  const low = Math.min(...frames.map((frame) => frame.low));
  const high = Math.max(...frames.map((frame) => frame.high));
  if (!signed) return { low, high, colours: coloursOf(run.heat) };
  const most = Math.max(Math.abs(low), Math.abs(high));
  return { low: -most, high: most, colours: coloursOf(run.diverging) };
}

/** @type {Map<string, readonly (readonly number[])[]>} */
const tables = new Map();

/** @param {readonly string[]} hexadecimals */
function coloursOf(hexadecimals) {
  const key = hexadecimals[0];
  const table = tables.get(key) ?? hexadecimals.map(channels);
  tables.set(key, table);
  return table;
}

/** @param {Scale} scale @param {number} value */
export function colourAt({ low, high, colours }, value) {
  const share = high > low ? (value - low) / (high - low) : 0;
  return colours[Math.max(0, Math.min(255, Math.floor(share * 255)))];
}

/** How much a number stands out: the least, or of signed ones zero, does not. @param {Scale} scale @param {number} value */
function weightOf({ low, high }, value) {
  if (high <= low) return 0;
  const share = (value - low) / (high - low);
  return low < 0 && high === -low ? Math.abs(2 * share - 1) : share;
}

/**
 * A pixel for each number; none where there is no number. Those that are `clear` let what is under
 * them shine through where the number is small.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values
 * @param {number} rows
 * @param {number} columns
 * @param {Scale} scale
 */
export function paint(canvas, values, rows, columns, scale, clear = false) {
  canvas.width = columns;
  canvas.height = rows;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(columns, rows);
  for (let at = 0; at < rows * columns; at += 1) {
    if (!Number.isFinite(values[at])) continue;
    image.data.set(colourAt(scale, values[at]), 4 * at);
    image.data[4 * at + 3] = clear ? Math.round(255 * weightOf(scale, values[at]) ** 0.5) : 255;
  }
  context.putImageData(image, 0, 0);
}

/** Three digits. @param {number | null} value */
export function amount(value, unit = "") {
  if (value === null || !Number.isFinite(value)) return "none";
  const size = Math.abs(value);
  const text = size && (size < 1e-4 || size >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(3)));
  return unit ? `${text} ${unit}` : text;
}

/** The colours, with the least and the greatest number. @param {Scale} scale @param {string} unit */
export function scaleBar(scale, unit = "") {
  const canvas = h("canvas", { "aria-hidden": "true" });
  paint(canvas, Array.from({ length: 256 }, (_, at) => at), 1, 256, { ...scale, low: 0, high: 255 });
  const label = `Colours from ${amount(scale.low, unit)} to ${amount(scale.high, unit)}`;
  return h("div", { class: "scale", role: "img", "aria-label": label },
    h("span", {}, amount(scale.low, unit)), canvas, h("span", {}, amount(scale.high, unit)));
}
