// Elements are made with text, never with markup: what a file, a label or a model says stays text.

const SVG = "http://www.w3.org/2000/svg";

const h = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);

const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const byId = (id) => document.getElementById(id);

// Changes of direction reorder what is shown, so that a name can look like another one.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const clean = (name) => String(name).replace(CONTROLS, "\ufffd");

const percent = (score) =>
  score >= 0 && score <= 1 ? `${(100 * score).toFixed(1)}%` : String(Number(score.toPrecision(4)));

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const rest = `${String(whole % 60).padStart(2, "0")}`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

// A name with its folders in grey, since the last part tells names apart.
function nameOf(input) {
  const cut = input.lastIndexOf("/") + 1;
  const folder = cut ? h("span", { class: "folder" }, clean(input.slice(0, cut))) : null;
  return [folder, h("bdi", {}, clean(input.slice(cut)))];
}

function numbered(items, most, make) {
  const rows = items.map(make);
  if (rows.length <= most + 1) return rows;
  const rest = h("details", { class: "rest" }, h("summary", {}, `${rows.length - most} more`));
  rest.append(...rows.slice(most));
  return [...rows.slice(0, most), rest];
}
