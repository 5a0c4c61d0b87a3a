// Numbers over a plane, and over the picture: maps, and where each place of a picture looks.

import { h } from "../../output/report/elements.js";
import { Chooser } from "./chooser.js";
import { amount, numbersOf, paint, scaleBar, scaleOf } from "./numbers.js";
import { greatest, Plane } from "./plane.js";

/** @import { Drawing, LooksView, MapsView, PackedFrame } from "../../../types/explain" */

const OPACITY = 80; // percent, of colours over a picture
const WIDEST_PICTURE = 560; // pixels
const WHOLE = [0, 0, 1, 1]; // of a picture
const WIDEST_MAP = 400; // pixels, without a picture

/** @param {MapsView} view @param {Drawing} drawing */
export function drawMaps(view, { run, preview }) {
  const over = view.extent !== null && Boolean(preview.image);
  const extent = view.extent ?? WHOLE;
  let frame = view.frames[0];
  const told = (/** @type {number} */ row, /** @type {number} */ column) =>
    `row ${row + 1}, column ${column + 1}: ${amount(numbersOf(frame)[row * frame.shape[1] + column], view.unit)}`;
  const plane = new Plane(view.title, told, { first: () => greatest(numbersOf(frame)) });
  const layers = new Layers(plane, over ? preview : null, extent);
  const scale = h("div");
  const scaleFor = (/** @type {PackedFrame} */ one) => scaleOf(view.shared ? view.frames : [one], view.signed, run);
  const show = (/** @type {PackedFrame} */ shown) => {
    frame = shown;
    const [rows, columns] = frame.shape;
    layers.paint(numbersOf(frame), rows, columns, scaleFor(frame));
    layers.frameBox(frame.box);
    plane.resize({ rows, columns });
    scale.replaceChildren(scaleBar(scaleFor(frame), view.unit));
  };
  const small = (/** @type {PackedFrame} */ one) => {
    const canvas = h("canvas", { "aria-hidden": "true" });
    canvas.style.aspectRatio = over ? ratioOf(preview, extent) : `${one.shape[1]} / ${one.shape[0]}`;
    paint(canvas, numbersOf(one), one.shape[0], one.shape[1], scaleFor(one));
    return canvas;
  };
  const chooser = new Chooser(view, run.unsafe, show, small);
  chooser.choose(frame);
  return [chooser.element, h("div", { class: "drawn" }, plane.element), h("div", { class: "under" }, scale, layers.slider, plane.reading)];
}

/** @param {LooksView} view @param {Drawing} drawing */
export function drawLooks(view, { run, preview }) {
  const [rows, columns] = view.grid;
  let frame = view.frames[0];
  /** @type {[number, number] | null} */
  let pinned = null;
  const row = (/** @type {number} */ place) => numbersOf(frame).subarray(place * rows * columns, (place + 1) * rows * columns);
  const place = (/** @type {number} */ down, /** @type {number} */ across) => `(${across + 1}, ${down + 1})`;
  const scale = h("div");
  const from = h("div", { class: "from", hidden: true });
  const told = (/** @type {number} */ down, /** @type {number} */ across) => {
    if (!pinned) return `patch ${place(down, across)}: it looks most at ${mostOf(row(down * columns + across))}`;
    return `patch ${place(...pinned)} takes ${amount(row(pinned[0] * columns + pinned[1])[down * columns + across])} from patch ${place(down, across)}`;
  };
  const mostOf = (/** @type {ArrayLike<number>} */ values) => {
    const best = greatest(values);
    return `${place(Math.floor(best / columns), best % columns)}, ${amount(values[best])}`;
  };
  const light = (/** @type {number} */ down, /** @type {number} */ across) => {
    const values = row(down * columns + across);
    const shown = scaleOf([{ ...frame, ...ends(values) }], false, run);
    layers.paint(values, rows, columns, shown);
    scale.replaceChildren(scaleBar(shown));
    Object.assign(from.style, { left: `${(100 * across) / columns}%`, top: `${(100 * down) / rows}%`, width: `${100 / columns}%`, height: `${100 / rows}%` });
    from.hidden = false;
  };
  const plane = new Plane(`${view.title}; Enter pins a place`, told, {
    entered: (down, across) => pinned ?? light(down, across),
    pressed: (down, across) => {
      const same = pinned?.[0] === down && pinned[1] === across;
      pinned = same ? null : [down, across];
      from.classList.toggle("pinned", !same);
      light(down, across);
      hint.textContent = same ? HINT : "Pinned: point at other places for what it takes from them; click it again to let it go.";
      plane.reading.textContent = told(down, across);
    },
  });
  plane.size = { rows, columns };
  const layers = new Layers(plane, preview.image ? preview : null, view.extent);
  const hint = h("p", { class: "hint" }, HINT);
  plane.element.append(from);
  let seen = /** @type {[number, number]} */ ([Math.floor(rows / 2), Math.floor(columns / 2)]);
  const show = (/** @type {PackedFrame} */ shown) => {
    frame = shown;
    seen = pinned ?? plane.at ?? seen;
    light(...seen);
    if (plane.at) plane.reading.textContent = told(...plane.at);
  };
  const chooser = new Chooser(view, run.unsafe, show);
  chooser.choose(frame);
  return [chooser.element, h("div", { class: "drawn" }, plane.element), h("div", { class: "under" }, scale, layers.slider, plane.reading, hint)];
}

const HINT = "Point at a place of the picture, or click to pin it.";

/** @param {ArrayLike<number>} values */
function ends(values) {
  const known = Array.from(values).filter(Number.isFinite);
  return { low: Math.min(...known), high: Math.max(...known) };
}

/**
 * Of the part of a picture that a plane lies on.
 * @param {{ width?: number, height?: number }} preview @param {readonly number[]} extent
 */
const sizeOf = ({ width = 1, height = 1 }, [left, top, right, bottom]) =>
  /** @type {const} */ ([width * (right - left), height * (bottom - top)]);

/** @param {{ width?: number, height?: number }} preview @param {readonly number[]} extent */
const ratioOf = (preview, extent) => sizeOf(preview, extent).join(" / ");

/** What lies in a plane: what the model was given of the picture, if any, the colours over it, and a box. */
class Layers {
  /** @param {Plane} plane @param {import("../../../types/page").Preview | null} preview @param {readonly number[]} extent */
  constructor(plane, preview, extent) {
    this.plane = plane.element;
    this.preview = preview;
    this.extent = extent;
    this.canvas = h("canvas", { "aria-hidden": "true", class: preview ? "heat over" : "heat" });
    this.box = h("div", { class: "found", hidden: true });
    this.slider = preview ? this.opacity() : null;
    this.plane.prepend(...(preview ? [this.ground(preview)] : []), this.canvas, this.box);
    if (preview) this.fit(...sizeOf(preview, extent));
  }

  /** The picture, of which the plane shows its extent. @param {import("../../../types/page").Preview} preview */
  ground(preview) {
    const image = h("img", { src: preview.image, alt: "" });
    this.place(image, WHOLE);
    return h("div", { class: "ground" }, image);
  }

  /** Where something lies in the plane. @param {HTMLElement} element @param {readonly number[]} box in shares of the picture */
  place(element, box) {
    const [left, top, right, bottom] = this.extent;
    const across = (/** @type {number} */ share) => (100 * (share - left)) / (right - left);
    const down = (/** @type {number} */ share) => (100 * (share - top)) / (bottom - top);
    Object.assign(element.style, {
      left: `${across(box[0])}%`, top: `${down(box[1])}%`,
      width: `${across(box[2]) - across(box[0])}%`, height: `${down(box[3]) - down(box[1])}%`,
    });
  }

  /** @param {number} width @param {number} height */
  fit(width, height) {
    this.plane.style.aspectRatio = `${width} / ${height}`;
    const widest = this.preview ? WIDEST_PICTURE : WIDEST_MAP;
    this.plane.style.width = `min(100%, ${Math.round(widest * Math.min(1, width / height))}px)`;
  }

  opacity() {
    const change = () => (this.canvas.style.opacity = String(Number(slider.value) / 100));
    const slider = h("input", { type: "range", min: 0, max: 100, step: 5, value: OPACITY, oninput: change, "aria-label": "How much the colours cover the picture" });
    change();
    return h("label", { class: "field" }, "Colours", slider);
  }

  /**
   * @param {ArrayLike<number>} values
   * @param {number} rows
   * @param {number} columns
   * @param {import("./numbers.js").Scale} scale
   */
  paint(values, rows, columns, scale) {
    paint(this.canvas, values, rows, columns, scale, Boolean(this.preview));
    if (!this.preview) this.fit(columns, rows);
  }

  /** @param {readonly number[] | null} box */
  frameBox(box) {
    this.box.hidden = !box;
    if (box) this.place(this.box, box);
  }
}
