// The card of an input, and what is said of it there and beside the large picture.

import { swatch } from "./colours.js";
import { h, nameOf, numbered, present } from "./elements.js";
import { keeps, passes } from "./entries.js";
import { depthScale, Frame } from "./pictures.js";
import { course, Player, transcript } from "./sounds.js";
import { besideSource, continued, cutNote, highlighted, inContext, prose, reply } from "./texts.js";
import { clean, percent } from "./wording.js";

/** @import { Answer, Child, Entry, State } from "../../../types/page" */
/** @import { Failure } from "../../../types/records" */

const MOST_ROWS = 6;

export class Card {
  /**
   * @param {Entry} entry
   * @param {State} state
   * @param {((entry: Entry) => void) | null} open shows the picture large
   */
  constructor(entry, state, open) {
    this.entry = entry;
    this.state = state;
    this.open = open;
    this.preview = entry.preview;
    /** @type {Frame | null} */
    this.frame = null;
    this.body = h("div", { class: "body" });
    const title = h("h2", { id: `name-${entry.index}` }, nameOf(entry.name, state.run.unsafe));
    const head = h("header", {}, title, this.original());
    this.element = h("article", {
      class: entry.failed ? "card failed" : "card", tabindex: -1, "aria-labelledby": title.id, "data-index": entry.index,
    });
    if (entry.media === "image" && !entry.failed) this.element.append(this.picture());
    this.element.append(head, this.body);
    this.player = entry.media === "audio" && this.preview.seconds ? new Player(entry.name, this.preview, state) : null;
    this.heard = this.heardInTime();
    this.update();
  }

  original() {
    const { link } = this.preview;
    return link ? h("a", { class: "original", href: link, target: "_blank", rel: "noopener" }, "original ↗") : null;
  }

  picture() {
    const { image, width, height } = this.preview;
    if (!image) {
      const why = width ? `${width} × ${height} pixels; left out, for the page is large enough` : "No picture";
      return h("div", { class: "picture" }, h("p", { class: "missing" }, why));
    }
    this.frame = new Frame(this.entry, this.preview, false, this.state);
    const { open } = this;
    if (!open) return h("div", { class: "picture" }, this.frame.element);
    const label = `Open ${clean(this.entry.name, this.state.run.unsafe)}`;
    const button = h("button", { type: "button", class: "picture", "aria-label": label, onclick: () => open(this.entry) }, this.frame.element);
    button.style.aspectRatio = "4 / 3";
    return button;
  }

  update() {
    this.frame?.update();
    const { warnings = [], error } = this.entry.record;
    const parts = error ? [...failure(error), this.sourceOfFailure()] : this.answer();
    const notes = warnings.map((warning) => h("p", { class: "warning" }, warning));
    this.body.replaceChildren(...present([...parts, ...notes]));
  }

  sourceOfFailure() {
    return this.preview.text ? prose(this.preview.text) : null;
  }

  /** @returns {Child[]} */
  answer() {
    const { entry, preview, state } = this;
    if (entry.media === "audio") return [this.player?.element, this.player?.chooser(preview.link), entry.transcript ? null : listed(entry, state), this.heard];
    if (entry.media === "image") return foundIn(entry, this.frame, MOST_ROWS, state);
    if (entry.shape.view === "reply" && entry.answers.length) return this.replies();
    if (entry.made.length) return [this.writing()];
    if (entry.answers.length + entry.rows.length && !entry.shape.start) return [prose(preview.text), this.pair(), cutNote(preview), listed(entry, state)];
    return [highlighted(preview, entry.answers, state), entry.answers.length ? null : nothing("Nothing found."), cutNote(preview)];
  }

  heardInTime() {
    const { transcript: said, record: { windows = [] } } = this.entry;
    if (said) return transcript(said, this.player);
    return windows.length ? course(windows, this.player, this.state) : null;
  }

  pair() {
    return this.preview.pair ? h("div", {}, h("p", { class: "question-label" }, "with"), prose(this.preview.pair)) : null;
  }

  replies() {
    const [first] = this.entry.answers;
    const asked = h("p", { class: "question", dir: "auto" }, first.question);
    const all = this.entry.answers.map((answer) => [reply(answer, this.state), inContext(answer, this.preview)]);
    return [asked, ...all.flat(), cutNote(this.preview)];
  }

  writing() {
    const { preview, entry } = this;
    const { continues, heading } = entry.shape;
    return continues ? continued(preview, entry.made) : besideSource(preview, entry.made, heading);
  }
}

/** @param {string} text */
const nothing = (text) => h("p", { class: "nothing" }, text);

/** @param {Failure} error */
export function failure(error) {
  return [
    h("p", { class: "reason" }, error.message),
    error.hint ? h("p", { class: "hint" }, error.hint) : null,
  ];
}

/**
 * Under a picture: bars, the depth's scale, or a row per box or segment.
 * @param {Entry} entry
 * @param {Frame | null} frame
 * @param {number} most
 * @param {State} state
 */
export function foundIn(entry, frame, most, state) {
  if (entry.depth) return depthScale(entry.depth, state.run);
  if (entry.ranked || entry.rows.length) return [listed(entry, state)];
  return [keptRows(entry, frame, most, state)];
}

/** What passes the filters, a row each. @param {Entry} entry @param {Frame | null} frame @param {number} most @param {State} state */
function keptRows(entry, frame, most, state) {
  const kept = entry.answers.filter((answer) => keeps(answer, state.view));
  if (!kept.length) return nothing(entry.answers.length ? "Nothing above the threshold." : "Nothing found.");
  return h("div", { class: "answers" }, numbered(kept, most, (answer) => row(answer, frame, state)));
}

/** Answers that stand in no place: bars of a ranking, rows of labels, or a table of fields. @param {Entry} entry @param {State} state */
function listed(entry, state) {
  if (entry.rows.length) return fields(entry, state);
  return entry.shape.view === "table" ? keptRows(entry, null, MOST_ROWS, state) : bars(entry, state);
}

/** @param {Entry} entry @param {State} state */
function fields({ rows }, { run }) {
  return h("div", { class: "fields" }, numbered(rows, MOST_ROWS, (row) => h("dl", {}, row.map(([name, value]) =>
    h("div", {}, h("dt", {}, clean(name, run.unsafe)), h("dd", { dir: "auto" }, value))))));
}

/** @param {Answer} answer @param {Frame | null} frame @param {State} state */
function row(answer, frame, { run }) {
  const label = answer.label ?? "";
  const share = answer.mask && answer.area !== undefined ? answer.area / (answer.mask.size[0] * answer.mask.size[1]) : null;
  const score = answer.score === null ? "" : percent(answer.score);
  const about = share === null ? null : h("span", { class: "share" }, ` ${percent(share)} of the picture`);
  return h(
    "div",
    { class: "answer", onpointerenter: () => frame?.light(answer), onpointerleave: () => frame?.light(null) },
    swatch(run, label),
    h("span", {}, h("b", {}, clean(label, run.unsafe)), about),
    h("span", { class: "number" }, score),
  );
}

/** @param {Entry} entry @param {State} state */
function bars(entry, { run, view }) {
  if (!entry.answers.length) return nothing("No label.");
  return h("div", { class: "bars" }, numbered(entry.answers, MOST_ROWS, (answer) => {
    const score = answer.score ?? 0;
    const filled = h("div", { class: "fill" });
    filled.style.width = `${100 * Math.min(1, Math.max(0, score))}%`;
    const name = h("b", {}, clean(answer.label ?? "", run.unsafe));
    const number = h("span", { class: "number" }, percent(score));
    return h("div", { class: passes(answer, view) ? "bar-row" : "bar-row below" }, name, number, h("div", { class: "track" }, filled));
  }));
}
