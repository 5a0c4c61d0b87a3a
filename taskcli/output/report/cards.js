// One input: its record, what was found in it in one shape for all tasks, and its card.

const TEXTS = { summary_text: "Summary", translation_text: "Translation", generated_text: "Text" };
const MOST_ROWS = 6;

class Entry {
  constructor(block, index) {
    this.index = index;
    this.record = JSON.parse(block.textContent);
    this.block = block.nextElementSibling;
    this.results = [this.record.result ?? []].flat();
    this.answers = this.results.map(answerOf).filter(Boolean);
    this.ranked = this.answers.length > 0 && "label" in this.results[0] && !this.answers[0].box;
    this.made = this.results.map((result) => madeText(result)).filter((text) => text !== null);
  }

  get name() {
    return this.record.input;
  }

  // Parsed when it is asked for: a page may hold a gigabyte of pictures.
  get preview() {
    return JSON.parse(this.block.textContent);
  }

  get failed() {
    return Boolean(this.record.error);
  }

  // What counts for labels and filters: of a ranking, only the best.
  told(view) {
    const kept = this.answers.filter((answer) => view.passes(answer));
    return this.ranked ? kept.slice(0, 1) : kept;
  }

  found(view) {
    if (this.failed) return false;
    const { result } = this.record;
    if (this.answers.length) return this.told(view).some((answer) => answer.word !== "");
    return Array.isArray(result) ? this.made.length > 0 : !("text" in result) || result.text.trim() !== "";
  }

  score(view) {
    return Math.max(...this.told(view).map((answer) => answer.score ?? -Infinity), -Infinity);
  }

  // Everything that a search looks in, made at the first search.
  get haystack() {
    if (this.words === undefined) {
      const { error, warnings = [], result } = this.record;
      const found = this.answers.flatMap((answer) => [answer.label, answer.word, answer.question]);
      const texts = this.failed ? [error.message] : [result.text, ...this.made];
      const source = view.media === "text" ? textOf(this.preview) : "";
      this.words = [this.name, ...found, ...texts, ...warnings, source].join("\n").toLowerCase();
    }
    return this.words;
  }
}

function answerOf(result) {
  const label = result.label ?? result.entity_group ?? result.entity ?? null;
  if (label === null && !("answer" in result)) return null;
  const word = result.answer ?? result.word;
  return { ...result, label, word, score: result.score ?? null };
}

function madeText(result) {
  const key = Object.keys(TEXTS).find((name) => name in result);
  return key ? result[key] : null;
}

class Card {
  constructor(entry) {
    this.entry = entry;
    this.preview = entry.preview;
    this.body = h("div", { class: "body" });
    const title = h("h2", { id: `name-${entry.index}` }, nameOf(entry.name));
    const head = h("header", {}, title, this.original());
    this.element = h("article", {
      class: entry.failed ? "card failed" : "card", tabindex: -1, "aria-labelledby": title.id,
    });
    this.element.entry = entry;
    if (view.media === "image" && !entry.failed) this.element.append(this.picture());
    this.element.append(head, this.body);
    if (view.media === "audio" && this.preview.seconds) this.player = new Player(entry.name, this.preview);
    this.update();
  }

  original() {
    const { link } = this.preview;
    return link ? h("a", { class: "original", href: link, target: "_blank", rel: "noopener" }, "original ↗") : null;
  }

  picture() {
    const { image, width, height } = this.preview;
    if (!image) {
      const why = width ? `${width} × ${height} pixels; left out, for the page is large enough` : "No picture";
      return h("div", { class: "picture" }, h("p", { class: "missing" }, why));
    }
    this.frame = new Frame(this.entry, this.preview, false);
    const label = `Open ${clean(this.entry.name)}`;
    const button = h("button", { type: "button", class: "picture", "aria-label": label, onclick: () => openViewer(this.entry) }, this.frame.element);
    button.style.aspectRatio = "4 / 3";
    return button;
  }

  update() {
    this.frame?.update(view);
    const { warnings = [], error } = this.entry.record;
    const parts = error ? [failure(error), this.sourceOfFailure()] : this.answer();
    const notes = warnings.map((warning) => h("p", { class: "warning" }, warning));
    this.body.replaceChildren(...[parts, notes].flat(2).filter(Boolean));
  }

  sourceOfFailure() {
    return this.preview.text ? prose(this.preview.text) : null;
  }

  answer() {
    const { entry, preview } = this;
    const { result } = entry.record;
    if (view.media === "audio") return [this.player?.element, this.player?.chooser(preview.link), this.heard(result)];
    if (view.media === "image") return foundIn(entry, this.frame, MOST_ROWS);
    if (entry.answers.some((answer) => "question" in answer)) return this.replies();
    if (entry.made.length) return this.writing(result);
    if (entry.ranked) return [prose(preview.text), this.pair(), cutNote(preview), bars(entry)];
    return [this.marked(), cutNote(preview)];
  }

  heard(result) {
    if (Array.isArray(result)) return bars(this.entry);
    this.transcript ??= transcript(result, this.player);
    return this.transcript;
  }

  pair() {
    return this.preview.pair ? h("div", {}, h("p", { class: "question-label" }, "with"), prose(this.preview.pair)) : null;
  }

  marked() {
    const text = highlighted(this.preview, this.entry.answers, view);
    return this.entry.answers.length ? text : [text, h("p", { class: "nothing" }, "Nothing found.")];
  }

  replies() {
    const [first] = this.entry.answers;
    const asked = h("p", { class: "question", dir: "auto" }, first.question);
    const all = this.entry.answers.map((answer) => [reply(answer, view), inContext(answer, this.preview)]);
    return [asked, ...all.flat(), cutNote(this.preview)];
  }

  writing(result) {
    const [one] = [result].flat();
    const key = Object.keys(TEXTS).find((name) => name in one);
    const { preview, entry } = this;
    return key === "generated_text" ? continued(preview, entry.made) : besideSource(preview, entry.made, TEXTS[key]);
  }
}

function failure(error) {
  return [
    h("p", { class: "reason" }, error.message),
    error.hint ? h("p", { class: "hint" }, error.hint) : null,
  ];
}

// Under a picture: bars, the depth's scale, or a row per box or segment.
function foundIn(entry, frame, most) {
  const { result } = entry.record;
  if (!Array.isArray(result)) return depthScale(result);
  if (entry.ranked) return bars(entry);
  const kept = entry.answers.filter((answer) => view.keeps(answer));
  if (!kept.length) return h("p", { class: "nothing" }, entry.answers.length ? "Nothing above the threshold." : "Nothing found.");
  return h("div", { class: "answers" }, numbered(kept, most, (answer) => row(answer, frame)));
}

function row(answer, frame) {
  const share = answer.mask ? answer.area / (answer.mask.size[0] * answer.mask.size[1]) : null;
  const score = answer.score === null ? "" : percent(answer.score);
  const about = share === null ? null : h("span", { class: "share" }, ` ${percent(share)} of the picture`);
  const light = (one) => () => frame?.light(one, view);
  return h(
    "div",
    { class: "answer", onpointerenter: light(answer), onpointerleave: light(null) },
    swatch(answer.label),
    h("span", {}, h("b", {}, clean(answer.label)), about),
    h("span", { class: "number" }, score),
  );
}

function bars(entry) {
  if (!entry.answers.length) return h("p", { class: "nothing" }, "No label.");
  return h("div", { class: "bars" }, numbered(entry.answers, MOST_ROWS, (answer) => {
    const filled = h("div", { class: "fill" });
    filled.style.width = `${100 * Math.min(1, Math.max(0, answer.score))}%`;
    const name = h("b", {}, clean(answer.label));
    const number = h("span", { class: "number" }, percent(answer.score));
    return h("div", { class: view.passes(answer) ? "bar-row" : "bar-row below" }, name, number, h("div", { class: "track" }, filled));
  }));
}
