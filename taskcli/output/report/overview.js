// What the answers amount to together: their labels, how scores are spread, how long texts are.

import { byId, h } from "./elements.js";
import { everything, labelCounts } from "./filters.js";
import { clean } from "./wording.js";

/** @import { Entry, State } from "../../../types/page" */

/** @typedef {{ name: string, count: number }} Counted */

const MOST_LABELS = 20;
const PARTS_OF_SCALE = 10;
const SEEN_AT_A_GLANCE = 3; // inputs

/** @param {State} state */
export function showOverview(state) {
  if (state.entries.length <= SEEN_AT_A_GLANCE) return;
  const drawn = overviews(state).filter(({ bars }) => bars.some(({ count }) => count > 0));
  byId("overview").hidden = !drawn.length;
  byId("overview").append(h("div", { class: "plots" }, drawn.map(({ title, bars }) => plot(title, bars, state.run.unsafe))));
}

/**
 * All that there is to count, as titles and bars.
 * @param {Pick<State, "entries" | "scores">} state
 * @returns {{ title: string, bars: Counted[] }[]}
 */
export function overviews({ entries, scores }) {
  const told = entries.flatMap((entry) => entry.told(everything()));
  const shares = told.map(({ score }) => score).filter((score) => score !== null);
  const ranked = entries.some((entry) => entry.ranked);
  const labels = labelCounts(entries, everything(), MOST_LABELS)
    .map(({ label, inputs, times }) => ({ name: label, count: ranked ? inputs : times }))
    .sort((a, b) => b.count - a.count);
  return [
    { title: ranked ? "Best label" : "Labels", bars: labels },
    { title: ranked ? "Its score" : "Scores", bars: scores.shares ? spread(shares, 1, (edge) => edge.toFixed(1)) : [] },
    { title: "Characters", bars: lengths(entries) },
  ];
}

/** Of texts that were written. @param {readonly Entry[]} entries @returns {Counted[]} */
function lengths(entries) {
  const counts = entries.flatMap(({ transcript, made }) => (transcript ? [transcript.text] : made)).map((text) => [...text].length);
  return counts.length ? spread(counts, roundedUp(Math.max(...counts, PARTS_OF_SCALE)), (edge) => edge.toLocaleString("en")) : [];
}

/**
 * How many lie in each of ten equal steps from 0; the last has those at the end of the scale, too.
 * @param {readonly number[]} values
 * @param {number} most the end of the scale
 * @param {(edge: number) => string} name
 * @returns {Counted[]}
 */
export function spread(values, most, name) {
  const counts = new Array(PARTS_OF_SCALE).fill(0);
  // By division alone 0.7 would lie below its step's edge.
  for (const value of values) counts[Math.min(Math.floor((value * PARTS_OF_SCALE) / most + 1e-9), PARTS_OF_SCALE - 1)] += 1;
  return counts.map((count, step) => ({ name: `${name((step * most) / PARTS_OF_SCALE)} – ${name(((step + 1) * most) / PARTS_OF_SCALE)}`, count }));
}

/** The least 1, 2 or 5 of a power of ten that is no less. @param {number} value */
function roundedUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((digit) => digit * power).find((round) => round >= value) ?? value;
}

/** @param {string} title @param {readonly Counted[]} counted @param {string} unsafe */
function plot(title, counted, unsafe) {
  const most = Math.max(...counted.map(({ count }) => count));
  const rows = counted.flatMap(({ name, count }) => {
    const bar = h("span", { class: "length" });
    bar.style.width = `${(80 * count) / most}%`; // the number stands behind it
    return [h("dt", {}, clean(name, unsafe)), h("dd", {}, bar, h("span", { class: "number" }, count.toLocaleString("en")))];
  });
  return h("section", { class: "plot" }, h("h2", {}, title), h("dl", {}, rows));
}
