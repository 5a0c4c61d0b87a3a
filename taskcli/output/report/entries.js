// One input: its record, and what was found in it in one shape for all tasks.

/** @import { Answer, AnyRecord, Preview, Run, Scores, View } from "../../../types/page" */

/** @typedef {"summary_text" | "translation_text" | "generated_text"} Made */
/** @type {Record<Made, string>} */
const TEXTS = { summary_text: "Summary", translation_text: "Translation", generated_text: "Text" };

export class Entry {
  /** @type {string | undefined} */
  #haystack;

  /**
   * @param {AnyRecord} record
   * @param {number} index
   * @param {Run["media"]} media
   * @param {() => Preview} preview parses it: a page may hold a gigabyte of pictures
   */
  constructor(record, index, media, preview) {
    this.index = index;
    this.record = record;
    this.media = media;
    this.readPreview = preview;
    const results = [record.result ?? []].flat();
    this.answers = results.map(answerOf).filter((answer) => answer !== null);
    this.ranked = results.length > 0 && "label" in results[0] && !("box" in results[0]);
    this.made = results.map(madeText).filter((text) => text !== null);
    const key = results.map(madeKey).find((found) => found !== undefined) ?? "generated_text";
    this.heading = TEXTS[key];
    this.goesOn = key === "generated_text"; // with its prompt, as causal models do
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
    const { result } = this.record;
    return result && "text" in result ? result : null;
  }

  get depth() {
    const { result } = this.record;
    return result && "units" in result ? result : null;
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
    if (Array.isArray(this.record.result)) return this.made.length > 0;
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
      const texts = [error?.message, this.transcript?.text, ...this.made];
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

/** @typedef {Extract<NonNullable<AnyRecord["result"]>, readonly unknown[]>[number] | Exclude<NonNullable<AnyRecord["result"]>, readonly unknown[]>} One */

/** @param {One} result @returns {Answer | null} */
function answerOf(result) {
  if ("label" in result) return { ...result };
  if ("entity_group" in result) return { ...result, label: result.entity_group };
  if ("entity" in result) return { ...result, label: result.entity };
  if ("answer" in result) return { ...result, label: null, word: result.answer };
  return null;
}

/** @param {One} result @returns {Made | undefined} */
function madeKey(result) {
  const keys = /** @type {Made[]} */ (Object.keys(TEXTS));
  return keys.find((key) => key in result);
}

/** @param {One} result */
function madeText(result) {
  if ("summary_text" in result) return result.summary_text;
  if ("translation_text" in result) return result.translation_text;
  return "generated_text" in result ? result.generated_text : null;
}
