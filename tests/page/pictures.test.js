import assert from "node:assert/strict";
import test from "node:test";

import { middleOf, paintMask, runs } from "../../taskcli/output/report/masks.js";
import { placeTags } from "../../taskcli/output/report/tags.js";

// As pycocotools encodes them: 4 rows and 5 columns, of which rows 1 and 2 of columns 1 to 3 are set.
const MASK = { size: [4, 5], counts: "5220003" };

const apart = (one, other) =>
  one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1];

const subject = (...frame) => ({ frame, area: (frame[2] - frame[0]) * (frame[3] - frame[1]), middle: null });

test("run lengths are read with their differences", () => {
  assert.deepEqual(runs(MASK.counts), [5, 2, 2, 2, 2, 2, 5]);
  assert.deepEqual(runs(""), []);
});

test("a mask fills its own pixels, also larger", () => {
  const painted = (width, height) => {
    const pixels = new Uint32Array(width * height);
    paintMask(pixels, { width, height }, MASK, 1);
    return Array.from({ length: height }, (_, row) => [...pixels.slice(row * width, (row + 1) * width)].join(""));
  };
  assert.deepEqual(painted(5, 4), ["00000", "01110", "01110", "00000"]);
  assert.deepEqual(painted(10, 4), ["0000000000", "0011111100", "0011111100", "0000000000"]);
});

test("the middle of a mask lies on it", () => {
  assert.deepEqual(middleOf(MASK), [2.5, 2]);
  assert.equal(middleOf({ size: [4, 5], counts: "d0" }), null);
});

test("names stand inside the picture and on no other name", () => {
  const subjects = [subject(10, 30, 60, 80), subject(12, 32, 62, 82), subject(150, 5, 199, 40)];
  const places = placeTags([200, 100], subjects, [[40, 18], [40, 18], [40, 18]], -1);
  assert.deepEqual(places[0], [10, 12, 50, 30]); // on top of its box, at its left
  places.forEach((place, at) => {
    assert.ok(place && place[0] >= 0 && place[1] >= 0 && place[2] <= 200 && place[3] <= 100);
    places.slice(0, at).forEach((other) => assert.ok(apart(place, other)));
  });
});

test("a name that would hide too much has no place, unless it is pointed at", () => {
  const subjects = [subject(0, 0, 42, 20)];
  assert.deepEqual(placeTags([42, 20], subjects, [[40, 18]], -1), [null]);
  assert.deepEqual(placeTags([42, 20], subjects, [[40, 18]], 0), [[0, 0, 40, 18]]);
  assert.deepEqual(placeTags([30, 20], subjects, [[40, 18]], 0), [null]); // larger than the picture
});

test("the name of a region stands in its middle", () => {
  const region = { frame: [0, 0, 200, 100], area: 20000, middle: [100, 50] };
  assert.deepEqual(placeTags([200, 100], [region], [[40, 18]], -1), [[80, 41, 120, 59]]);
});
