import assert from "node:assert/strict";
import test from "node:test";

import { depthColours } from "../../taskcli/output/report/pictures.js";
import { areSentences, courseOf, outlineOf, runningText } from "../../taskcli/output/report/sounds.js";
import { wordAfter, wordBefore } from "../../taskcli/output/report/texts.js";
import { notices } from "../../taskcli/output/report/top.js";
import { Entry } from "../../taskcli/output/report/entries.js";
import { newState } from "../../taskcli/output/report/state.js";

const chunk = (text, start = 0) => ({ text, timestamp: [start, start + 1] });

test("an excerpt ends between words where there are spaces", () => {
  const points = [..."one two three"];
  assert.equal(wordBefore(points, 6), 4);
  assert.equal(wordAfter(points, 5), 7);
  assert.deepEqual([wordBefore(points, -3), wordAfter(points, 99)], [0, points.length]);
  assert.equal(wordBefore([..."東京東京"], 2), 2);
});

test("running text keeps what stands between the words", () => {
  const chunks = [chunk(" one"), chunk("two"), chunk("missing")];
  assert.deepEqual(runningText("“one”, two.", chunks, [1, 2, 3]), ["“", 1, "”, ", 2, " ", 3, "."]);
  assert.deepEqual(runningText("one", [], []), []);
});

test("phrases are told from words", () => {
  assert.equal(areSentences([chunk("one two three"), chunk("and four five")]), true);
  assert.equal(areSentences([chunk("one"), chunk("two")]), false);
  assert.equal(areSentences([chunk("one two three")]), false);
});

test("neighbours of one label are one stretch", () => {
  const heard = (start, label, score) => ({ start, end: start + 10, labels: [{ label, score }, { label: "other", score: 0 }] });
  assert.deepEqual(courseOf([heard(0, "dog", 0.5), heard(10, "dog", 1), heard(20, "siren", 0.5), heard(30, "dog", 0.25)]), [
    { label: "dog", start: 0, end: 20, score: 0.75 },
    { label: "siren", start: 20, end: 30, score: 0.5 },
    { label: "dog", start: 30, end: 40, score: 0.25 },
  ]);
});

test("what was not heard is in no stretch", () => {
  const heard = (start, end) => ({ start, end, labels: [{ label: "dog", score: 1 }] });
  assert.deepEqual(courseOf([heard(0, 1), heard(5, 6), heard(6, 7)]), [
    { label: "dog", start: 0, end: 1, score: 1 },
    { label: "dog", start: 5, end: 7, score: 1 },
  ]);
});

test("channels that are heard by themselves have courses of their own", () => {
  const heard = (start, label, channel) => ({ start, end: start + 10, channel, labels: [{ label, score: 1 }] });
  const windows = [heard(0, "dog", "left"), heard(10, "dog", "left"), heard(0, "dog", "right"), heard(10, "siren", "right")];
  assert.deepEqual(courseOf(windows), [
    { label: "dog", start: 0, end: 20, channel: "left", score: 1 },
    { label: "dog", start: 0, end: 10, channel: "right", score: 1 },
    { label: "siren", start: 10, end: 20, channel: "right", score: 1 },
  ]);
});

test("a course ends where windows between were left out", () => {
  const heard = (start) => ({ start, end: start + 10, labels: [{ label: "dog", score: 1 }] });
  assert.deepEqual(courseOf([heard(0), heard(20)]), [
    { label: "dog", start: 0, end: 10, score: 1 },
    { label: "dog", start: 20, end: 30, score: 1 },
  ]);
});

test("silence still has an outline", () => {
  assert.equal(outlineOf([0, 100]), "M0.5 50V51M1.5 4V96");
});

test("what is near is light, in either unit", () => {
  const run = { heat: ["#000000", "#ffffff"] };
  assert.deepEqual(depthColours(run, { units: "m" }), ["#ffffff", "#000000"]);
  assert.deepEqual(depthColours(run, { units: "relative" }), run.heat);
});

test("the page says how a run ended and that words could follow the sound", () => {
  const heard = (result) => [new Entry({ input: "a", task: "asr", model: "m", revision: null, result }, 0, { media: "audio", shape: { view: "transcript" } }, () => ({}))];
  assert.deepEqual(notices(newState({}, heard({ text: "one", chunks: [chunk("one")] }))), []);
  assert.match(notices(newState({}, heard({ text: "one" })))[0], /timestamps word/);
  assert.deepEqual(notices(newState({}, heard({ text: "" }))), []);
  const ended = notices(newState({ stopped: "it was interrupted", resumed: true }, []));
  assert.match(ended[0], /^The run ended early: it was interrupted\./);
  assert.match(ended[1], /earlier one/);
});
