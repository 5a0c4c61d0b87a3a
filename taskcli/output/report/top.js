// The top of the page: what was run, and what went wrong.

import { failure } from "./cards.js";
import { byId, h, within } from "./elements.js";
import { clean, duration, plural, rate } from "./wording.js";

/** @import { Entry, Run, State } from "../../../types/page" */

const PHONE = "(max-width: 720px)"; // as in page.css

/** @param {State} state @param {(entry: Entry) => void} reveal leads to an entry's card */
export function showTop(state, reveal) {
  const { run } = state;
  const inputs = plural(run.count, "input");
  document.title = `${run.task} · ${inputs}`;
  byId("heading").replaceChildren(run.task, h("small", {}, [inputs, run.failed ? `${run.failed} failed` : null].filter(Boolean).join(", ")));
  byId("facts").append(...factsOf(run).filter(({ value }) => value).map(({ name, value, title, style }) =>
    h("div", { title }, h("dt", {}, name), h("dd", { class: style }, value))));
  within(byId("about"), "summary").textContent = [clean(run.model, run.unsafe), run.device, duration(run.seconds)].filter(Boolean).join(" · ");
  foldOnPhones();
  showCommand(run.command);
  for (const text of notices(state)) byId("notices").append(h("p", { class: "notice" }, text));
  showFailures(state, reveal);
}

/** @typedef {{ name: string, value?: string | null, title?: string | null, style?: string }} Fact */

/** @param {Run} run @returns {Fact[]} */
function factsOf(run) {
  const began = new Date(run.began).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const options = Object.entries(run.options).map(([name, value]) => `${name} ${value}`).join(", ");
  return [
    { name: "Checkpoint", value: clean(run.model, run.unsafe) },
    { name: "Revision", value: run.revision && run.revision.slice(0, 12), title: run.revision, style: "mono" },
    { name: "Device", value: run.device, title: run.device_why },
    { name: "Precision", value: run.dtype, title: run.dtype_why },
    { name: "Time", value: [duration(run.seconds), rate(run.count, run.seconds)].filter(Boolean).join(", ") },
    { name: "Begun", value: began, title: run.began },
    { name: "Options", value: options },
    { name: "taskcli", value: run.version },
  ];
}

/** On a phone the first answer comes before what was run. */
function foldOnPhones() {
  const narrow = matchMedia(PHONE);
  const fold = () => (byId("about").open = !narrow.matches);
  narrow.addEventListener("change", fold);
  fold();
}

/** @param {string} command */
function showCommand(command) {
  const box = byId("command");
  const [code, copy] = [within(box, "code"), within(box, "button")];
  code.textContent = command;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command).catch(() => getSelection()?.selectAllChildren(code));
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  box.hidden = false;
}

/** What a reader must know of the run before its answers. @param {State} state */
export function notices({ run, entries }) {
  const transcripts = entries.map((entry) => entry.transcript).filter((result) => result !== null);
  const untimed = transcripts.some(({ text }) => text) && !transcripts.some(({ chunks }) => chunks);
  return [
    run.stopped ? `The run ended early: ${run.stopped}. What was answered until then is here.` : null,
    run.resumed ? "This run went on with an earlier one. What that had answered is not in this page." : null,
    untimed ? "With --timestamps word the words of this page would follow the sound." : null,
  ].filter((text) => text !== null);
}

/** @param {State} state @param {(entry: Entry) => void} reveal */
function showFailures({ run, entries }, reveal) {
  const failed = entries.filter((entry) => entry.failed);
  if (!failed.length) return;
  const box = byId("failures");
  box.hidden = false;
  box.open = failed.length <= 3 && !matchMedia(PHONE).matches;
  within(box, "summary").textContent = `${plural(failed.length, "input")} could not be answered`;
  const leading = (/** @type {Entry} */ entry) =>
    h("button", { type: "button", onclick: () => reveal(entry) }, clean(entry.name, run.unsafe));
  within(box, "ul").append(...failed.map((entry) =>
    h("li", {}, leading(entry), entry.record.error ? failure(entry.record.error) : null)));
}
