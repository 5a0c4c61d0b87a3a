// Which inputs are shown, in which order, and how many there are of each kind.

/** @import { Entry, Order, Status, View } from "../../../types/page" */

/** @type {Record<Status, { name: string, holds: (entry: Entry, view: View) => boolean }>} */
export const STATUSES = {
  all: { name: "All", holds: () => true },
  found: { name: "Found", holds: (entry, view) => entry.found(view) },
  nothing: { name: "Nothing found", holds: (entry, view) => !entry.failed && !entry.found(view) },
  failed: { name: "Failed", holds: (entry) => entry.failed },
  warned: { name: "Warnings", holds: (entry) => Boolean(entry.record.warnings) },
};
const BY_STATUS = /** @type {Status[]} */ (Object.keys(STATUSES));

/** The view that a page opens with; `threshold` lets everything pass. @returns {View} */
export const everything = () => ({
  query: "",
  status: "all",
  labels: new Set(),
  sort: "input",
  threshold: -Infinity,
  depth: 100,
  layers: { boxes: true, masks: true, names: true },
});

/**
 * The kinds of inputs that are worth a button, with how many there are.
 * @param {readonly Entry[]} entries
 * @param {View} view
 */
export function statusCounts(entries, view) {
  const counts = BY_STATUS.map((status) => ({
    status,
    count: entries.filter((entry) => STATUSES[status].holds(entry, view)).length,
  }));
  return counts.filter(({ status, count }) =>
    status === "all" || status === view.status || (count > 0 && count < entries.length));
}

/**
 * The commonest labels with the inputs that have them and the times that they stand there.
 * @param {readonly Entry[]} entries
 * @param {View} view
 * @param {number} most
 */
export function labelCounts(entries, view, most) {
  /** @type {Map<string, { label: string, inputs: number, times: number }>} */
  const counts = new Map();
  const counted = (/** @type {string} */ label) => {
    const known = counts.get(label) ?? { label, inputs: 0, times: 0 };
    counts.set(label, known);
    return known;
  };
  for (const entry of entries) {
    const labels = entry.told(view).map((answer) => answer.label).filter((label) => label !== null);
    for (const label of new Set(labels)) counted(label).inputs += 1;
    for (const label of labels) counted(label).times += 1;
  }
  for (const label of view.labels) counted(label);
  return [...counts.values()].sort((a, b) => b.inputs - a.inputs || a.label.localeCompare(b.label)).slice(0, most);
}

/**
 * The entries that pass, as the view sorts them.
 * @param {readonly Entry[]} entries
 * @param {View} view
 */
export const ordered = (entries, view) =>
  entries.filter((entry) => isShown(entry, view)).sort((a, b) => ORDERS[view.sort](a, b, view));

/** @param {Entry} entry @param {View} view */
function isShown(entry, view) {
  if (!STATUSES[view.status].holds(entry, view)) return false;
  if (view.labels.size && !entry.told(view).some(({ label }) => label !== null && view.labels.has(label))) return false;
  return view.query.toLowerCase().split(/\s+/).every((word) => !word || entry.haystack.includes(word));
}

/** @typedef {(a: Entry, b: Entry, view: View) => number} Compare */

const compareNames = new Intl.Collator(undefined, { numeric: true }).compare;

/** @type {Compare} */
function bestFirst(a, b, view) {
  const [first, second] = [a.score(view), b.score(view)];
  return first === second ? a.index - b.index : second - first;
}

/** What has no score comes last in both directions. @type {Compare} */
function worstFirst(a, b, view) {
  const [first, second] = [a.score(view), b.score(view)];
  if (first === second) return a.index - b.index;
  if (first === -Infinity || second === -Infinity) return first === -Infinity ? 1 : -1;
  return first - second;
}

/** @type {Record<Order, Compare>} */
const ORDERS = {
  input: (a, b) => a.index - b.index,
  name: (a, b) => compareNames(a.name, b.name) || a.index - b.index,
  high: bestFirst,
  low: worstFirst,
};
