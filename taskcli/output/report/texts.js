// Texts with what was found in them, beside what was made of them. Offsets count code points.

import { colourOf } from "./colours.js";
import { h } from "./elements.js";
import { keeps, textOf } from "./entries.js";
import { clean, percent, words } from "./wording.js";

/** @import { Answer, Children, Preview, State } from "../../../types/page" */

const AROUND = 240; // code points of context on each side of an answer

/** @param {...Children} parts */
export function prose(...parts) {
  return h("div", { class: "prose", dir: "auto" }, ...parts);
}

/** @param {Preview} preview */
export function cutNote(preview) {
  const shown = Array.from(textOf(preview)).length;
  const { length = shown } = preview;
  if (shown >= length) return null;
  return h("p", { class: "hint" }, `${shown.toLocaleString("en")} of ${length.toLocaleString("en")} characters are in this page.`);
}

/** Where an answer stands in the embedded text. @param {Answer} answer @param {Preview} preview */
function placeOf(answer, preview) {
  const { start = 0, end = 0 } = answer;
  return [start - (preview.start ?? 0), end - (preview.start ?? 0)];
}

/** @param {Preview} preview @param {readonly Answer[]} answers @param {State} state */
export function highlighted(preview, answers, state) {
  const points = Array.from(textOf(preview));
  const parts = [];
  let at = 0;
  const kept = answers.filter((one) => keeps(one, state.view));
  for (const answer of kept.sort((a, b) => (a.start ?? 0) - (b.start ?? 0))) {
    const [start, end] = placeOf(answer, preview);
    if (start < at || end > points.length) continue;
    parts.push(points.slice(at, start).join(""), marked(points.slice(start, end).join(""), answer, state));
    at = end;
  }
  return prose(...parts, points.slice(at).join(""));
}

/** @param {string} text @param {Answer} answer @param {State} state */
function marked(text, answer, { run }) {
  const label = clean(answer.label ?? "", run.unsafe);
  const mark = h("mark", { class: "entity", title: `${label} ${percent(answer.score ?? NaN)}` }, text, h("small", {}, label));
  mark.style.setProperty("--colour", colourOf(run, answer.label ?? ""));
  return mark;
}

/** @param {Answer} answer @param {State} state */
export function reply(answer, { view }) {
  if (!answer.word) return h("p", { class: "nothing" }, "No answer in this text.");
  const score = h("span", { class: "number" }, percent(answer.score ?? NaN));
  return h("p", { class: keeps(answer, view) ? "reply" : "reply below", dir: "auto" }, answer.word, score);
}

/** @param {Answer} answer @param {Preview} preview */
export function inContext(answer, preview) {
  const points = Array.from(textOf(preview));
  const [start, end] = placeOf(answer, preview);
  if (!answer.word || start < 0 || end > points.length) return null;
  const near = [wordBefore(points, start - AROUND), wordAfter(points, end + AROUND)];
  const show = (/** @type {number[]} */ [from, to]) => [
    from ? "… " : "",
    points.slice(from, start).join(""),
    h("mark", { class: "span" }, points.slice(start, end).join("")),
    points.slice(end, to).join(""),
    to < points.length ? " …" : "",
  ];
  const text = prose(show(near));
  const box = h("div", { class: "context" }, text);
  if (near[0] > 0 || near[1] < points.length) {
    const more = h("button", { type: "button", class: "quiet whole", onclick: () => {
      text.replaceChildren(...show([0, points.length]).filter(Boolean));
      more.remove();
    } }, "Show the whole text");
    box.append(more);
  }
  return box;
}

/**
 * Where a word begins near a place; some scripts have no spaces to tell.
 * @param {readonly string[]} points
 * @param {number} at
 */
export function wordBefore(points, at) {
  if (at <= 0) return 0;
  const space = points.slice(Math.max(0, at - AROUND), at).reverse().findIndex(isSpace);
  return space < 0 ? at : at - space;
}

/** Where a word ends near a place. @param {readonly string[]} points @param {number} at */
export function wordAfter(points, at) {
  if (at >= points.length) return points.length;
  const space = points.slice(at, at + AROUND).findIndex(isSpace);
  return space < 0 ? at : at + space;
}

const isSpace = (/** @type {string} */ point) => /\s/.test(point);

/** @param {Preview} preview @param {readonly string[]} made @param {string} heading */
export function besideSource(preview, made, heading) {
  const source = textOf(preview);
  return h(
    "div",
    { class: "sides" },
    h("section", { class: "source" }, h("h3", {}, `Source · ${words(source)}`), prose(source), cutNote(preview)),
    h("section", { class: "target" }, made.map((text) => h("div", { class: "sequence" }, h("h3", {}, `${heading} · ${words(text)}`), prose(text)))),
  );
}

/**
 * A causal model goes on with its prompt, so its text begins with it; a chat model answers.
 * @param {Preview} preview
 * @param {readonly string[]} made
 */
export function continued(preview, made) {
  const prompt = textOf(preview);
  if (!made.every((text) => text.startsWith(prompt))) return besideSource(preview, made, "Answer");
  return h("div", {}, made.map((text) =>
    h("div", { class: "sequence" }, prose(h("span", { class: "prompt" }, prompt), text.slice(prompt.length)))));
}
