// The page: the run at the top, filters, the list of cards that grows as it is read, and keys.

const BATCH = 36; // cards added at a time
const MOST_CHIPS = 60;
const THEMES = ["auto", "light", "dark"];

const phone = matchMedia("(max-width: 720px)"); // as in report.css
const run = JSON.parse(document.querySelector("script.run").textContent);

// What the reader has chosen to see.
const view = {
  media: run.media,
  query: "",
  status: "all",
  labels: new Set(),
  sort: "input",
  threshold: 0,
  depth: 100,
  layers: { boxes: true, masks: true, names: true },
  passes: (answer) => answer.score === null || answer.score >= view.threshold,
  keeps: (answer) => view.passes(answer) && (!view.labels.size || view.labels.has(answer.label)),
};

const entries = Array.from(document.querySelectorAll("script.record"), (block, index) => new Entry(block, index));
const cards = new Map(); // of entries whose cards were made
const list = byId("cards");
const ranked = entries.some((entry) => entry.ranked);
let order = []; // the entries that pass the filters
let chosen = null; // the entry that the keys act on

const scores = entries.flatMap((entry) => entry.answers.map((answer) => answer.score)).filter((score) => score !== null);
const lowest = scores.reduce((low, score) => Math.min(low, score), 1);
const areShares = scores.length > 0 && lowest >= 0 && scores.every((score) => score <= 1);

// The top

function showTop() {
  const inputs = plural(run.count, "input");
  document.title = `${run.task} · ${inputs}`;
  byId("heading").replaceChildren(run.task, h("small", {}, [inputs, run.failed ? `${run.failed} failed` : null].filter(Boolean).join(", ")));
  const began = new Date(run.began);
  const facts = [
    ["Checkpoint", clean(run.model)],
    ["Revision", run.revision && run.revision.slice(0, 12), run.revision, "mono"],
    ["Device", run.device, run.device_why],
    ["Precision", run.dtype, run.dtype_why],
    ["Time", `${duration(run.seconds)}, ${rate()}`],
    ["Begun", began.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }), run.began],
    ["Options", Object.entries(run.options ?? {}).map(([name, value]) => `${name} ${value}`).join(", ")],
    ["taskcli", run.version],
  ];
  byId("facts").append(...facts.filter(([, value]) => value).map(([name, value, title, style]) =>
    h("div", { title }, h("dt", {}, name), h("dd", { class: style }, value))));
  byId("about").querySelector("summary").textContent = [clean(run.model), run.device, duration(run.seconds)].filter(Boolean).join(" · ");
  foldOnPhones();
  showCommand();
  if (run.stopped) notice(`The run ended early: ${run.stopped}. What was answered until then is here.`);
  if (run.resumed) notice("This run went on with an earlier one. What that had answered is not in this page.");
  if (view.media === "audio" && entries.some((entry) => entry.record.result?.text) && !entries.some((entry) => entry.record.result?.chunks)) {
    notice("With --timestamps word the words of this page would follow the sound.");
  }
  showFailures();
}

// On a phone the first answer comes before what was run.
function foldOnPhones() {
  const fold = () => (byId("about").open = !phone.matches);
  phone.addEventListener("change", fold);
  fold();
}

const rate = () => {
  const perSecond = run.count / Math.max(run.seconds, 1e-6);
  return perSecond >= 1 ? `${perSecond.toFixed(1)} a second` : `${(1 / Math.max(perSecond, 1e-6)).toFixed(1)} s each`;
};

function showCommand() {
  if (!run.command) return;
  const [code, copy] = byId("command").children;
  code.textContent = run.command;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(run.command).catch(() => getSelection().selectAllChildren(code));
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  byId("command").hidden = false;
}

const notice = (text) => byId("notices").append(h("p", { class: "notice" }, text));

function showFailures() {
  const failed = entries.filter((entry) => entry.failed);
  if (!failed.length) return;
  const box = byId("failures");
  box.hidden = false;
  box.open = failed.length <= 3 && !phone.matches;
  box.querySelector("summary").textContent = `${plural(failed.length, "input")} could not be answered`;
  box.querySelector("ul").append(...failed.map((entry) =>
    h("li", {}, h("button", { type: "button", onclick: () => reveal(entry) }, clean(entry.name)), failure(entry.record.error))));
}

// Filters

const STATUSES = {
  all: ["All", () => true],
  found: ["Found", (entry) => entry.found(view)],
  nothing: ["Nothing found", (entry) => !entry.failed && !entry.found(view)],
  failed: ["Failed", (entry) => entry.failed],
  warned: ["Warnings", (entry) => Boolean(entry.record.warnings)],
};

function showStatuses() {
  const counts = Object.entries(STATUSES).map(([key, [name, test]]) => [key, name, entries.filter(test).length]);
  const shown = counts.filter(([key, , count]) => key === "all" || key === view.status || (count && count < entries.length));
  byId("status").hidden = shown.length < 2;
  keepFocus(byId("status"), shown.map(([key, name, count]) =>
    toggle(key, view.status === key, () => change({ status: key }), name, h("span", {}, count.toLocaleString("en")))));
}

function toggle(key, pressed, onclick, ...children) {
  return h("button", { type: "button", "data-key": key, "aria-pressed": String(pressed), onclick }, ...children);
}

// Buttons are made anew when their numbers change; the one in use stays in use.
function keepFocus(group, buttons) {
  const key = group.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  group.replaceChildren(...buttons);
  if (key !== null) buttons.find((button) => button.dataset.key === key)?.focus();
}

function showLegend() {
  const counts = new Map();
  const times = new Map();
  for (const entry of entries) {
    const labels = entry.told(view).map((answer) => answer.label).filter((label) => label !== null);
    for (const label of new Set(labels)) counts.set(label, (counts.get(label) ?? 0) + 1);
    for (const label of labels) times.set(label, (times.get(label) ?? 0) + 1);
  }
  for (const label of view.labels) if (!counts.has(label)) counts.set(label, 0);
  const common = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, MOST_CHIPS);
  byId("legend").hidden = !common.length;
  const chips = common.map(([label, count]) => {
    const choose = () => {
      const labels = new Set(view.labels);
      if (!labels.delete(label)) labels.add(label);
      change({ labels });
    };
    const chip = toggle(label, view.labels.has(label), choose, ranked ? null : swatch(label), clean(label), h("span", {}, count.toLocaleString("en")));
    chip.classList.add("chip");
    chip.title = ranked ? `the best label of ${plural(count, "input")}` : `${plural(times.get(label) ?? 0, "time")} in ${plural(count, "input")}`;
    return chip;
  });
  keepFocus(byId("legend"), [h("span", { class: "counted" }, ranked ? "Inputs by best label" : "Inputs that have"), ...chips]);
}

function passesFilters(entry) {
  if (!STATUSES[view.status][1](entry)) return false;
  if (view.labels.size && !entry.told(view).some((answer) => view.labels.has(answer.label))) return false;
  return view.query.toLowerCase().split(/\s+/).every((word) => !word || entry.haystack.includes(word));
}

const compareNames = new Intl.Collator(undefined, { numeric: true }).compare;
const bestFirst = (a, b) => b.score(view) - a.score(view) || a.index - b.index;
// What has no score comes last in both directions.
const worstFirst = (a, b) => {
  const [first, second] = [a.score(view), b.score(view)];
  if (first === second) return a.index - b.index;
  if (first === -Infinity || second === -Infinity) return first === -Infinity ? 1 : -1;
  return first - second;
};
const ORDERS = {
  input: (a, b) => a.index - b.index,
  name: (a, b) => compareNames(a.name, b.name) || a.index - b.index,
  high: bestFirst,
  low: worstFirst,
};

function change(choice) {
  Object.assign(view, choice);
  if ("threshold" in choice || "labels" in choice) for (const card of cards.values()) card.update();
  showStatuses();
  showLegend();
  refresh();
}

function showLayers(choice) {
  Object.assign(view, choice);
  for (const card of cards.values()) card.frame?.update(view);
  shownFrame?.update(view);
  makeLayerButtons();
}

function makeLayerButtons() {
  const names = { boxes: "Boxes", masks: "Masks", names: "Names" };
  const has = (key) => entries.some((entry) => entry.answers.some((answer) => answer[key]));
  const offered = [has("box") && "boxes", has("mask") && "masks", has("box") && "names"].filter(Boolean);
  byId("layers").hidden = !offered.length;
  keepFocus(byId("layers"), offered.map((key) =>
    toggle(key, view.layers[key], () => toggleLayer(key), names[key])));
}

const toggleLayer = (key) => showLayers({ layers: { ...view.layers, [key]: !view.layers[key] } });

function setDepth(value) {
  byId("depth").value = value;
  byId("depth-field").querySelector("output").value = `${value}%`;
  showLayers({ depth: value });
}

function setThreshold(value) {
  change({ threshold: showThreshold(value) });
}

// The slider rounds the value to what it offers.
function showThreshold(value) {
  const slider = byId("threshold");
  slider.value = value;
  byId("threshold-field").querySelector("output").value = Number(slider.value).toFixed(2);
  return Number(slider.value);
}

// Scores that are no shares have no slider, and all pass.
function resetThreshold() {
  view.threshold = areShares ? showThreshold(byId("threshold").min) : -Infinity;
}

function showTools() {
  byId("tools").hidden = entries.length === 0;
  // A segment's outline says more than its box.
  view.layers.boxes = !entries.some((entry) => entry.answers.some((answer) => answer.mask));
  makeLayerButtons();
  byId("depth-field").hidden = !entries.some((entry) => entry.record.result?.units);
  byId("depth").addEventListener("input", (event) => setDepth(Number(event.target.value)));
  byId("query").addEventListener("input", (event) => change({ query: event.target.value }));
  byId("sort").addEventListener("change", (event) => change({ sort: event.target.value }));
  if (!scores.length) for (const option of byId("sort").querySelectorAll("[value=high], [value=low]")) option.remove();
  byId("more-tools").addEventListener("click", (event) => {
    const open = byId("tools").classList.toggle("open");
    event.target.setAttribute("aria-expanded", String(open));
  });
  const slider = byId("threshold");
  slider.min = Math.floor(100 * lowest) / 100;
  slider.max = 1;
  slider.addEventListener("input", () => setThreshold(slider.value));
  byId("threshold-field").hidden = !areShares;
  byId("threshold-field").title = `The lowest score in this run is ${percent(lowest)}; what is below was not recorded`;
  byId("depth-field").querySelector("output").value = "100%";
  resetThreshold();
}

// The list

function refresh() {
  order = entries.filter(passesFilters).sort(ORDERS[view.sort]);
  list.replaceChildren();
  more();
  const number = order.length === entries.length ? `${plural(order.length, "input")}` : `${order.length.toLocaleString("en")} of ${plural(entries.length, "input")}`;
  byId("shown").textContent = number;
  if (!order.length) list.append(nothingLeft());
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
  resetThreshold();
  change({ query: "", status: "all", labels: new Set(), threshold: view.threshold });
}

function more(until = list.children.length + BATCH) {
  const from = list.children.length;
  const added = order.slice(from, Math.max(until, from)).map((entry, number) => {
    const { element } = cardOf(entry);
    element.setAttribute("aria-posinset", from + number + 1);
    element.setAttribute("aria-setsize", order.length);
    element.tabIndex = entry === chosen || (!chosen && from + number === 0) ? 0 : -1;
    return element;
  });
  list.append(...added);
  nearEnd.unobserve(byId("end"));
  if (list.children.length < order.length) nearEnd.observe(byId("end"));
}

function cardOf(entry) {
  if (!cards.has(entry)) cards.set(entry, new Card(entry));
  return cards.get(entry);
}

function choose(entry) {
  const at = order.indexOf(entry);
  if (at < 0) return;
  if (at >= list.children.length) more(at + BATCH);
  const before = list.querySelector('.card[tabindex="0"]');
  if (before) before.tabIndex = -1;
  chosen = entry;
  const { element } = cardOf(entry);
  element.tabIndex = 0;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}

function reveal(entry) {
  if (!order.includes(entry)) clearFilters();
  choose(entry);
}

function step(by) {
  const at = order.indexOf(chosen);
  choose(order[at < 0 ? 0 : Math.min(Math.max(at + by, 0), order.length - 1)]);
}

// How many cards stand in a row: those that begin as high as the first.
function columns() {
  const all = [...list.children];
  const below = all.findIndex((card) => card.offsetTop > all[0].offsetTop);
  return below < 1 ? Math.max(all.length, 1) : below;
}

// The viewer: one picture, large

let shownEntry = null;
let shownFrame = null;

function openViewer(entry) {
  const preview = entry.preview;
  shownEntry = entry;
  shownFrame = preview.image ? new Frame(entry, preview, true) : null;
  shownFrame?.update(view);
  const at = order.indexOf(entry);
  const turn = (by) => () => openViewer(order[(at + by + order.length) % order.length]);
  const button = (label, text, onclick) => h("button", { type: "button", "aria-label": label, onclick }, text);
  const place = h("span", { class: "number" }, `${at + 1} of ${order.length}`);
  const nav = h("nav", { "aria-label": "Pictures" }, button("Previous", "←", turn(-1)), place, button("Next", "→", turn(1)), button("Close", "✕", () => byId("viewer").close()));
  const { error, warnings = [] } = entry.record;
  const found = error ? failure(error) : foundIn(entry, shownFrame, 40);
  const link = preview.link ? h("a", { href: preview.link, target: "_blank", rel: "noopener" }, "Open the original ↗") : null;
  const size = preview.width ? h("p", { class: "number" }, `${preview.width} × ${preview.height} pixels`) : null;
  const aside = h("aside", {}, nav, h("h2", {}, nameOf(entry.name)), found, warnings.map((text) => h("p", { class: "warning" }, text)), size, link);
  byId("viewer").replaceChildren(h("div", { class: "stage" }, shownFrame?.element ?? h("p", { class: "missing" }, "No picture")), aside);
  if (!byId("viewer").open) byId("viewer").showModal();
}

byId("viewer").addEventListener("close", () => {
  const entry = shownEntry;
  shownEntry = shownFrame = null;
  choose(entry);
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

// Keys

const KEYS = {
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  ArrowDown: () => chosen && step(columns()),
  ArrowUp: () => chosen && step(-columns()),
  "/": () => focusSearch(),
  "?": () => byId("help").showModal(),
  "[": () => areShares && setThreshold(view.threshold - 0.05),
  "]": () => areShares && setThreshold(view.threshold + 0.05),
  b: () => toggleLayer("boxes"),
  m: () => toggleLayer("masks"),
  n: () => toggleLayer("names"),
  d: () => setDepth(view.depth ? 0 : 100),
  t: () => nextTheme(),
  Enter: () => view.media === "image" && chosen && openViewer(chosen),
  " ": () => chosen && cards.get(chosen)?.player?.toggle(),
};
const ON_A_CARD = ["Enter", " ", "ArrowUp", "ArrowDown"]; // elsewhere they press buttons and scroll

function focusSearch() {
  byId("query").focus();
  byId("query").select();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const { target, key } = event;
  if (byId("viewer").open) return viewerKey(event);
  if (key === "Escape" && target === byId("query")) return clearSearch();
  if (target.closest("input:not([type=range]), select")) return;
  if (target.type === "range" && key.startsWith("Arrow")) return;
  if (ON_A_CARD.includes(key) && !target.classList.contains("card")) return;
  if (!KEYS[key] || KEYS[key]() === null) return;
  event.preventDefault();
});

function viewerKey(event) {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (by) openViewer(order[(order.indexOf(shownEntry) + by + order.length) % order.length]);
  else if ("bmnd[]".includes(event.key)) KEYS[event.key]();
  else return;
  event.preventDefault();
}

function clearSearch() {
  byId("query").value = "";
  byId("query").blur();
  change({ query: "" });
}

list.addEventListener("focusin", (event) => {
  const card = event.target.closest(".card");
  if (card) chosen = card.entry;
});

// Light and dark

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = { auto: "Theme: auto", light: "Theme: light", dark: "Theme: dark" }[theme];
}

function nextTheme() {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  showTheme(theme);
  try {
    localStorage.setItem("taskcli-theme", theme);
  } catch { /* a browser may forbid pages from files to remember */ }
}

function rememberedTheme() {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem("taskcli-theme")) ?? "auto";
  } catch {
    return "auto";
  }
}

showTheme(rememberedTheme());
byId("theme").addEventListener("click", nextTheme);
byId("show-help").addEventListener("click", () => byId("help").showModal());

list.classList.add(view.media);
list.classList.toggle("short", ranked);
showTop();
showTools();
showStatuses();
showLegend();
refresh();
addEventListener("beforeprint", () => more(order.length));
