// Elements are made with text, never with markup: what a file, a label or a model says stays text.

import { clean } from "./wording.js";

/** @import { Child, Children, Elements } from "../../../types/page" */

/** @typedef {Record<string, unknown>} Properties attributes, and listeners by names that begin with on */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} properties
 * @param {...Children} children
 */
export const h = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} attributes
 * @param {...Children} children
 */
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/**
 * @template {Element} Made
 * @param {Made} element
 * @param {Properties} properties
 * @param {Children[]} children
 */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), (event) => value(event));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

/** @param {readonly Children[]} children */
export const present = (children) =>
  /** @type {Child[]} */ (children.flat()).filter((child) => child !== null && child !== undefined);

/**
 * @template {keyof Elements} Id
 * @param {Id} id
 */
export const byId = (id) => /** @type {Elements[Id]} */ (document.getElementById(id));

/**
 * What a part of page.html is sure to hold.
 * @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} parent
 * @param {string} selector
 */
export const within = (parent, selector) => /** @type {Kind} */ (parent.querySelector(selector));

/**
 * A name with its folders in grey, since the last part tells names apart.
 * @param {string} input
 * @param {string} unsafe
 */
export function nameOf(input, unsafe) {
  const cut = input.lastIndexOf("/") + 1;
  const folder = cut ? h("span", { class: "folder" }, clean(input.slice(0, cut), unsafe)) : null;
  return [folder, h("bdi", {}, clean(input.slice(cut), unsafe))];
}

/**
 * Rows, of which those after the first `most` are folded.
 * @template Item
 * @param {readonly Item[]} items
 * @param {number} most
 * @param {(item: Item) => Element} make
 */
export function numbered(items, most, make) {
  const rows = items.map(make);
  if (rows.length <= most + 1) return rows;
  const rest = h("details", { class: "rest" }, h("summary", {}, `${rows.length - most} more`));
  rest.append(...rows.slice(most));
  return [...rows.slice(0, most), rest];
}
