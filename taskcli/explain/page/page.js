// The page of explained inputs: each with its answer, its stages and its views, and keys.

import { Card } from "../../output/report/cards.js";
import { byId, h, nameOf } from "../../output/report/elements.js";
import { readState } from "../../output/report/state.js";
import { nextTheme, showRememberedTheme } from "../../output/report/theme.js";
import { showTop } from "../../output/report/top.js";
import { flowOf, milliseconds, quantity } from "./stages.js";

/** @import { Entry } from "../../../types/page" */
/** @import { Explained, ExplainedRun, PackedView } from "../../../types/explain" */

const state = readState(document);
const run = /** @type {ExplainedRun} */ (state.run);
const blocks = [...document.querySelectorAll("script.record")];

/** What stands behind an input's record and preview: how it was explained, and its views. @param {Entry} entry */
function blocksOf(entry) {
  /** @type {Explained | null} */
  let explained = null;
  /** @type {PackedView[]} */
  const views = [];
  for (let block = blocks[entry.index].nextElementSibling; block && !["record", "run"].includes(block.className); block = block.nextElementSibling) {
    if (block.className === "explained") explained = JSON.parse(block.textContent ?? "");
    if (block.className === "view") views.push(JSON.parse(block.textContent ?? ""));
  }
  return { explained, views };
}

/** @param {Entry} entry */
function sectionOf(entry) {
  const { explained, views } = blocksOf(entry);
  const card = new Card(entry, state, null);
  state.cards.set(entry, card);
  card.frame?.update();
  const about = explained ? [facts(explained), ...notes(explained)] : [];
  const top = h("div", { class: "answered" }, card.element, h("div", { class: "facts-of" }, about));
  const key = `input-${entry.index + 1}`;
  const flow = explained ? flowOf(explained, views, { run, preview: entry.preview, player: card.player }, key) : null;
  const training = explained?.training.length ? h("aside", { class: "training" }, h("h3", {}, "Of its training"), explained.training.map((told) => h("p", {}, told))) : null;
  const title = state.entries.length > 1 ? h("h2", {}, nameOf(entry.name, run.unsafe)) : null;
  return h("section", { class: `input ${entry.media}`, id: key, "aria-label": `Input ${entry.index + 1}` }, title, top, flow, training);
}

/** @param {Explained} explained */
function facts({ architecture, parameters, multiply_adds, seconds, stages }) {
  const between = seconds - stages.reduce((sum, stage) => sum + (stage.seconds ?? 0), 0);
  const told = [
    ["Architecture", architecture],
    ["Weights", parameters.toLocaleString("en")],
    ["Multiply-adds", quantity(multiply_adds)],
    ["Time", milliseconds(seconds)],
    ["Of it between the stages", milliseconds(Math.max(0, between))],
    ["Stages", String(stages.length)],
  ];
  return h("dl", { class: "facts" }, told.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** @param {Explained} explained */
function notes({ same, looked_same }) {
  const told = [
    same ? null : "The answer was another while the model was watched.",
    looked_same ? null : "The answer was another while attention was written out, so the views may tell of that one.",
  ];
  return told.filter((text) => text !== null).map((text) => h("p", { class: "warning" }, text));
}

// Keys

/** @param {number} by */
function stepStage(by) {
  const stages = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".stage")]);
  const now = stages.findIndex((stage) => stage.contains(document.activeElement));
  const next = stages[now < 0 ? 0 : Math.max(0, Math.min(stages.length - 1, now + by))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "start" });
}

function openViews() {
  const views = /** @type {HTMLDetailsElement[]} */ ([...document.activeElement?.closest(".stage")?.querySelectorAll("details.view") ?? []]);
  const open = views.some((view) => !view.open);
  for (const view of views) view.open = open;
}

/** @type {Record<string, () => void>} */
const KEYS = {
  j: () => stepStage(1),
  k: () => stepStage(-1),
  o: openViews,
  t: nextTheme,
  "?": () => byId("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open || !KEYS[key]) return;
  if (target instanceof HTMLElement && target.closest("input:not([type=range]), select")) return;
  KEYS[key]();
  event.preventDefault();
});

showRememberedTheme();
byId("theme").addEventListener("click", nextTheme);
byId("show-help").addEventListener("click", () => byId("help").showModal());
byId("help").addEventListener("click", (event) => event.target === byId("help") && byId("help").close());
showTop(state, (entry) => document.getElementById(`input-${entry.index + 1}`)?.scrollIntoView());
document.title = `${run.task} explained`;
byId("cards").append(...state.entries.map(sectionOf));
