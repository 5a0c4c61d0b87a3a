// Where names stand on a picture: on no other name, inside it, and hiding as little as they can.
// tagging.py does the same for saved pictures; here a name without a place is left out, since the
// rows under the picture have it.

const TAG = { font: '600 11px system-ui, "DejaVu Sans", sans-serif', height: 18, sides: 10 }; // as in report.css
const MOST_HIDDEN = 0.25;
const ALIKE = 0.05;

const ruler = document.createElement("canvas").getContext("2d");
const widths = new Map();

// Without asking the page, which would have to be laid out for each name.
function tagWidth(text) {
  if (!widths.has(text)) {
    ruler.font = TAG.font;
    widths.set(text, Math.ceil(ruler.measureText(text).width) + TAG.sides + 1);
  }
  return widths.get(text);
}

// A place for each name, or null; what is `lit` has one for certain. Subjects are { frame, area, middle }, all in the picture's pixels on screen.
function placeTags([width, height], subjects, names, lit) {
  const taken = [];
  return subjects.map((subject, at) => {
    const size = [tagWidth(names[at]), TAG.height];
    const free = corners(subject, size, [width, height])
      .map(([x, y]) => [x, y, x + size[0], y + size[1]])
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

// In the middle of a region; around a box; then inside it.
function corners({ frame, middle }, [wide, high], [width, height]) {
  if (wide > width || high > height) return [];
  const [left, top, right, bottom] = frame;
  const columns = [left, right - wide, (left + right - wide) / 2];
  const found = [top - high, bottom, top, bottom - high].flatMap((y) => columns.map((x) => [x, y]));
  for (const x of [left - wide, right]) found.push([x, top], [x, bottom - high]);
  if (middle) found.unshift([middle[0] - wide / 2, middle[1] - high / 2]);
  const within = (value, most) => Math.max(0, Math.min(value, most));
  return found.map(([x, y]) => [within(x, width - wide), within(y, height - high)]);
}

// On a region its own name belongs, so what it hides of that counts only when it is much.
function hiddenShare(place, { frame, area, middle }, own) {
  const share = shared(place, frame) / Math.max(area, 1);
  return own && middle && share <= MOST_HIDDEN ? 0 : share;
}

function shared(one, other) {
  const wide = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const high = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  return wide > 0 && high > 0 ? wide * high : 0;
}

// The middle of the longest run in the column that halves a mask's pixels.
function middleOf(mask) {
  const height = mask.size[0];
  const filled = [];
  let start = 0;
  runs(mask.counts).forEach((run, number) => {
    for (let at = start; number % 2 && at < start + run; ) {
      const column = Math.floor(at / height);
      const end = Math.min(start + run, (column + 1) * height);
      filled.push([column, at - column * height, end - at]);
      at = end;
    }
    start += run;
  });
  const half = filled.reduce((sum, [, , count]) => sum + count, 0) / 2;
  let passed = 0;
  const column = filled.find(([, , count]) => (passed += count) >= half)?.[0];
  const own = filled.filter(([at]) => at === column).sort((a, b) => b[2] - a[2]);
  return own.length ? [column + 0.5, own[0][1] + own[0][2] / 2] : null;
}
