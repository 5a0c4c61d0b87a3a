// A view: its title, what it shows, and its drawing, which is made when it is opened.

import { h, present } from "../../output/report/elements.js";
import { plural } from "../../output/report/wording.js";
import { drawGrid, drawStrip } from "./grids.js";
import { drawLooks, drawMaps } from "./maps.js";
import { drawRows, drawTree } from "./tables.js";
import { drawWave } from "./waves.js";

/** @import { Children } from "../../../types/page" */
/** @import { Drawing, PackedView } from "../../../types/explain" */

/** @param {PackedView} view @param {Drawing} drawing @param {boolean} open */
export function viewOf(view, drawing, open) {
  const box = h("div", { class: "drawing" });
  const element = h("details", { class: `view of-${view.kind}` }, h("summary", {}, h("h4", {}, view.title)), h("p", { class: "about" }, view.about), box);
  const draw = () => {
    if (element.open && !box.firstChild) box.append(...present([...drawnBy(view, drawing), leftOut(view)]));
  };
  element.addEventListener("toggle", draw);
  element.open = open;
  if (open) draw();
  return element;
}

/** @param {PackedView} view @param {Drawing} drawing @returns {Children[]} */
function drawnBy(view, drawing) {
  if ("frames" in view && !view.frames.length) return [];
  switch (view.kind) {
    case "maps": return drawMaps(view, drawing);
    case "looks": return drawLooks(view, drawing);
    case "grid": return drawGrid(view, drawing);
    case "strip": return drawStrip(view, drawing);
    case "rows": return drawRows(view, drawing);
    case "tree": return view.nodes.length ? drawTree(view, drawing) : [];
    case "wave": return drawWave(view, drawing);
    default: return [];
  }
}

/** @param {PackedView} view */
function leftOut(view) {
  if (!("left_out" in view) || !view.left_out) return null;
  return h("p", { class: "hint" }, `${plural(view.left_out, "further drawing")} of this view left out, for the page is large enough.`);
}
