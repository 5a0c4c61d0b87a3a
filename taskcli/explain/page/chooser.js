// Which frame of a view is shown: a choice for each axis, such as layer and head.

import { h } from "../../output/report/elements.js";
import { clean } from "../../output/report/wording.js";

/** @import { Framed, PackedFrame } from "../../../types/explain" */

const MOST_BUTTONS = 6;
const MOST_LETTERS = 60; // of all buttons in a row

export class Chooser {
  /**
   * @param {Framed} view
   * @param {string} unsafe
   * @param {(frame: PackedFrame) => void} show
   * @param {((frame: PackedFrame) => Element) | null} small draws a frame small, to choose it by
   */
  constructor(view, unsafe, show, small = null) {
    this.frames = view.frames;
    this.unsafe = unsafe;
    this.show = show;
    this.small = small;
    const depth = Math.max(view.axes.length, ...view.frames.map((frame) => frame.place.length));
    this.axes = Array.from({ length: depth }, (_, at) => view.axes[at] ?? "view");
    this.frame = view.frames[0];
    this.note = h("p", { class: "frame-note" });
    this.controls = h("div", { class: "choosers" });
    this.element = h("div", {}, this.controls, this.note);
  }

  /** @param {PackedFrame} frame */
  choose(frame) {
    this.frame = frame;
    this.make();
    this.note.textContent = frame.note;
    this.note.hidden = !frame.note;
    this.show(frame);
  }

  make() {
    const key = focusedKey(this.controls);
    const made = this.axes.map((axis, at) => this.control(axis, at)).filter((one) => one !== null);
    this.controls.replaceChildren(...made);
    const again = key === null ? null : this.controls.querySelector(`[data-key="${key}"]:not([tabindex="-1"])`);
    if (again instanceof HTMLElement) again.focus();
  }

  /** Frames that differ from the one that is shown in this axis, or behind it. @param {number} at */
  beside(at) {
    return this.frames.filter((frame) => frame.place.slice(0, at).join("\n") === this.frame.place.slice(0, at).join("\n"));
  }

  /** The one with this choice that is most like what is shown. @param {number} at @param {string} value */
  nearest(at, value) {
    const alike = (/** @type {PackedFrame} */ frame) => frame.place.filter((one, axis) => axis > at && one === this.frame.place[axis]).length;
    const found = this.beside(at).filter((frame) => (frame.place[at] ?? "") === value);
    return found.reduce((best, frame) => (alike(frame) > alike(best) ? frame : best), found[0]);
  }

  /** @param {string} axis @param {number} at */
  control(axis, at) {
    const names = [...new Set(this.beside(at).map((frame) => frame.place[at] ?? ""))];
    if (names.length < 2) return names[0] ? h("p", { class: "only" }, `${clean(axis, this.unsafe)}: ${clean(names[0], this.unsafe)}`) : null;
    const choose = (/** @type {string} */ value) => this.choose(this.nearest(at, value));
    if (this.small && at === this.axes.length - 1 && names.length <= 64) return this.row(axis, at, names, choose, this.small);
    const short = names.length <= MOST_BUTTONS && names.join("").length <= MOST_LETTERS;
    return short ? this.row(axis, at, names, choose, null) : this.list(axis, at, names, choose);
  }

  /**
   * @param {string} axis
   * @param {number} at
   * @param {readonly string[]} names
   * @param {(value: string) => void} choose
   * @param {((frame: PackedFrame) => Element) | null} small
   */
  row(axis, at, names, choose, small) {
    const chosen = this.frame.place[at] ?? "";
    const step = (/** @type {KeyboardEvent} */ event) => {
      const by = STEPS[event.key];
      if (!by) return;
      event.preventDefault();
      choose(names[(names.indexOf(chosen) + by + names.length) % names.length]);
    };
    const buttons = names.map((name) => h("button", {
      type: "button", role: "radio", "aria-checked": String(name === chosen), "data-key": at,
      tabindex: name === chosen ? 0 : -1, onclick: () => choose(name),
    }, small ? small(this.nearest(at, name)) : null, h("span", {}, clean(name, this.unsafe) || "–")));
    return h("div", { class: "chooser" }, h("span", { class: "axis" }, clean(axis, this.unsafe)),
      h("div", { class: small ? "gallery" : "choices", role: "radiogroup", "aria-label": clean(axis, this.unsafe), onkeydown: step }, buttons));
  }

  /**
   * @param {string} axis
   * @param {number} at
   * @param {readonly string[]} names
   * @param {(value: string) => void} choose
   */
  list(axis, at, names, choose) {
    const chosen = names.indexOf(this.frame.place[at] ?? "");
    const options = names.map((name, number) => h("option", { value: number, selected: number === chosen }, clean(name, this.unsafe)));
    const select = h("select", { "aria-label": clean(axis, this.unsafe), "data-key": at, onchange: () => choose(names[Number(select.value)]) }, options);
    const turn = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ by) => h("button", {
      type: "button", class: "quiet", "aria-label": `${label} ${clean(axis, this.unsafe)}`, "data-key": `${at}${sign}`,
      onclick: () => choose(names[(chosen + by + names.length) % names.length]),
    }, sign);
    return h("div", { class: "chooser" }, h("span", { class: "axis" }, clean(axis, this.unsafe)), turn("Previous", "‹", -1), select, turn("Next", "›", 1));
  }
}

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** @param {Element} box */
function focusedKey(box) {
  const { activeElement } = document;
  return activeElement instanceof HTMLElement && box.contains(activeElement) ? activeElement.dataset.key ?? null : null;
}
