// Colours come with the data: they are those of saved pictures and of the terminal.

import { h } from "./elements.js";

/** @import { Run } from "../../../types/page" */

const UNKNOWN = "#888888"; // of a label that the data does not colour

/** @param {Run} run @param {string} label */
export const colourOf = (run, label) => run.colours[label] ?? UNKNOWN;

/** @param {Run} run @param {string} label */
export const inkOn = (run, label) => run.inks[colourOf(run, label)] ?? "#000000";

/** Red, green and blue. @param {string} colour as #rrggbb */
export const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** @param {Run} run @param {string} label */
export function swatch(run, label) {
  const square = h("span", { class: "swatch" });
  square.style.setProperty("--colour", colourOf(run, label));
  return square;
}
