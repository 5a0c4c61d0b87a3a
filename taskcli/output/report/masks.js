// Masks as COCO's compressed run-length code, whose runs go down the columns.

/** @import { RunLengthMask } from "../../../types/page" */

/**
 * Run lengths, first of what is left out: five bits a character, and differences after the third.
 * @param {string} counts
 */
export function runs(counts) {
  /** @type {number[]} */
  const lengths = [];
  for (let at = 0; at < counts.length; ) {
    let value = 0;
    let shift = 0;
    let bits;
    do {
      bits = counts.charCodeAt(at) - 48;
      value |= (bits & 31) << shift;
      shift += 5;
      at += 1;
    } while (bits & 32);
    if (bits & 16) value |= -1 << shift;
    lengths.push(lengths.length > 2 ? value + lengths[lengths.length - 2] : value);
  }
  return lengths;
}

/**
 * Fills what the mask covers, sampled at the size of what it is painted on.
 * @param {Uint32Array} pixels row by row
 * @param {{ width: number, height: number }} size of what they are
 * @param {RunLengthMask} mask
 * @param {number} colour
 */
export function paintMask(pixels, size, mask, colour) {
  const [height, width] = mask.size;
  const across = size.width / width;
  const down = size.height / height;
  const sample = (/** @type {number} */ place, /** @type {number} */ scale) => Math.ceil(place * scale - 0.5);
  let start = 0;
  runs(mask.counts).forEach((run, number) => {
    const end = start + run;
    if (number % 2 && run) {
      const first = Math.floor(start / height);
      const last = Math.floor((end - 1) / height);
      const stop = Math.min(sample(last + 1, across), size.width);
      for (let column = sample(first, across); column < stop; column += 1) {
        const x = Math.floor((column + 0.5) / across);
        const top = x === first ? start - first * height : 0;
        const bottom = x === last ? end - last * height : height;
        const until = sample(bottom, down);
        for (let row = sample(top, down); row < until; row += 1) {
          pixels[row * size.width + column] = colour;
        }
      }
    }
    start = end;
  });
}

/**
 * The middle of the longest run in the column that halves a mask's pixels; null where it has none.
 * @param {RunLengthMask} mask
 * @returns {[number, number] | null}
 */
export function middleOf(mask) {
  const height = mask.size[0];
  /** @type {{ column: number, top: number, count: number }[]} */
  const filled = [];
  let start = 0;
  runs(mask.counts).forEach((run, number) => {
    for (let at = start; number % 2 && at < start + run; ) {
      const column = Math.floor(at / height);
      const end = Math.min(start + run, (column + 1) * height);
      filled.push({ column, top: at - column * height, count: end - at });
      at = end;
    }
    start += run;
  });
  const half = filled.reduce((sum, { count }) => sum + count, 0) / 2;
  let passed = 0;
  const halving = filled.find(({ count }) => (passed += count) >= half)?.column;
  const [longest] = filled.filter(({ column }) => column === halving).sort((a, b) => b.count - a.count);
  return longest ? [longest.column + 0.5, longest.top + longest.count / 2] : null;
}
