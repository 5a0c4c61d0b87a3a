// The stages of one input, in the order of the data, each with its numbers and its views.

import { h } from "../../output/report/elements.js";
import { clean } from "../../output/report/wording.js";
import { viewOf } from "./views.js";

/** @import { Drawing, Explained, PackedView, Stage, TensorShape } from "../../../types/explain" */

const FEW_VIEWS = 4; // of an input, which are all open
/** @type {Record<string, string>} */
const PLACES = { "<input>": "before the model", "<answer>": "behind the model", "": "the model itself" };

/**
 * @param {Explained} explained
 * @param {readonly PackedView[]} views
 * @param {Drawing} drawing
 * @param {string} key tells the ids of several inputs apart
 */
export function flowOf(explained, views, drawing, key) {
  const told = new Set([""]);
  const rows = explained.stages.map((stage, number) => {
    const about = told.has(stage.about) ? "" : stage.about; // which the stages of a pyramid share
    told.add(stage.about);
    const own = views.filter((view) => view.stage === number);
    const shown = own.map((view, at) => viewOf(view, drawing, at === 0 || views.length <= FEW_VIEWS));
    return h("li", { class: stage.calls ? "stage" : "stage aside", id: `${key}-${number}`, tabindex: -1 },
      titleOf(stage, number, drawing), flow(stage), about ? h("p", { class: "about" }, about) : null, figures(stage, explained), shown);
  });
  return h("div", { class: "way" }, rail(explained, views, key, drawing), h("ol", { class: "stages" }, rows));
}

/** @param {Stage} stage @param {number} number @param {Drawing} drawing */
function titleOf(stage, number, { run }) {
  const repeats = stage.repeats > 1 ? `${stage.repeats} × ` : "";
  const where = PLACES[stage.module] ?? stage.module;
  const calls = stage.calls > 1 ? `, called ${stage.calls.toLocaleString("en")} times` : "";
  return h("header", {}, h("span", { class: "count" }, String(number + 1)), h("h3", {}, clean(stage.name, run.unsafe)),
    h("p", { class: "module" }, `${repeats}${clean(stage.kind, run.unsafe)} · ${clean(where, run.unsafe)}${calls}`));
}

/** @param {Stage} stage */
function flow(stage) {
  if (!stage.inputs.length && !stage.outputs.length) {
    if (stage.calls) return null;
    return h("p", { class: "flow" }, stage.read ? "read by other stages" : "no part in this");
  }
  return h("p", { class: "flow" }, tensors(stage.inputs, stage.module === "<input>" ? "the input" : "–"), h("span", { class: "arrow" }, " → "), tensors(stage.outputs, stage.module === "<answer>" ? "the answer" : "–"));
}

/** @param {readonly TensorShape[]} shapes @param {string} none what stands for no tensor */
function tensors(shapes, none) {
  if (!shapes.length) return h("span", {}, none);
  const [first, ...more] = shapes;
  const all = shapes.map((one) => `${one.name ? `${one.name}: ` : ""}${one.shape.join(" × ")} ${one.dtype}`).join("\n");
  return h("span", { class: "tensor", title: all }, first.shape.join(" × ") || "one number", more.length ? h("small", {}, ` +${more.length}`) : null);
}

/** @param {Stage} stage @param {Explained} explained */
function figures(stage, { seconds, multiply_adds }) {
  if (!stage.calls && !stage.parameters) return null;
  const share = seconds ? (stage.seconds ?? 0) / seconds : 0;
  const filled = h("i");
  filled.style.width = `${100 * Math.min(1, share)}%`;
  const time = stage.calls ? h("div", { class: "time" }, h("span", { class: "track" }, filled), `${percentOf(share)} of the time, ${milliseconds(stage.seconds ?? 0)}`) : null;
  const facts = [
    stage.parameters ? ["weights", quantity(stage.parameters)] : null,
    stage.multiply_adds ? ["multiply-adds", `${quantity(stage.multiply_adds)} (${percentOf(stage.multiply_adds / multiply_adds)})`] : null,
    stage.peak_bytes ? ["memory", `${quantity(stage.peak_bytes)}B`] : null,
  ].filter((one) => one !== null);
  return h("div", { class: "figures" }, time, h("dl", {}, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
}

/** @param {Explained} explained @param {readonly PackedView[]} views @param {string} key @param {Drawing} drawing */
function rail(explained, views, key, { run }) {
  const links = explained.stages.map((stage, number) => {
    const filled = h("i");
    const share = explained.seconds ? (stage.seconds ?? 0) / explained.seconds : 0;
    filled.style.width = `${100 * Math.min(1, share)}%`;
    const count = views.filter((view) => view.stage === number).length;
    const seen = count ? h("small", { title: `${count} to look at` }, "●".repeat(Math.min(count, 5))) : null;
    return h("li", {}, h("a", { href: `#${key}-${number}` }, h("span", {}, clean(stage.name, run.unsafe)), seen,
      h("span", { class: "track", title: `${percentOf(share)} of the time` }, filled)));
  });
  return h("nav", { class: "rail", "aria-label": "Stages" }, h("p", {}, "Stages, with their shares of the time"), h("ol", {}, links));
}

/** @param {number} share */
export const percentOf = (share) => (share > 0 && share < 0.005 ? "under 1%" : `${Math.round(100 * share)}%`);

/** @param {number} seconds */
export const milliseconds = (seconds) => `${(1e3 * seconds).toLocaleString("en", { maximumFractionDigits: 1 })} ms`;

/** Three digits, with what they are thousands, millions or more of. @param {number} number */
export function quantity(number) {
  for (const [prefix, size] of /** @type {[string, number][]} */ ([["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]])) {
    if (number >= 0.9995 * size) return `${Number((number / size).toPrecision(3))} ${prefix}`;
  }
  return `${number} `;
}
