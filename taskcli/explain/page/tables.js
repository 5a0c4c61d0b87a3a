// Tables, and trees of what was tried step by step.

import { h, svg } from "../../output/report/elements.js";
import { clean } from "../../output/report/wording.js";
import { visible } from "./grids.js";
import { amount } from "./numbers.js";

/** @import { Drawing, RowsView, TreeNode, TreeView } from "../../../types/explain" */

const AT_ONCE = 60; // rows
const NODE = /** @type {const} */ ({ wide: 118, high: 24, gap: 26, between: 6 }); // pixels
const LETTERS = 13; // of a node

/** @param {RowsView} view @param {Drawing} drawing */
export function drawRows(view, { run }) {
  const heads = view.heads.map((head) => h("th", { scope: "col" }, clean(head, run.unsafe)));
  const numeric = view.heads.map((_, at) => view.rows.every((row) => typeof row[at] !== "string"));
  const body = h("tbody");
  const cell = (/** @type {string | number | null} */ value, /** @type {number} */ at) => {
    if (typeof value === "string") return h("td", { dir: "auto" }, value ? visible(clean(value, run.unsafe)) : "");
    const filled = h("i");
    if (view.shares[at]) filled.style.width = `${100 * Math.min(1, Math.max(0, value ?? 0))}%`;
    return h("td", { class: numeric[at] ? "numeric" : null }, amount(value), view.shares[at] ? h("span", { class: "share-bar", "aria-hidden": "true" }, filled) : null);
  };
  const add = (/** @type {number} */ count) => {
    const from = body.children.length;
    body.append(...view.rows.slice(from, from + count).map((row) => h("tr", {}, row.map(cell))));
    more.hidden = body.children.length >= view.rows.length;
    more.textContent = `${view.rows.length - body.children.length} more rows`;
  };
  const more = h("button", { type: "button", class: "quiet", onclick: () => add(Infinity) });
  add(AT_ONCE);
  const table = h("table", {}, h("thead", {}, h("tr", {}, heads)), body);
  heads.forEach((head, at) => head.classList.toggle("numeric", numeric[at]));
  return [h("div", { class: "scrolls tall", tabindex: 0, role: "region", "aria-label": view.title }, table), more];
}

/** @typedef {TreeNode & { at: number, depth: number, slot: number, trail: string }} Placed */

/** Where each node stands: its step, and its place among those of the step. @param {readonly TreeNode[]} nodes */
export function placed(nodes) {
  /** @type {Placed[]} */
  const found = [];
  nodes.forEach((node, at) => {
    const parent = node.parent === null || node.parent === undefined ? null : found[node.parent];
    found.push({ ...node, at, depth: parent ? parent.depth + 1 : 0, slot: 0, trail: (parent ? parent.trail : "") + node.text });
  });
  const last = Math.max(...found.map((node) => node.depth));
  for (let depth = 0; depth <= last; depth += 1) {
    const step = found.filter((node) => node.depth === depth);
    const order = (/** @type {Placed} */ node) => (node.parent === null || node.parent === undefined ? 0 : found[node.parent].slot);
    step.sort((a, b) => Number(b.is_kept) - Number(a.is_kept) || order(a) - order(b) || (b.score ?? 0) - (a.score ?? 0));
    step.forEach((node, slot) => (node.slot = slot));
  }
  return found;
}

/** @param {TreeView} view @param {Drawing} drawing */
export function drawTree(view, { run }) {
  const nodes = placed(view.nodes);
  const reading = h("output", { class: "told" });
  const [wide, high] = [NODE.wide + NODE.gap, NODE.high + NODE.between];
  const left = (/** @type {Placed} */ node) => node.depth * wide;
  const top = (/** @type {Placed} */ node) => node.slot * high + 18;
  const width = (Math.max(...nodes.map((node) => node.depth)) + 1) * wide;
  const height = (Math.max(...nodes.map((node) => node.slot)) + 1) * high + 22;
  const shade = (/** @type {Placed} */ node) => (node.is_answer ? "answer-way" : node.is_kept ? "kept" : "dropped");
  const edges = nodes.filter((node) => node.parent !== null && node.parent !== undefined).map((node) => {
    const parent = nodes[/** @type {number} */ (node.parent)];
    const [x, y, end, down] = [left(parent) + NODE.wide, top(parent) + NODE.high / 2, left(node), top(node) + NODE.high / 2];
    return svg("path", { d: `M${x} ${y}C${x + 14} ${y} ${end - 14} ${down} ${end} ${down}`, class: `edge ${shade(node)}` });
  });
  const tell = (/** @type {Placed} */ node) => {
    const state = node.is_answer ? "on the way to the answer" : node.is_kept ? "kept" : "dropped here";
    reading.textContent = `step ${node.depth}: “${visible(clean(node.text, run.unsafe))}”, ${amount(node.score)}, ${state}; so far “${clean(node.trail, run.unsafe)}”`;
  };
  const boxes = nodes.map((node) => {
    const text = visible(clean(node.text, run.unsafe));
    const points = Array.from(text);
    const short = points.length > LETTERS ? `${points.slice(0, LETTERS - 1).join("")}…` : text;
    const listen = { onpointerenter: () => tell(node), onfocus: () => tell(node), onclick: () => tell(node) };
    return svg("g", { class: `node ${shade(node)}`, tabindex: node.at ? -1 : 0, role: "img", "aria-label": `${text}, ${amount(node.score)}`, transform: `translate(${left(node)} ${top(node)})`, ...listen },
      svg("rect", { width: NODE.wide, height: NODE.high, rx: 6 }), svg("text", { x: 8, y: 16 }, short),
      svg("text", { x: NODE.wide - 7, y: 16, class: "score" }, amount(node.score)));
  });
  const steps = [...new Set(nodes.map((node) => node.depth))].map((depth) => svg("text", { x: depth * wide, y: 10, class: "step" }, depth ? `step ${depth}` : "start"));
  const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "tree", role: "group", "aria-label": view.title }, edges, boxes, steps);
  drawing.addEventListener("keydown", (event) => walk(event, nodes, boxes));
  const legend = h("p", { class: "legend" }, [["answer-way", "the answer"], ["kept", "kept"], ["dropped", "dropped"]].map(([kind, name]) => h("span", { class: kind }, name)));
  return [h("div", { class: "scrolls tall" }, drawing), h("div", { class: "under" }, legend, reading)];
}

/** Up and down in a step, left to what a node follows, right to what follows it. @param {KeyboardEvent} event @param {readonly Placed[]} nodes @param {readonly SVGGElement[]} boxes */
function walk(event, nodes, boxes) {
  const at = boxes.indexOf(/** @type {SVGGElement} */ (document.activeElement));
  if (at < 0) return;
  const here = nodes[at];
  const beside = (/** @type {number} */ by) => nodes.find((node) => node.depth === here.depth && node.slot === here.slot + by);
  /** @type {Record<string, () => Placed | undefined>} */
  const ways = {
    ArrowUp: () => beside(-1),
    ArrowDown: () => beside(1),
    ArrowLeft: () => nodes[here.parent ?? -1],
    ArrowRight: () => nodes.filter((node) => node.parent === at).sort((a, b) => a.slot - b.slot)[0],
  };
  const next = ways[event.key]?.();
  if (!(event.key in ways)) return;
  event.preventDefault();
  if (!next) return;
  boxes[at].setAttribute("tabindex", "-1");
  boxes[next.at].setAttribute("tabindex", "0");
  boxes[next.at].focus();
}
