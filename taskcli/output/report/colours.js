// The colours of labels are those of pictures and of the terminal, and come with the data.

const colourOf = (label) => run.colours[label] ?? "#888888";

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

// Black or white, whichever is read better on the colour (WCAG contrast).
function inkOn(colour) {
  const [red, green, blue] = channels(colour).map((part) => (part / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
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
