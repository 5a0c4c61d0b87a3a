// How numbers, times and names read.

/**
 * A name without what could reorder or hide it.
 * @param {string} name
 * @param {string} unsafe a pattern of characters, from the page's data
 */
export const clean = (name, unsafe) => name.replace(new RegExp(unsafe, "gu"), "\ufffd");

/** @param {number} score */
export const percent = (score) =>
  score >= 0 && score <= 1 ? `${(100 * score).toFixed(1)}%` : String(Number(score.toPrecision(4)));

/** @param {number} count @param {string} word */
export const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** @param {string} text */
export const words = (text) => plural(text.split(/\s+/).filter(Boolean).length, "word");

/** @param {number} seconds */
export function duration(seconds) {
  const tenths = seconds.toFixed(1);
  if (Number(tenths) < 60) return `${tenths} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const rest = `${String(whole % 60).padStart(2, "0")}`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** Where a recording is. @param {number} at @param {number} whole both in seconds */
export const progress = (at, whole) =>
  whole < 60 ? `${at.toFixed(1)} / ${whole.toFixed(1)} s` : `${clock(at)} / ${clock(whole)}`;

/** How fast it was, of a run that answered any. @param {number} count of inputs @param {number} seconds */
export function rate(count, seconds) {
  if (!count) return "";
  const perSecond = count / Math.max(seconds, 1e-6);
  return perSecond >= 1 ? `${perSecond.toFixed(1)} a second` : `${(1 / perSecond).toFixed(1)} s each`;
}

/** @param {number} value @param {"m" | "relative"} units */
export const depthText = (value, units) => `${Number(value.toPrecision(3))}${units === "m" ? " m" : ""}`;
