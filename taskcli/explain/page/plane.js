// A plane of cells that a pointer or the arrow keys walk, with the number of the cell in words.

import { h } from "../../output/report/elements.js";

/** @typedef {{ rows: number, columns: number }} Size */

export class Plane {
  /**
   * @param {string} label
   * @param {(row: number, column: number) => string} told what is said of a cell
   * @param {{ entered?: (row: number, column: number) => void, pressed?: (row: number, column: number) => void, first?: () => number }} heard
   */
  constructor(label, told, heard = {}) {
    this.told = told;
    this.heard = heard;
    /** @type {Size} */
    this.size = { rows: 1, columns: 1 };
    /** @type {[number, number] | null} */
    this.at = null;
    this.cursor = h("div", { class: "cursor", hidden: true });
    this.reading = h("output", { class: "told" });
    this.element = h("div", {
      class: "plane", tabindex: 0, role: "application", "aria-roledescription": "drawing", "aria-label": label,
      onpointermove: (/** @type {PointerEvent} */ event) => this.point(event),
      onpointerleave: () => document.activeElement !== this.element && this.leave(),
      onclick: (/** @type {PointerEvent} */ event) => this.press(event),
      onfocus: () => this.element.matches(":focus-visible") && this.begin(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    }, this.cursor);
  }

  /** @param {Size} size */
  resize(size) {
    this.size = size;
    if (this.at) this.go(Math.min(this.at[0], size.rows - 1), Math.min(this.at[1], size.columns - 1));
  }

  begin() {
    if (this.at) return this.go(...this.at);
    const first = this.heard.first?.() ?? 0;
    this.go(Math.floor(first / this.size.columns), first % this.size.columns);
  }

  /** @param {PointerEvent} event */
  point(event) {
    const box = this.element.getBoundingClientRect();
    const { rows, columns } = this.size;
    const inside = (/** @type {number} */ share, /** @type {number} */ count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    this.go(inside((event.clientY - box.top) / box.height, rows), inside((event.clientX - box.left) / box.width, columns));
  }

  /** @param {PointerEvent} event */
  press(event) {
    this.point(event);
    if (this.at) this.heard.pressed?.(...this.at);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const move = MOVES[event.key];
    if (event.key === "Enter" && this.at) this.heard.pressed?.(...this.at);
    else if (move) {
      const [row, column] = this.at ?? [0, 0];
      const { rows, columns } = this.size;
      this.go(Math.max(0, Math.min(rows - 1, row + move[0])), Math.max(0, Math.min(columns - 1, column + move[1])));
      this.cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else return;
    event.preventDefault();
  }

  /** @param {number} row @param {number} column */
  go(row, column) {
    this.at = [row, column];
    const { rows, columns } = this.size;
    this.cursor.hidden = false;
    Object.assign(this.cursor.style, {
      left: `${(100 * column) / columns}%`, top: `${(100 * row) / rows}%`, width: `${100 / columns}%`, height: `${100 / rows}%`,
    });
    this.heard.entered?.(row, column);
    this.reading.textContent = this.told(row, column);
  }

  leave() {
    this.at = null;
    this.cursor.hidden = true;
    this.reading.textContent = "";
  }
}

/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Where the greatest number is. @param {ArrayLike<number>} values */
export function greatest(values) {
  let best = 0;
  for (let at = 1; at < values.length; at += 1) if (!(values[at] <= values[best])) best = Number.isFinite(values[at]) ? at : best;
  return best;
}
