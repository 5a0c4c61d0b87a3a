import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { Entry, fieldsOf, keeps, passes, scoresOf } from "../../taskcli/output/report/entries.js";
import { everything, labelCounts, ordered, statusCounts } from "../../taskcli/output/report/filters.js";
import { overviews, spread } from "../../taskcli/output/report/overview.js";
import { isRanked, newState } from "../../taskcli/output/report/state.js";

const SHAPES = JSON.parse(readFileSync(new URL("shapes.json", import.meta.url), "utf-8")); // as PRESENTATIONS has them
const KINDS = {
  box: "Detection", mask: "Segment", label: "Label", entity_group: "Entity", entity: "TokenEntity", question: "Answer",
  summary_text: "Summary", translation_text: "Translation", generated_text: "GeneratedText", units: "DepthMap", text: "Transcript",
};

function shapeOf(result) {
  const [first = {}] = [result ?? []].flat();
  const key = Object.keys(KINDS).find((name) => name in Object(first));
  return SHAPES[KINDS[key] ?? "fields"];
}

const BOX = { xmin: 0, ymin: 0, xmax: 9, ymax: 9 };
const box = (label, score) => ({ label, score, box: BOX });

function entriesOf(media, ...rows) {
  return rows.map(([input, told, preview = {}], index) =>
    new Entry({ input, task: "any", model: "some/model", revision: null, ...told }, index, { media, shape: shapeOf(told.result) }, () => preview));
}

const shots = () => entriesOf(
  "image",
  ["a/2.png", { result: [box("ball", 0.95), box("ball", 0.9), box("cube", 0.6)] }],
  ["b/1.png", { result: [box("ball", 0.7)], warnings: ["cropped"] }],
  ["a/10.png", { result: [box("cone", 0.55)] }],
  ["empty.png", { result: [] }],
  ["bad.png", { error: { type: "InputError", message: "the image is Damaged" } }],
);

const shown = (entries, view) => ordered(entries, { ...everything(), ...view }).map((entry) => entry.name);

test("a status keeps the inputs of its kind", () => {
  assert.deepEqual(shown(shots(), {}), ["a/2.png", "b/1.png", "a/10.png", "empty.png", "bad.png"]);
  assert.deepEqual(shown(shots(), { status: "found" }), ["a/2.png", "b/1.png", "a/10.png"]);
  assert.deepEqual(shown(shots(), { status: "nothing" }), ["empty.png"]);
  assert.deepEqual(shown(shots(), { status: "failed" }), ["bad.png"]);
  assert.deepEqual(shown(shots(), { status: "warned" }), ["b/1.png"]);
});

test("a threshold makes inputs to such with nothing found", () => {
  assert.deepEqual(shown(shots(), { status: "found", threshold: 0.65 }), ["a/2.png", "b/1.png"]);
  assert.deepEqual(shown(shots(), { status: "nothing", threshold: 0.65 }), ["a/10.png", "empty.png"]);
});

test("labels are met by any of them, and by what passes the threshold", () => {
  assert.deepEqual(shown(shots(), { labels: new Set(["cube"]) }), ["a/2.png"]);
  assert.deepEqual(shown(shots(), { labels: new Set(["cube", "cone"]) }), ["a/2.png", "a/10.png"]);
  assert.deepEqual(shown(shots(), { labels: new Set(["cube"]), threshold: 0.65 }), []);
});

test("a search finds every word in names, labels and reasons, in any case", () => {
  assert.deepEqual(shown(shots(), { query: "BALL 1.PNG" }), ["b/1.png"]);
  assert.deepEqual(shown(shots(), { query: " damaged " }), ["bad.png"]);
  assert.deepEqual(shown(shots(), { query: "cropped" }), ["b/1.png"]);
  assert.deepEqual(shown(shots(), { query: "ball cone" }), []);
});

test("a search looks in the source of texts only", () => {
  const told = { result: { summary_text: "Short." } };
  const row = ["a.txt", told, { text: "A LONG story", start: 0, length: 12 }];
  assert.deepEqual(shown(entriesOf("text", row), { query: "long short" }), ["a.txt"]);
  assert.deepEqual(shown(entriesOf("audio", row), { query: "long" }), []);
});

test("sorting knows numbers in names, and what has no score comes last", () => {
  assert.deepEqual(shown(shots(), { sort: "name" }), ["a/2.png", "a/10.png", "b/1.png", "bad.png", "empty.png"]);
  assert.deepEqual(shown(shots(), { sort: "high" }), ["a/2.png", "b/1.png", "a/10.png", "empty.png", "bad.png"]);
  assert.deepEqual(shown(shots(), { sort: "low" }), ["a/10.png", "b/1.png", "a/2.png", "empty.png", "bad.png"]);
});

test("buttons count inputs, and only kinds that divide them have one", () => {
  const counts = (entries, view = {}) => statusCounts(entries, { ...everything(), ...view }).map(({ status, count }) => [status, count]);
  assert.deepEqual(counts(shots()), [["all", 5], ["found", 3], ["nothing", 1], ["failed", 1], ["warned", 1]]);
  assert.deepEqual(counts(shots().slice(2, 3)), [["all", 1]]);
  assert.deepEqual(counts(shots().slice(2, 3), { status: "failed" }), [["all", 1], ["failed", 0]]);
});

test("chips count inputs and times, most first, and a chosen one stays", () => {
  const counts = (view) => labelCounts(shots(), { ...everything(), ...view }, 60).map(({ label, inputs, times }) => [label, inputs, times]);
  assert.deepEqual(counts({}), [["ball", 2, 3], ["cone", 1, 1], ["cube", 1, 1]]);
  assert.deepEqual(counts({ threshold: 0.65, labels: new Set(["cone"]) }), [["ball", 2, 3], ["cone", 0, 0]]);
  assert.equal(labelCounts(shots(), everything(), 2).length, 2);
});

test("of a ranking only the best label counts", () => {
  const entries = entriesOf("text", ["a", { result: [{ label: "good", score: 0.9 }, { label: "bad", score: 0.1 }] }]);
  assert.deepEqual(labelCounts(entries, everything(), 60).map(({ label }) => label), ["good"]);
  assert.equal(isRanked(newState({}, entries)), true);
  assert.equal(isRanked(newState({}, shots())), false);
});

test("every kind of result has one shape", () => {
  const [entity, token, answer, none, segment] = entriesOf(
    "text",
    ["a", { result: [{ entity_group: "PER", score: 0.9, word: "Ada", start: 0, end: 3 }] }],
    ["b", { result: [{ entity: "B-PER", score: 0.9, index: 1, word: "Ada", start: 0, end: 3 }] }],
    ["c", { result: { question: "Who?", answer: "Ada", score: 0.9, start: 0, end: 3 } }],
    ["d", { result: [{ question: "Who?", answer: "", score: 0.9, start: 0, end: 0 }] }],
    ["e", { result: [{ label: "sky", score: null, mask: { size: [1, 1], counts: "" }, area: 1, box: BOX }] }],
  );
  assert.equal(entity.answers[0].label, "PER");
  assert.equal(token.answers[0].label, "B-PER");
  assert.deepEqual([answer.answers[0].word, answer.answers[0].label], ["Ada", null]);
  assert.deepEqual([answer.found(everything()), none.found(everything())], [true, false]);
  assert.equal(passes(segment.answers[0], { ...everything(), threshold: 0.99 }), true);
  assert.equal(keeps(segment.answers[0], { ...everything(), labels: new Set(["sea"]) }), false);
});

test("texts that were made are found, and silence is not", () => {
  const [made, many, silent, heard, depth] = entriesOf(
    "text",
    ["a", { result: { translation_text: "Hallo" } }],
    ["b", { result: [{ generated_text: "x" }, { generated_text: "y" }] }],
    ["c", { result: { text: "  " } }],
    ["d", { result: { text: "one" } }],
    ["e", { result: { min: 0, max: 1, mean: 0.5, width: 1, height: 1, units: "m" } }],
  );
  assert.deepEqual([made.made, made.shape.heading, made.shape.continues], [["Hallo"], "Translation", false]);
  assert.deepEqual([many.made, many.shape.continues], [["x", "y"], true]);
  assert.deepEqual([made, many, silent, heard, depth].map((entry) => entry.found(everything())), [true, true, false, true, true]);
});

test("scores are shares only where all lie between 0 and 1", () => {
  assert.deepEqual(scoresOf(shots()), { any: true, lowest: 0.55, shares: true });
  assert.deepEqual(scoresOf(entriesOf("text", ["a", { result: [{ label: "x", score: -2 }] }])), { any: true, lowest: -2, shares: false });
  assert.deepEqual(scoresOf([]), { any: false, lowest: 1, shares: false });
});

test("what has no look of its own is its fields", () => {
  const plate = { number: "B-AD 1", country: null, place: { xmin: 1, size: [2, 3] } };
  const rows = [["number", "B-AD 1"], ["country", ""], ["place.xmin", "1"], ["place.size", "[2,3]"]];
  assert.deepEqual(fieldsOf(plate), rows);
  assert.deepEqual(["plain", 0.5, [1, 2]].map((value) => fieldsOf(value)), [[["value", "plain"]], [["value", "0.5"]], [["value", "[1,2]"]]]);
  const entries = entriesOf("image", ["a", { result: [plate, plate] }], ["b", { result: [] }], ["c", { result: 0 }]);
  assert.deepEqual(entries.map((entry) => entry.rows), [[rows, rows], [], [[["value", "0"]]]]);
  assert.deepEqual(shown(entries, { status: "found" }), ["a", "c"]);
  assert.deepEqual(shown(entries, { query: "b-ad" }), ["a"]);
});

test("an overview counts what was found, and of a ranking the best alone", () => {
  const [labels, scores, lengths] = overviews(newState({}, shots()));
  assert.deepEqual(labels.bars, [{ name: "ball", count: 3 }, { name: "cone", count: 1 }, { name: "cube", count: 1 }]);
  assert.deepEqual(scores.bars.map(({ count }) => count), [0, 0, 0, 0, 0, 1, 1, 1, 0, 2]);
  assert.deepEqual(lengths.bars, []);
  const ranking = (first, second) => ({ result: [{ label: "yes", score: first }, { label: "no", score: second }] });
  const sounds = entriesOf("audio", ["a", ranking(0.9, 0.1)], ["b", ranking(0.8, 0.2)]);
  const [best] = overviews(newState({}, sounds));
  assert.deepEqual(best, { title: "Best label", bars: [{ name: "yes", count: 2 }] });
});

test("lengths of texts are spread over a round scale", () => {
  const texts = ["x".repeat(7), "x".repeat(120), "x".repeat(130)];
  const entries = entriesOf("text", ...texts.map((text, index) => [`${index}`, { result: { summary_text: text } }]));
  const [, , { bars }] = overviews(newState({}, entries));
  assert.deepEqual(bars.filter(({ count }) => count), [{ name: "0 – 20", count: 1 }, { name: "120 – 140", count: 2 }]);
});

test("a value on an edge lies above it, and the last step has its end, too", () => {
  const counts = (values) => spread(values, 1, (edge) => edge.toFixed(1)).map(({ count }) => count);
  assert.deepEqual(counts([0.7, 1, 0]), [1, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
});
