// Numbers between two rows of words, and over the pieces of a text.

import { h, svg } from "../../output/report/elements.js";
import { clean } from "../../output/report/wording.js";
import { Chooser } from "./chooser.js";
import { amount, colourAt, numbersOf, paint, scaleBar, scaleOf } from "./numbers.js";
import { greatest, Plane } from "./plane.js";

/** @import { Drawing, GridView, PackedFrame, StripView } from "../../../types/explain" */

const FEW = 16; // columns and rows of a grid in which numbers are written
const LEAST_WRITTEN = 0.01; // of the greatest number: less is left to the pointer
const SIDES = /** @type {const} */ ({ written: 46, roomy: 24, dense: 17 }); // pixels of a cell
const ROOMY = 40; // columns

/** @param {GridView} view @param {Drawing} drawing */
export function drawGrid(view, { run }) {
  const [rows, columns] = [view.rows.length, view.columns.length];
  const few = rows <= FEW && columns <= FEW;
  const side = few ? SIDES.written : columns <= ROOMY ? SIDES.roomy : SIDES.dense;
  const high = few ? SIDES.roomy + 4 : Math.min(side, SIDES.roomy);
  const named = (/** @type {readonly string[]} */ words, /** @type {number} */ at) => visible(clean(words[at] ?? "", run.unsafe));
  let frame = view.frames[0];
  const value = (/** @type {number} */ row, /** @type {number} */ column) => numbersOf(frame)[row * columns + column];
  const told = (/** @type {number} */ row, /** @type {number} */ column) =>
    `${view.row_name} ${row + 1} “${named(view.rows, row)}” → ${view.column_name} ${column + 1} “${named(view.columns, column)}”: ${amount(value(row, column))}`;
  const heads = view.columns.map((_, at) => h("span", { title: named(view.columns, at) }, named(view.columns, at)));
  const sides = view.rows.map((_, at) => h("span", { title: named(view.rows, at) }, named(view.rows, at)));
  const plane = new Plane(view.title, told, {
    first: () => greatest(numbersOf(frame)),
    entered: (row, column) => {
      sides.forEach((one, at) => one.classList.toggle("lit", at === row));
      heads.forEach((one, at) => one.classList.toggle("lit", at === column));
    },
  });
  const canvas = h("canvas", { "aria-hidden": "true", class: "heat" });
  const written = svg("svg", { viewBox: `0 0 ${columns * side} ${rows * high}`, "aria-hidden": "true" });
  plane.element.prepend(canvas, written);
  Object.assign(plane.element.style, { width: `${columns * side}px`, height: `${rows * high}px` });
  const scale = h("div");
  const show = (/** @type {PackedFrame} */ shown) => {
    frame = shown;
    const colours = scaleOf([frame], view.signed, run);
    const most = Math.max(Math.abs(frame.low), Math.abs(frame.high));
    paint(canvas, numbersOf(frame), rows, columns, colours);
    written.replaceChildren(
      ...view.marked.map(([row, column]) => svg("rect", { x: column * side + 1, y: row * high + 1, width: side - 2, height: high - 2, class: "marked" })),
      ...(few ? Array.from(numbersOf(frame), (number, at) => Math.abs(number) < LEAST_WRITTEN * most || !Number.isFinite(number) ? "" : numeral(number, at % columns, Math.floor(at / columns), side, high, colourAt(colours, number))) : []),
    );
    plane.resize({ rows, columns });
    scale.replaceChildren(scaleBar(colours));
  };
  const chooser = new Chooser(view, run.unsafe, show);
  chooser.choose(frame);
  const table = h("div", { class: "grid" },
    h("div", { class: "corner" }, h("span", {}, `${view.row_name} ↓`), h("span", {}, `${view.column_name} →`)),
    h("div", { class: "heads", "aria-hidden": "true" }, heads),
    h("div", { class: "sides-of-rows", "aria-hidden": "true" }, sides), plane.element);
  table.style.setProperty("--cell", `${side}px`);
  table.style.setProperty("--high", `${high}px`);
  return [chooser.element, h("div", { class: "drawn scrolls" }, table), h("div", { class: "under" }, scale, plane.reading)];
}

/**
 * @param {number} number
 * @param {number} column
 * @param {number} row
 * @param {number} side
 * @param {number} high
 * @param {readonly number[]} colour
 */
function numeral(number, column, row, side, high, colour) {
  const [red, green, blue] = colour.map((part) => (part / 255) ** 2.2);
  const dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue <= 0.18;
  const text = Math.abs(number) >= 100 ? number.toFixed(0) : String(Number(number.toPrecision(2)));
  return svg("text", { x: (column + 0.5) * side, y: (row + 0.5) * high + 4, class: dark ? "numeral light" : "numeral" }, text.length > 6 ? number.toExponential(0) : text);
}

/** White space that can be seen. @param {string} text */
export const visible = (text) => text.replace(/^ | $/g, "␣").replace(/\n/g, "⏎") || "␣";

/** Lines of a text, and where each ends. @param {string} text @param {string} unsafe */
const shownText = (text, unsafe) => text.replace(/\t/g, " ").split("\n").map((line) => clean(line, unsafe)).join("⏎\n");

/** @param {StripView} view @param {Drawing} drawing */
export function drawStrip(view, { run }) {
  const reading = h("output", { class: "told" });
  const scale = h("div");
  let frame = view.frames[0];
  const tell = (/** @type {number} */ at) => {
    reading.textContent = `“${clean(view.pieces[at], run.unsafe).trim() || "␣"}” (${at + 1} of ${view.pieces.length})${view.measured ? `: ${amount(numbersOf(frame)[at])}` : ""}`;
    for (const group of [pieces, bars]) group.forEach((one, number) => one.classList.toggle("lit", number === at));
  };
  const listeners = (/** @type {number} */ at) => ({ onpointerenter: () => tell(at), onfocus: () => tell(at), onclick: () => tell(at) });
  const pieces = view.pieces.map((piece, at) => h("span", { class: "piece", tabindex: at ? -1 : 0, ...listeners(at) }, shownText(piece, run.unsafe)));
  const bars = view.pieces.map((_, at) => h("span", { class: "bar-of", ...listeners(at) }, h("i")));
  const move = (/** @type {KeyboardEvent} */ event) => {
    const at = pieces.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || !by || !pieces[at + by]) return;
    pieces[at].tabIndex = -1;
    pieces[at + by].tabIndex = 0;
    pieces[at + by].focus();
    event.preventDefault();
  };
  const show = (/** @type {PackedFrame} */ shown) => {
    frame = shown;
    const colours = scaleOf([frame], view.signed, run);
    const most = Math.max(Math.abs(colours.low), Math.abs(colours.high)) || 1;
    const positive = !view.signed && colours.low >= 0;
    numbersOf(frame).forEach((number, at) => {
      const share = Number.isFinite(number) ? number / most : 0;
      pieces[at].style.setProperty("--share", `${(65 * Math.abs(share)).toFixed(1)}%`);
      pieces[at].classList.toggle("below-zero", share < 0);
      const bar = /** @type {HTMLElement} */ (bars[at].firstChild);
      bars[at].classList.toggle("below-zero", share < 0);
      const size = Math.abs(share) * (positive ? 100 : 50);
      Object.assign(bar.style, { height: `${size}%`, bottom: positive ? "0" : share < 0 ? `${50 - size}%` : "50%" });
    });
    barBox.classList.toggle("two-sided", !positive);
    if (view.measured) scale.replaceChildren(stripScale(colours.low, colours.high, !positive));
  };
  const barBox = h("div", { class: "bars-of", "aria-hidden": "true" }, bars);
  const chooser = new Chooser(view, run.unsafe, show);
  chooser.choose(frame);
  const text = h("div", { class: "strip", dir: "auto", role: "group", "aria-label": view.title, onkeydown: move }, pieces);
  return [chooser.element, text, ...(view.measured ? [h("div", { class: "scrolls" }, barBox)] : []), h("div", { class: "under" }, scale, reading)];
}

/** @param {number} low @param {number} high @param {boolean} two */
function stripScale(low, high, two) {
  const label = `Colours from ${amount(low)} to ${amount(high)}`;
  return h("div", { class: "scale", role: "img", "aria-label": label },
    h("span", {}, amount(two ? low : 0)), h("span", { class: two ? "tints two-sided" : "tints" }), h("span", {}, amount(high)));
}
