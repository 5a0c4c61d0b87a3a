// A picture with what was found in it: boxes as SVG, names as text, masks and depth on a canvas.

const FIT = 4 / 3; // of the space for a picture in a card

class Frame {
  constructor(entry, preview, roomy) {
    this.entry = entry;
    this.size = [preview.width, preview.height];
    this.element = h("span", { class: "frame" });
    this.image = h("img", { src: preview.image, alt: "", decoding: "async", loading: "lazy" });
    this.boxes = svg("svg", { viewBox: `0 0 ${this.size.join(" ")}`, preserveAspectRatio: "none" });
    this.names = h("span", { class: "names" });
    this.element.append(this.image);
    this.masks = entry.answers.some((answer) => answer.mask) ? this.canvas("mask") : null;
    this.element.append(this.boxes, this.names);
    if (preview.depth) this.showDepth(preview.depth);
    this.fit(roomy);
    this.lit = null;
    this.tagged = [];
    this.middles = new Map();
    new ResizeObserver(() => this.placeNames()).observe(this.element);
  }

  fit(roomy) {
    const ratio = this.size[0] / this.size[1];
    this.element.style.aspectRatio = String(ratio);
    const inCard = ratio < FIT ? `${(100 * ratio) / FIT}%` : "100%";
    this.element.style.width = roomy ? `min(100%, ${90 * ratio}vh)` : inCard;
  }

  canvas(kind) {
    const scale = Math.min(1, 720 / Math.max(...this.size));
    const [width, height] = this.size.map((side) => Math.max(1, Math.round(scale * side)));
    const made = h("canvas", { class: kind, width, height });
    this.element.append(made);
    return made;
  }

  update(view) {
    const kept = this.entry.answers.filter((answer) => view.keeps(answer));
    this.boxes.replaceChildren();
    // The best last, on top of the others.
    for (const answer of kept.toReversed()) if (answer.box) this.drawBox(answer, view);
    this.showNames(view.layers.names ? kept.filter((answer) => answer.box) : []);
    if (this.masks) paintMasks(this.masks, view.layers.masks ? kept : [], this.lit);
    if (this.depth) this.depth.style.opacity = view.depth / 100;
  }

  light(answer, view) {
    this.lit = answer;
    this.update(view);
  }

  drawBox(answer, view) {
    const { xmin, ymin, xmax, ymax } = answer.box;
    const place = { x: xmin, y: ymin, width: xmax - xmin, height: ymax - ymin };
    const dim = this.lit && this.lit !== answer ? " dimmed" : "";
    const lit = this.lit === answer ? " lit" : "";
    if (view.layers.boxes) {
      this.boxes.append(
        svg("rect", { ...place, class: `halo${dim}` }),
        svg("rect", { ...place, class: `side${dim}${lit}`, stroke: colourOf(answer.label) }),
      );
    }
  }

  // The one in question first, then the best: the first ones are sure of a place.
  showNames(answers) {
    const first = (answer) => Number(answer === this.lit);
    this.tagged = answers.toSorted((a, b) => first(b) - first(a));
    this.names.replaceChildren(...this.tagged.map((answer) => this.tag(answer)));
    this.placeNames();
  }

  tag(answer) {
    const tag = h("span", { class: this.lit && this.lit !== answer ? "dimmed" : "" }, nameWithScore(answer));
    tag.style.background = colourOf(answer.label);
    tag.style.color = inkOn(colourOf(answer.label));
    return tag;
  }

  // Names keep their size when a picture is shown larger, so each size has its own places.
  placeNames() {
    const size = [this.element.clientWidth, this.element.clientHeight];
    if (!this.tagged.length || !size[0]) return;
    const [across, down] = size.map((side, at) => side / this.size[at]);
    const subjects = this.tagged.map(({ box, area, mask }) => {
      const frame = [box.xmin * across, box.ymin * down, box.xmax * across, box.ymax * down];
      const whole = area === undefined ? (frame[2] - frame[0]) * (frame[3] - frame[1]) : area * across * down;
      const middle = mask ? this.middle(mask) : null;
      return { frame, area: whole, middle: middle && [middle[0] * across, middle[1] * down] };
    });
    placeTags(size, subjects, this.tagged.map(nameWithScore), this.tagged.indexOf(this.lit)).forEach((place, at) => {
      const tag = this.names.children[at];
      tag.hidden = !place;
      if (!place) return;
      tag.style.left = `${(100 * place[0]) / size[0]}%`;
      tag.style.top = `${(100 * place[1]) / size[1]}%`;
    });
  }

  middle(mask) {
    if (!this.middles.has(mask)) this.middles.set(mask, middleOf(mask));
    return this.middles.get(mask);
  }

  async showDepth(source) {
    const grey = h("img", { src: source });
    const range = this.entry.record.result;
    this.depth = h("canvas", { class: "depth" });
    this.element.append(this.depth);
    await grey.decode();
    this.depth.width = grey.naturalWidth;
    this.depth.height = grey.naturalHeight;
    const context = this.depth.getContext("2d", { willReadFrequently: true });
    context.drawImage(grey, 0, 0);
    const drawn = context.getImageData(0, 0, this.depth.width, this.depth.height);
    const levels = drawn.data.filter((_, at) => at % 4 === 0);
    levels.forEach((level, at) => drawn.data.set(depthColour(nearness(level / 255, range)), 4 * at));
    context.putImageData(drawn, 0, 0);
    this.readDepth(levels, range);
  }

  // Under the pointer, the depth there: of the small map, so it is rounded.
  readDepth(levels, range) {
    const reading = h("span", { class: "reading", hidden: true });
    this.element.append(reading);
    this.element.addEventListener("pointermove", (event) => {
      const { left, top, width, height } = this.element.getBoundingClientRect();
      const column = Math.floor((this.depth.width * (event.clientX - left)) / width);
      const row = Math.floor((this.depth.height * (event.clientY - top)) / height);
      const level = levels[row * this.depth.width + column];
      if (level === undefined) return;
      reading.hidden = false;
      reading.textContent = `≈ ${depthText(range.min + (level / 255) * (range.max - range.min), range)}`;
    });
    this.element.addEventListener("pointerleave", () => (reading.hidden = true));
  }
}

function nameWithScore({ label, score }) {
  return clean(label) + (score === null ? "" : ` ${Math.round(100 * score)}%`);
}

// Metres grow with distance; relative depths grow with nearness.
const nearness = (level, range) => (range.units === "m" ? 1 - level : level);

const depthText = (value, range) => `${Number(value.toPrecision(3))}${range.units === "m" ? " m" : ""}`;

function depthScale(range) {
  const bar = h("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const context = bar.getContext("2d");
  for (let x = 0; x < 256; x += 1) {
    context.fillStyle = `rgb(${depthColour(nearness(x / 255, range)).map(Math.round).join(" ")})`;
    context.fillRect(x, 0, 1, 1);
  }
  const ends = [range.min, range.max].map((end) => h("span", {}, depthText(end, range)));
  const scale = h("div", { class: "scale" }, ends[0], bar, ends[1]);
  const units = range.units === "m" ? "metres" : "relative units, larger is nearer";
  return [scale, h("p", { class: "number" }, `mean ${depthText(range.mean, range)} · ${units}`)];
}

// Masks

function paintMasks(canvas, answers, lit) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const drawn = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(drawn.data.buffer);
  for (const answer of answers) {
    if (!answer.mask || (lit && lit !== answer)) continue;
    const [red, green, blue] = channels(colourOf(answer.label));
    // A canvas keeps red first and the processors that browsers run on keep it in the low byte.
    paintMask(pixels, canvas, answer.mask, (255 << 24) | (blue << 16) | (green << 8) | red);
  }
  context.putImageData(drawn, 0, 0);
}

// Fills what the mask covers, sampled at the canvas's size. The code runs down the columns.
function paintMask(pixels, canvas, mask, colour) {
  const [height, width] = mask.size;
  const across = canvas.width / width;
  const down = canvas.height / height;
  const sample = (place, scale) => Math.ceil(place * scale - 0.5);
  let start = 0;
  runs(mask.counts).forEach((run, number) => {
    const end = start + run;
    if (number % 2 && run) {
      const first = Math.floor(start / height);
      const last = Math.floor((end - 1) / height);
      const stop = Math.min(sample(last + 1, across), canvas.width);
      for (let column = sample(first, across); column < stop; column += 1) {
        const x = Math.floor((column + 0.5) / across);
        const top = x === first ? start - first * height : 0;
        const bottom = x === last ? end - last * height : height;
        const until = sample(bottom, down);
        for (let row = sample(top, down); row < until; row += 1) {
          pixels[row * canvas.width + column] = colour;
        }
      }
    }
    start = end;
  });
}

// COCO's compressed run lengths: five bits a character, and differences after the third run.
function runs(counts) {
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
