// One colour per label: the same label has the same colour in every report, unless two of one
// report would share it. Okabe and Ito's colours, then others that colour-blind readers tell apart.

const PALETTE = [
  "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#3a86d6", "#e0641e", "#cc79a7",
  "#8f7ae5", "#7fc97f", "#b5651d", "#4fd0c5", "#ff8fa3",
];

const taken = new Map();

function colourOf(label) {
  if (!taken.has(label)) taken.set(label, freeColour(label));
  return taken.get(label);
}

function freeColour(label) {
  let slot = 0;
  for (const char of label) slot = (slot * 31 + char.codePointAt(0)) >>> 0;
  const used = new Set(taken.values());
  for (let step = 0; step < PALETTE.length; step += 1) {
    const colour = PALETTE[(slot + step) % PALETTE.length];
    if (!used.has(colour)) return colour;
  }
  return PALETTE[slot % PALETTE.length];
}

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

// Black or white, whichever is read better on the colour.
function inkOn(colour) {
  const [red, green, blue] = channels(colour);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#000" : "#fff";
}

function swatch(label) {
  const square = h("span", { class: "swatch" });
  square.style.setProperty("--colour", colourOf(label));
  return square;
}

// Depths from near, bright, to far, dark: matplotlib's inferno, which is even and safe.
const INFERNO = [
  "#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06",
  "#f7d13d", "#fcffa4",
].map(channels);

function depthColour(nearness) {
  const place = nearness * (INFERNO.length - 1);
  const at = Math.min(Math.floor(place), INFERNO.length - 2);
  return INFERNO[at].map((low, i) => low + (place - at) * (INFERNO[at + 1][i] - low));
}
