import assert from "node:assert/strict";
import test from "node:test";

import { clean, clock, depthText, duration, percent, plural, progress, rate, words } from "../../taskcli/output/report/wording.js";

test("durations round before they are split into units", () => {
  assert.equal(duration(0.04), "0.0 s");
  assert.equal(duration(59.94), "59.9 s");
  assert.equal(duration(59.97), "1 min 0 s");
  assert.equal(duration(119.7), "2 min 0 s");
  assert.equal(duration(3599.6), "1 h 0 min");
  assert.equal(duration(2 * 3600 + 5 * 60 + 7), "2 h 5 min");
});

test("clocks have hours only where there are any", () => {
  assert.equal(clock(7.9), "0:07");
  assert.equal(clock(754), "12:34");
  assert.equal(clock(3600 + 62), "1:01:02");
  assert.equal(progress(1, 59.5), "1.0 / 59.5 s");
  assert.equal(progress(61, 3700), "1:01 / 1:01:40");
});

test("scores that are shares are percents, and others keep four digits", () => {
  assert.equal(percent(0), "0.0%");
  assert.equal(percent(0.9876), "98.8%");
  assert.equal(percent(1), "100.0%");
  assert.equal(percent(-3.14159), "-3.142");
  assert.equal(percent(12345.6), "12350");
});

test("numbers of things", () => {
  assert.equal(plural(1, "input"), "1 input");
  assert.equal(plural(1234, "input"), "1,234 inputs");
  assert.equal(words("  one\ntwo  three "), "3 words");
  assert.equal(words(""), "0 words");
  assert.equal(rate(10, 4), "2.5 a second");
  assert.equal(rate(1, 4), "4.0 s each");
  assert.equal(rate(0, 4), "");
  assert.equal(depthText(1.2345, "m"), "1.23 m");
  assert.equal(depthText(1234.5, "relative"), "1230");
});

test("names lose what the pattern names, and nothing else", () => {
  const unsafe = String.raw`[\x00-\x1f\u202e\ud800-\udfff]`;
  assert.equal(clean("a\u202eb\x1bc\n", unsafe), "a\ufffdb\ufffdc\ufffd");
  assert.equal(clean("👩‍🚀 東京", unsafe), "👩‍🚀 東京");
  assert.equal(clean("half \ud83d", unsafe), "half \ufffd");
});
