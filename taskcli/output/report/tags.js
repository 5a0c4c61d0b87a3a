// Where names stand on a picture: on no other name, inside it, and hiding as little as they can.
// label_layout.py does the same for saved pictures; here a name without a place is left out, since the
// rows under the picture have it.

/** @import { Sides, Subject } from "../../../types/page" */

const MOST_HIDDEN = 0.25;
const ALIKE = 0.05;

/** @typedef {[number, number]} Pair across and down */

/**
 * A place for each name, or null; the one that is `lit` has one for certain.
 * @param {Pair} picture its size; all is in pixels on screen
 * @param {readonly Subject[]} subjects
 * @param {readonly Pair[]} sizes of their names
 * @param {number} lit its number, or -1
 * @returns {(Sides | null)[]}
 */
export function placeTags(picture, subjects, sizes, lit) {
  /** @type {Sides[]} */
  const taken = [];
  return subjects.map((subject, at) => {
    const size = sizes[at];
    const free = corners(subject, size, picture)
      .map(([x, y]) => /** @type {Sides} */ ([x, y, x + size[0], y + size[1]]))
      .filter((place) => !taken.some((other) => shared(place, other)));
    const hidden = free.map((place) => Math.max(...subjects.map((one) => hiddenShare(place, one, one === subject))));
    const best = Math.min(...hidden.map((share) => Math.floor(share / ALIKE)));
    const most = at === lit ? Infinity : MOST_HIDDEN;
    const place = free.find((_, number) => hidden[number] <= most && Math.floor(hidden[number] / ALIKE) === best);
    if (!place) return null;
    taken.push(place);
    return place;
  });
}

/**
 * In the middle of a region; around a box; then inside it.
 * @param {Subject} subject
 * @param {Pair} size
 * @param {Pair} picture
 * @returns {Pair[]}
 */
function corners({ frame, middle }, [wide, high], [width, height]) {
  if (wide > width || high > height) return [];
  const [left, top, right, bottom] = frame;
  const columns = [left, right - wide, (left + right - wide) / 2];
  const found = [top - high, bottom, top, bottom - high].flatMap((y) => columns.map((x) => [x, y]));
  for (const x of [left - wide, right]) found.push([x, top], [x, bottom - high]);
  if (middle) found.unshift([middle[0] - wide / 2, middle[1] - high / 2]);
  const within = (/** @type {number} */ value, /** @type {number} */ most) => Math.max(0, Math.min(value, most));
  return found.map(([x, y]) => [within(x, width - wide), within(y, height - high)]);
}

/**
 * On a region its own name belongs, so what it hides of that counts only when it is much.
 * @param {Sides} place
 * @param {Subject} subject
 * @param {boolean} own
 */
function hiddenShare(place, { frame, area, middle }, own) {
  const share = shared(place, frame) / Math.max(area, 1);
  return own && middle && share <= MOST_HIDDEN ? 0 : share;
}

/** The area of what two places share. @param {Sides} one @param {Sides} other */
function shared(one, other) {
  const wide = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const high = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  return wide > 0 && high > 0 ? wide * high : 0;
}
