// The state of the page, read from its data blocks.

import { Entry, scoresOf } from "./entries.js";
import { everything } from "./filters.js";

/** @import { Run, State } from "../../../types/page" */

/** @param {ParentNode} page @returns {State} */
export function readState(page) {
  /** @type {Run} */
  const run = JSON.parse(page.querySelector("script.run")?.textContent ?? "");
  const blocks = [...page.querySelectorAll("script.record")];
  const entries = blocks.map((block, index) => new Entry(
    JSON.parse(block.textContent ?? ""),
    index,
    run,
    () => JSON.parse(block.nextElementSibling?.textContent ?? ""),
  ));
  return newState(run, entries);
}

/** @param {Run} run @param {readonly Entry[]} entries @returns {State} */
export function newState(run, entries) {
  const scores = scoresOf(entries);
  const view = everything();
  // A segment's outline says more than its box.
  view.layers.boxes = !entries.some((entry) => entry.answers.some((answer) => answer.mask));
  return { run, entries, scores, view, order: [], chosen: null, shown: null, playing: null, cards: new Map() };
}

/** Whether the inputs of a run are ranked, rather than searched. @param {State} state */
export const isRanked = (state) => state.entries.some((entry) => entry.ranked);
