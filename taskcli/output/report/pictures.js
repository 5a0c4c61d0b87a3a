// A picture with what was found in it: boxes as SVG, names as text, masks and depth on a canvas.

import { channels, colourOf, inkOn } from "./colours.js";
import { h, svg } from "./elements.js";
import { keeps } from "./entries.js";
import { middleOf, paintMask } from "./masks.js";
import { placeTags } from "./tags.js";
import { clean, depthText } from "./wording.js";

/** @import { Answer, Box, Entry, Preview, RunLengthMask, Run, Sides, State, Subject } from "../../../types/page" */
/** @import { DepthMap } from "../../../types/records" */

const FIT = 4 / 3; // of the space for a picture in a card
const TAG = { font: '600 11px system-ui, "DejaVu Sans", sans-serif', height: 18, sides: 10 }; // as in page.css

/** @typedef {Answer & { box: Box }} Boxed */
/** @typedef {[number, number]} Pair */

export class Frame {
  /**
   * @param {Entry} entry
   * @param {Preview} preview
   * @param {boolean} roomy
   * @param {State} state
   */
  constructor(entry, preview, roomy, state) {
    this.entry = entry;
    this.state = state;
    /** @type {Pair} */
    this.size = [preview.width ?? 1, preview.height ?? 1];
    this.element = h("span", { class: "frame" });
    this.image = h("img", { src: preview.image, alt: "", decoding: "async", loading: "lazy" });
    this.boxes = svg("svg", { viewBox: `0 0 ${this.size.join(" ")}`, preserveAspectRatio: "none" });
    this.names = h("span", { class: "names" });
    this.element.append(this.image);
    this.masks = entry.answers.some((answer) => answer.mask) ? this.canvas("mask") : null;
    this.element.append(this.boxes, this.names);
    /** @type {HTMLCanvasElement | null} */
    this.depth = null;
    if (preview.depth && entry.depth) this.showDepth(preview.depth, entry.depth);
    this.fit(roomy);
    /** @type {Answer | null} */
    this.lit = null;
    /** @type {Boxed[]} */
    this.tagged = [];
    /** @type {Map<RunLengthMask, Pair | null>} */
    this.middles = new Map();
    new ResizeObserver(() => this.placeNames()).observe(this.element);
  }

  /** @param {boolean} roomy */
  fit(roomy) {
    const ratio = this.size[0] / this.size[1];
    this.element.style.aspectRatio = String(ratio);
    const inCard = ratio < FIT ? `${(100 * ratio) / FIT}%` : "100%";
    this.element.style.width = roomy ? `min(100%, ${90 * ratio}vh)` : inCard;
  }

  /** @param {string} kind */
  canvas(kind) {
    const scale = Math.min(1, 720 / Math.max(...this.size));
    const [width, height] = this.size.map((side) => Math.max(1, Math.round(scale * side)));
    const made = h("canvas", { class: kind, width, height });
    this.element.append(made);
    return made;
  }

  update() {
    const { run, view } = this.state;
    const kept = this.entry.answers.filter((answer) => keeps(answer, view));
    const boxed = kept.filter(isBoxed);
    this.boxes.replaceChildren();
    // The best last, on top of the others.
    if (view.layers.boxes) for (const answer of boxed.toReversed()) this.drawBox(answer);
    this.showNames(view.layers.names ? boxed : []);
    if (this.masks) paintMasks(this.masks, view.layers.masks ? kept : [], this.lit, run);
    if (this.depth) this.depth.style.opacity = String(view.depth / 100);
  }

  /** @param {Answer | null} answer */
  light(answer) {
    this.lit = answer;
    this.update();
  }

  /** @param {Boxed} answer */
  drawBox(answer) {
    const { xmin, ymin, xmax, ymax } = answer.box;
    const place = { x: xmin, y: ymin, width: xmax - xmin, height: ymax - ymin };
    const dim = this.lit && this.lit !== answer ? " dimmed" : "";
    const lit = this.lit === answer ? " lit" : "";
    this.boxes.append(
      svg("rect", { ...place, class: `halo${dim}` }),
      svg("rect", { ...place, class: `side${dim}${lit}`, stroke: colourOf(this.state.run, answer.label ?? "") }),
    );
  }

  /** The one in question first, then the best: the first ones are sure of a place. @param {Boxed[]} answers */
  showNames(answers) {
    const first = (/** @type {Answer} */ answer) => Number(answer === this.lit);
    this.tagged = answers.toSorted((a, b) => first(b) - first(a));
    this.names.replaceChildren(...this.tagged.map((answer) => this.tag(answer)));
    this.placeNames();
  }

  /** @param {Answer} answer */
  tag(answer) {
    const { run } = this.state;
    const tag = h("span", { class: this.lit && this.lit !== answer ? "dimmed" : "" }, nameWithScore(answer, run));
    tag.style.background = colourOf(run, answer.label ?? "");
    tag.style.color = inkOn(run, answer.label ?? "");
    return tag;
  }

  /** Names keep their size when a picture is shown larger, so each size has its own places. */
  placeNames() {
    /** @type {Pair} */
    const size = [this.element.clientWidth, this.element.clientHeight];
    if (!this.tagged.length || !size[0]) return;
    const sizes = this.tagged.map((answer) => tagSize(nameWithScore(answer, this.state.run)));
    const lit = this.tagged.findIndex((answer) => answer === this.lit);
    const subjects = this.tagged.map((answer) => this.subject(answer, size));
    placeTags(size, subjects, sizes, lit).forEach((place, at) => {
      const tag = /** @type {HTMLElement} */ (this.names.children[at]);
      tag.hidden = !place;
      if (!place) return;
      tag.style.left = `${(100 * place[0]) / size[0]}%`;
      tag.style.top = `${(100 * place[1]) / size[1]}%`;
    });
  }

  /** @param {Boxed} answer @param {Pair} size of the picture on screen @returns {Subject} */
  subject({ box, area, mask }, size) {
    const [across, down] = size.map((side, at) => side / this.size[at]);
    /** @type {Sides} */
    const frame = [box.xmin * across, box.ymin * down, box.xmax * across, box.ymax * down];
    const whole = area === undefined ? (frame[2] - frame[0]) * (frame[3] - frame[1]) : area * across * down;
    const middle = mask ? this.middle(mask) : null;
    return { frame, area: whole, middle: middle && [middle[0] * across, middle[1] * down] };
  }

  /** @param {RunLengthMask} mask */
  middle(mask) {
    const known = this.middles.get(mask);
    if (known !== undefined) return known;
    const middle = middleOf(mask);
    this.middles.set(mask, middle);
    return middle;
  }

  /** @param {string} source @param {DepthMap} range */
  async showDepth(source, range) {
    const grey = h("img", { src: source });
    const canvas = h("canvas", { class: "depth" });
    this.depth = canvas;
    this.element.append(canvas);
    await grey.decode();
    canvas.width = grey.naturalWidth;
    canvas.height = grey.naturalHeight;
    const context = contextOf(canvas);
    context.drawImage(grey, 0, 0);
    const drawn = context.getImageData(0, 0, canvas.width, canvas.height);
    const levels = drawn.data.filter((_, at) => at % 4 === 0);
    const colours = depthColours(this.state.run, range).map(channels);
    levels.forEach((level, at) => drawn.data.set(colours[level], 4 * at));
    context.putImageData(drawn, 0, 0);
    this.readDepth(canvas, levels, range);
  }

  /**
   * Under the pointer, the depth there: of the small map, so it is rounded.
   * @param {HTMLCanvasElement} canvas
   * @param {Uint8ClampedArray} levels
   * @param {DepthMap} range
   */
  readDepth(canvas, levels, range) {
    const reading = h("span", { class: "reading", hidden: true });
    this.element.append(reading);
    this.element.addEventListener("pointermove", (event) => {
      const { left, top, width, height } = this.element.getBoundingClientRect();
      const column = Math.floor((canvas.width * (event.clientX - left)) / width);
      const row = Math.floor((canvas.height * (event.clientY - top)) / height);
      const level = levels[row * canvas.width + column];
      if (level === undefined) return;
      reading.hidden = false;
      reading.textContent = `≈ ${depthText(range.min + (level / 255) * (range.max - range.min), range.units)}`;
    });
    this.element.addEventListener("pointerleave", () => (reading.hidden = true));
  }
}

/** @param {Answer} answer @returns {answer is Boxed} */
const isBoxed = (answer) => answer.box !== undefined;

/** @param {Answer} answer @param {Run} run */
function nameWithScore({ label, score }, run) {
  return clean(label ?? "", run.unsafe) + (score === null ? "" : ` ${Math.round(100 * score)}%`);
}

/** @type {(text: string) => Pair} */
const tagSize = (() => {
  /** @type {Map<string, number>} */
  const widths = new Map();
  /** @type {CanvasRenderingContext2D | null} */
  let ruler = null;
  return (text) => {
    // Without asking the page, which would have to be laid out for each name.
    ruler ??= contextOf(document.createElement("canvas"));
    ruler.font = TAG.font;
    const width = widths.get(text) ?? Math.ceil(ruler.measureText(text).width) + TAG.sides + 1;
    widths.set(text, width);
    return [width, TAG.height];
  };
})();

/** @param {HTMLCanvasElement} canvas */
const contextOf = (canvas) =>
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));

/**
 * The colours of 256 depths from the least to the greatest; what is near is light.
 * Metres grow with distance; relative depths grow with nearness.
 * @param {Run} run
 * @param {DepthMap} range
 */
export const depthColours = (run, range) => (range.units === "m" ? run.heat.toReversed() : run.heat);

/** @param {DepthMap} range @param {Run} run */
export function depthScale(range, run) {
  const colours = depthColours(run, range);
  const bar = h("canvas", { width: colours.length, height: 1, "aria-hidden": "true" });
  const context = contextOf(bar);
  colours.forEach((colour, x) => {
    context.fillStyle = colour;
    context.fillRect(x, 0, 1, 1);
  });
  const ends = [range.min, range.max].map((end) => h("span", {}, depthText(end, range.units)));
  const scale = h("div", { class: "scale" }, ends[0], bar, ends[1]);
  const units = range.units === "m" ? "metres" : "relative units, larger is nearer";
  return [scale, h("p", { class: "number" }, `mean ${depthText(range.mean, range.units)} · ${units}`)];
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {readonly Answer[]} answers
 * @param {Answer | null} lit
 * @param {Run} run
 */
function paintMasks(canvas, answers, lit, run) {
  const context = contextOf(canvas);
  const drawn = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(drawn.data.buffer);
  for (const answer of answers) {
    if (!answer.mask || (lit && lit !== answer)) continue;
    const [red, green, blue] = channels(colourOf(run, answer.label ?? ""));
    // A canvas keeps red first and the processors that browsers run on keep it in the low byte.
    paintMask(pixels, canvas, answer.mask, (255 << 24) | (blue << 16) | (green << 8) | red);
  }
  context.putImageData(drawn, 0, 0);
}
