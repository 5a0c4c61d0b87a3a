// One input: its record, and what was found in it in one shape for all tasks.

/** @import { Answer, AnyRecord, Preview, Run, Scores, Shape, View } from "../../../types/page" */
/** @import { DepthMap, Transcript } from "../../../types/records" */

/** @typedef {Readonly<Record<string, unknown>>} One a result, or one of its list, whose fields a shape names */

export class Entry {
  /** @type {string | undefined} */
  #haystack;

  /**
   * @param {AnyRecord} record
   * @param {number} index
   * @param {Pick<Run, "media" | "shape">} run
   * @param {() => Preview} preview parses it: a page may hold a gigabyte of pictures
   */
  constructor(record, index, { media, shape }, preview) {
    this.index = index;
    this.record = record;
    this.media = media;
    this.shape = shape;
    this.readPreview = preview;
    const { result } = record;
    /** @type {readonly unknown[]} */
    const results = result === undefined ? [] : Array.isArray(result) ? result : [result];
    const known = /** @type {readonly One[]} */ (results);
    this.answers = shape.label || shape.word ? known.map((one) => answerOf(one, shape)) : [];
    this.ranked = shape.view === "ranking" && results.length > 0;
    this.made = shape.text ? known.map((one) => String(one[shape.text])) : [];
    // What has no look of its own is shown by its fields.
    this.rows = shape.view === "fields" ? results.map((one) => fieldsOf(one)) : [];
  }

  get name() {
    return this.record.input;
  }

  get preview() {
    return this.readPreview();
  }

  get failed() {
    return Boolean(this.record.error);
  }

  get transcript() {
    return this.shape.view === "transcript" ? /** @type {Transcript | null} */ (this.record.result ?? null) : null;
  }

  get depth() {
    return this.shape.view === "depth" ? /** @type {DepthMap | null} */ (this.record.result ?? null) : null;
  }

  /** What counts for labels and filters: of a ranking, only the best. @param {View} view */
  told(view) {
    const kept = this.answers.filter((answer) => passes(answer, view));
    return this.ranked ? kept.slice(0, 1) : kept;
  }

  /** @param {View} view */
  found(view) {
    if (this.failed) return false;
    if (this.answers.length) return this.told(view).some((answer) => answer.word !== "");
    if (Array.isArray(this.record.result)) return this.made.length + this.rows.length > 0;
    return this.transcript === null || this.transcript.text.trim() !== "";
  }

  /** @param {View} view */
  score(view) {
    return Math.max(...this.told(view).map((answer) => answer.score ?? -Infinity), -Infinity);
  }

  /** Everything that a search looks in, in small letters, made at the first search. */
  get haystack() {
    if (this.#haystack === undefined) {
      const { error, warnings = [] } = this.record;
      const found = this.answers.flatMap((answer) => [answer.label, answer.word, answer.question]);
      const texts = [error?.message, this.transcript?.text, ...this.made, ...this.rows.flat(2)];
      const source = this.media === "text" ? textOf(this.preview) : "";
      this.#haystack = [this.name, ...found, ...texts, ...warnings, source].join("\n").toLowerCase();
    }
    return this.#haystack;
  }
}

/** @param {Answer} answer @param {View} view */
export const passes = (answer, view) => answer.score === null || answer.score >= view.threshold;

/** @param {Answer} answer @param {View} view */
export const keeps = (answer, view) =>
  passes(answer, view) && (!view.labels.size || (answer.label !== null && view.labels.has(answer.label)));

/** @param {Preview} preview */
export const textOf = (preview) => preview.text ?? "";

/** @param {readonly Entry[]} entries @returns {Scores} */
export function scoresOf(entries) {
  const scores = entries.flatMap((entry) => entry.answers.map((answer) => answer.score)).filter((score) => score !== null);
  const lowest = scores.reduce((low, score) => Math.min(low, score), 1);
  const shares = scores.length > 0 && lowest >= 0 && scores.every((score) => score <= 1);
  return { any: scores.length > 0, lowest, shares };
}

/** @param {One} result @param {Shape} shape @returns {Answer} */
function answerOf(result, shape) {
  const field = (/** @type {string} */ name) => (name ? /** @type {any} */ (result[name]) : undefined);
  const [label, score] = [field(shape.label) ?? null, field(shape.score) ?? null];
  return { ...result, label, score, word: field(shape.word), start: field(shape.start), end: field(shape.end) };
}

/**
 * The fields of a result by dotted names, as in a table of `taskcli -f csv`; a bare value is called so.
 * @param {unknown} value
 * @param {string} before
 * @returns {[string, string][]}
 */
export function fieldsOf(value, before = "") {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[before || "value", textOfField(value)]];
  return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, before ? `${before}.${name}` : name));
}

/** @param {unknown} value */
function textOfField(value) {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
