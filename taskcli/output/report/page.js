// The page: filters, the list of cards that grows as it is read, the viewer, and keys.

import { Card, failure, foundIn } from "./cards.js";
import { swatch } from "./colours.js";
import { byId, h, nameOf, within } from "./elements.js";
import { labelCounts, ordered, STATUSES, statusCounts } from "./filters.js";
import { showOverview } from "./overview.js";
import { Frame } from "./pictures.js";
import { isRanked, readState } from "./state.js";
import { nextTheme, showRememberedTheme } from "./theme.js";
import { showTop } from "./top.js";
import { clean, percent, plural } from "./wording.js";

/** @import { Answer, Children, Entry, Layer, Order, View } from "../../../types/page" */

const BATCH = 36; // cards added at a time
const MOST_CHIPS = 60;
const MOST_ROWS_IN_VIEWER = 40;

const state = readState(document);
const { run, entries, scores } = state;
const ranked = isRanked(state);
const list = byId("cards");

// Filters

function showStatuses() {
  const shown = statusCounts(entries, state.view);
  byId("status").hidden = shown.length < 2;
  keepFocus(byId("status"), shown.map(({ status, count }) =>
    toggle(status, state.view.status === status, () => change({ status }), STATUSES[status].name, h("span", {}, count.toLocaleString("en")))));
}

/**
 * @param {string} key
 * @param {boolean} pressed
 * @param {() => void} onclick
 * @param {...Children} children
 */
function toggle(key, pressed, onclick, ...children) {
  return h("button", { type: "button", "data-key": key, "aria-pressed": String(pressed), onclick }, ...children);
}

/**
 * Buttons are made anew when their numbers change; the one in use stays in use.
 * @param {HTMLElement} group
 * @param {HTMLElement[]} buttons
 */
function keepFocus(group, buttons) {
  const { activeElement } = document;
  const key = activeElement instanceof HTMLElement && group.contains(activeElement) ? activeElement.dataset.key : undefined;
  group.replaceChildren(...buttons);
  if (key !== undefined) buttons.find((button) => button.dataset.key === key)?.focus();
}

function showLegend() {
  const common = labelCounts(entries, state.view, MOST_CHIPS);
  byId("legend").hidden = !common.length;
  const counted = h("span", { class: "counted" }, ranked ? "Inputs by best label" : "Inputs that have");
  keepFocus(byId("legend"), [counted, ...common.map(chip)]);
}

/** @param {{ label: string, inputs: number, times: number }} counted */
function chip({ label, inputs, times }) {
  const chooseLabel = () => {
    const labels = new Set(state.view.labels);
    if (!labels.delete(label)) labels.add(label);
    change({ labels });
  };
  const colour = ranked ? null : swatch(run, label);
  const button = toggle(label, state.view.labels.has(label), chooseLabel, colour, clean(label, run.unsafe), h("span", {}, inputs.toLocaleString("en")));
  button.classList.add("chip");
  button.title = ranked ? `the best label of ${plural(inputs, "input")}` : `${plural(times, "time")} in ${plural(inputs, "input")}`;
  return button;
}

/** @param {Partial<View>} choice */
function change(choice) {
  state.view = { ...state.view, ...choice };
  if ("threshold" in choice || "labels" in choice) for (const card of state.cards.values()) card.update();
  showStatuses();
  showLegend();
  refresh();
}

/** @param {Partial<View>} choice */
function showLayers(choice) {
  state.view = { ...state.view, ...choice };
  for (const card of state.cards.values()) card.frame?.update();
  state.shown?.frame?.update();
  makeLayerButtons();
}

/** @type {Record<Layer, { name: string, of: (answer: Answer) => unknown }>} */
const LAYERS = {
  boxes: { name: "Boxes", of: (answer) => answer.box },
  masks: { name: "Masks", of: (answer) => answer.mask },
  names: { name: "Names", of: (answer) => answer.box },
};

function makeLayerButtons() {
  const layers = /** @type {Layer[]} */ (Object.keys(LAYERS));
  const offered = layers.filter((layer) => entries.some((entry) => entry.answers.some(LAYERS[layer].of)));
  byId("layers").hidden = !offered.length;
  keepFocus(byId("layers"), offered.map((layer) =>
    toggle(layer, state.view.layers[layer], () => toggleLayer(layer), LAYERS[layer].name)));
}

/** @param {Layer} layer */
const toggleLayer = (layer) =>
  showLayers({ layers: { ...state.view.layers, [layer]: !state.view.layers[layer] } });

/** @param {number} percents */
function setDepth(percents) {
  byId("depth").value = String(percents);
  showDepth(percents);
  showLayers({ depth: percents });
}

/** @param {number} percents */
const showDepth = (percents) => (within(byId("depth-field"), "output").textContent = `${percents}%`);

/** @param {number} value */
function setThreshold(value) {
  change({ threshold: showThreshold(value) });
}

/** The slider rounds the value to what it offers. @param {number} value */
function showThreshold(value) {
  const slider = byId("threshold");
  slider.value = String(value);
  within(byId("threshold-field"), "output").textContent = Number(slider.value).toFixed(2);
  return Number(slider.value);
}

/** Scores that are no shares have no slider, and all pass. */
const lowestThreshold = () => (scores.shares ? showThreshold(Number(byId("threshold").min)) : -Infinity);

function showTools() {
  byId("tools").hidden = entries.length === 0;
  makeLayerButtons();
  byId("depth-field").hidden = !entries.some((entry) => entry.depth);
  byId("depth").addEventListener("input", () => setDepth(Number(byId("depth").value)));
  byId("query").addEventListener("input", () => change({ query: byId("query").value }));
  byId("sort").addEventListener("change", () => change({ sort: /** @type {Order} */ (byId("sort").value) }));
  if (!scores.any) for (const option of byId("sort").querySelectorAll("[value=high], [value=low]")) option.remove();
  byId("more-tools").addEventListener("click", () => {
    const open = byId("tools").classList.toggle("open");
    byId("more-tools").setAttribute("aria-expanded", String(open));
  });
  const slider = byId("threshold");
  slider.min = String(Math.floor(100 * scores.lowest) / 100);
  slider.max = "1";
  slider.addEventListener("input", () => setThreshold(Number(slider.value)));
  byId("threshold-field").hidden = !scores.shares;
  byId("threshold-field").title = `The lowest score in this run is ${percent(scores.lowest)}; what is below was not recorded`;
  showDepth(state.view.depth);
  state.view.threshold = lowestThreshold();
}

// The list

function refresh() {
  state.order = ordered(entries, state.view);
  list.replaceChildren();
  more();
  const all = plural(entries.length, "input");
  const { length } = state.order;
  byId("shown").textContent = length === entries.length ? all : `${length.toLocaleString("en")} of ${all}`;
  if (!length) list.append(nothingLeft());
}

// An observer tells of changes only: it is asked anew after each batch.
const nearEnd = new IntersectionObserver(([end]) => end.isIntersecting && more(), { rootMargin: "1200px" });

function nothingLeft() {
  if (!entries.length) return h("div", { id: "empty" }, "This run answered no input.");
  const clear = h("button", { type: "button", onclick: clearFilters }, "Show all");
  return h("div", { id: "empty" }, h("p", {}, "No input passes these filters."), clear);
}

function clearFilters() {
  byId("query").value = "";
  change({ query: "", status: "all", labels: new Set(), threshold: lowestThreshold() });
}

function more(until = list.children.length + BATCH) {
  const from = list.children.length;
  const { order, chosen } = state;
  const added = order.slice(from, Math.max(until, from)).map((entry, number) => {
    const { element } = cardOf(entry);
    element.setAttribute("aria-posinset", String(from + number + 1));
    element.setAttribute("aria-setsize", String(order.length));
    element.tabIndex = entry === chosen || (!chosen && from + number === 0) ? 0 : -1;
    return element;
  });
  list.append(...added);
  nearEnd.unobserve(byId("end"));
  if (list.children.length < order.length) nearEnd.observe(byId("end"));
}

/** @param {Entry} entry */
function cardOf(entry) {
  const card = state.cards.get(entry) ?? new Card(entry, state, openViewer);
  state.cards.set(entry, card);
  return card;
}

/** @param {Entry | undefined} entry */
function choose(entry) {
  const at = entry ? state.order.indexOf(entry) : -1;
  if (!entry || at < 0) return;
  if (at >= list.children.length) more(at + BATCH);
  const before = list.querySelector('.card[tabindex="0"]');
  if (before instanceof HTMLElement) before.tabIndex = -1;
  state.chosen = entry;
  const { element } = cardOf(entry);
  element.tabIndex = 0;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}

/** @param {Entry} entry */
function reveal(entry) {
  if (!state.order.includes(entry)) clearFilters();
  choose(entry);
}

/** @param {number} by */
function step(by) {
  const { order, chosen } = state;
  const at = chosen ? order.indexOf(chosen) : -1;
  choose(order[at < 0 ? 0 : Math.min(Math.max(at + by, 0), order.length - 1)]);
}

/** How many cards stand in a row: those that begin as high as the first. */
function columns() {
  const all = /** @type {HTMLElement[]} */ ([...list.children]);
  const below = all.findIndex((card) => card.offsetTop > all[0].offsetTop);
  return below < 1 ? Math.max(all.length, 1) : below;
}

// The viewer: one picture, large

/** @param {Entry} entry */
function openViewer(entry) {
  const preview = entry.preview;
  const frame = preview.image ? new Frame(entry, preview, true, state) : null;
  state.shown = { entry, frame };
  frame?.update();
  const button = (/** @type {string} */ label, /** @type {string} */ text, /** @type {() => void} */ onclick) =>
    h("button", { type: "button", "aria-label": label, onclick }, text);
  const place = h("span", { class: "number" }, `${state.order.indexOf(entry) + 1} of ${state.order.length}`);
  const nav = h("nav", { "aria-label": "Pictures" }, button("Previous", "←", () => turn(-1)), place, button("Next", "→", () => turn(1)), button("Close", "✕", () => byId("viewer").close()));
  const { error, warnings = [] } = entry.record;
  const found = error ? failure(error) : foundIn(entry, frame, MOST_ROWS_IN_VIEWER, state);
  const link = preview.link ? h("a", { href: preview.link, target: "_blank", rel: "noopener" }, "Open the original ↗") : null;
  const size = preview.width ? h("p", { class: "number" }, `${preview.width} × ${preview.height} pixels`) : null;
  const aside = h("aside", {}, nav, h("h2", {}, nameOf(entry.name, run.unsafe)), found, warnings.map((text) => h("p", { class: "warning" }, text)), size, link);
  byId("viewer").replaceChildren(h("div", { class: "stage" }, frame?.element ?? h("p", { class: "missing" }, "No picture")), aside);
  if (!byId("viewer").open) byId("viewer").showModal();
}

/** Another picture in the open viewer, round and round. @param {number} by */
function turn(by) {
  const { order, shown } = state;
  if (shown) openViewer(order[(order.indexOf(shown.entry) + by + order.length) % order.length]);
}

byId("viewer").addEventListener("close", () => {
  const entry = state.shown?.entry;
  state.shown = null;
  choose(entry);
});
for (const dialog of [byId("viewer"), byId("help")]) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

// Keys

/** @type {Record<string, () => void>} */
const KEYS = {
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  ArrowDown: () => state.chosen && step(columns()),
  ArrowUp: () => state.chosen && step(-columns()),
  "/": () => focusSearch(),
  "?": () => byId("help").showModal(),
  "[": () => scores.shares && setThreshold(state.view.threshold - 0.05),
  "]": () => scores.shares && setThreshold(state.view.threshold + 0.05),
  b: () => toggleLayer("boxes"),
  m: () => toggleLayer("masks"),
  n: () => toggleLayer("names"),
  d: () => setDepth(state.view.depth ? 0 : 100),
  t: () => nextTheme(),
  Enter: () => run.media === "image" && state.chosen && openViewer(state.chosen),
  " ": () => state.chosen && state.cards.get(state.chosen)?.player?.toggle(),
};
const ON_A_CARD = ["Enter", " ", "ArrowUp", "ArrowDown"]; // elsewhere they press buttons and scroll
/** @type {Record<string, number>} */
const TURNS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function focusSearch() {
  byId("query").focus();
  byId("query").select();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const { target, key } = event;
  if (byId("viewer").open) return viewerKey(event);
  if (key === "Escape" && target === byId("query")) return clearSearch();
  if (!(target instanceof HTMLElement)) return;
  if (target.closest("input:not([type=range]), select")) return;
  if (target instanceof HTMLInputElement && key.startsWith("Arrow")) return;
  if (ON_A_CARD.includes(key) && !target.classList.contains("card")) return;
  if (!KEYS[key]) return;
  KEYS[key]();
  event.preventDefault();
});

/** @param {KeyboardEvent} event */
function viewerKey(event) {
  if (TURNS[event.key]) turn(TURNS[event.key]);
  else if ("bmnd[]".includes(event.key)) KEYS[event.key]();
  else return;
  event.preventDefault();
}

function clearSearch() {
  byId("query").value = "";
  byId("query").blur();
  change({ query: "" });
}

list.addEventListener("focusin", ({ target }) => {
  const card = target instanceof HTMLElement ? target.closest(".card") : null;
  if (card instanceof HTMLElement) state.chosen = entries[Number(card.dataset.index)];
});

showRememberedTheme();
byId("theme").addEventListener("click", nextTheme);
byId("show-help").addEventListener("click", () => byId("help").showModal());

list.classList.add(run.media);
list.classList.toggle("short", ranked);
showTop(state, reveal);
showOverview(state);
showTools();
showStatuses();
showLegend();
refresh();
addEventListener("beforeprint", () => more(state.order.length));
