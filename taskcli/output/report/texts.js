// Texts with what was found in them, beside what was made of them. Offsets count code points.

const AROUND = 240; // code points of context on each side of an answer

const textOf = (preview) => preview?.text ?? "";

function prose(...parts) {
  return h("div", { class: "prose", dir: "auto" }, ...parts);
}

function cutNote(preview) {
  const shown = Array.from(textOf(preview)).length;
  if (!preview || shown >= preview.length) return null;
  return h("p", { class: "hint" }, `${shown.toLocaleString("en")} of ${preview.length.toLocaleString("en")} characters are in this page.`);
}

function highlighted(preview, answers, view) {
  const points = Array.from(textOf(preview));
  const parts = [];
  let at = 0;
  for (const answer of answers.filter((one) => view.keeps(one)).sort((a, b) => a.start - b.start)) {
    const [start, end] = [answer.start - preview.start, answer.end - preview.start];
    if (start < at || end > points.length) continue;
    const label = clean(answer.label);
    const mark = h("mark", { class: "entity", title: `${label} ${percent(answer.score)}` }, points.slice(start, end).join(""), h("small", {}, label));
    mark.style.setProperty("--colour", colourOf(answer.label));
    parts.push(points.slice(at, start).join(""), mark);
    at = end;
  }
  return prose(...parts, points.slice(at).join(""));
}

function reply(answer, view) {
  if (!answer.word) return h("p", { class: "nothing" }, "No answer in this text.");
  const score = h("span", { class: "number" }, percent(answer.score));
  return h("p", { class: view.keeps(answer) ? "reply" : "reply below", dir: "auto" }, answer.word, score);
}

function inContext(answer, preview) {
  const points = Array.from(textOf(preview));
  const [start, end] = [answer.start - preview.start, answer.end - preview.start];
  if (!answer.word || start < 0 || end > points.length) return null;
  const near = [wordBefore(points, start - AROUND), wordAfter(points, end + AROUND)];
  const show = ([from, to]) => [
    from ? "… " : "",
    points.slice(from, start).join(""),
    h("mark", { class: "span" }, points.slice(start, end).join("")),
    points.slice(end, to).join(""),
    to < points.length ? " …" : "",
  ];
  const text = prose(show(near));
  const box = h("div", { class: "context" }, text);
  if (near[0] > 0 || near[1] < points.length) {
    const more = h("button", { type: "button", class: "quiet whole", onclick: () => {
      text.replaceChildren(...show([0, points.length]).filter(Boolean));
      more.remove();
    } }, "Show the whole text");
    box.append(more);
  }
  return box;
}

// Where a word begins or ends near a place; some scripts have no spaces to tell.
function wordBefore(points, at) {
  if (at <= 0) return 0;
  const space = points.slice(Math.max(0, at - AROUND), at).reverse().findIndex(isSpace);
  return space < 0 ? at : at - space;
}

function wordAfter(points, at) {
  if (at >= points.length) return points.length;
  const space = points.slice(at, at + AROUND).findIndex(isSpace);
  return space < 0 ? at : at + space;
}

const isSpace = (point) => /\s/.test(point);

const words = (text) => plural(text.split(/\s+/).filter(Boolean).length, "word");

function besideSource(preview, made, heading) {
  const source = textOf(preview);
  return h(
    "div",
    { class: "sides" },
    h("section", { class: "source" }, h("h3", {}, `Source · ${words(source)}`), prose(source), cutNote(preview)),
    h("section", { class: "target" }, made.map((text) => h("div", { class: "sequence" }, h("h3", {}, `${heading} · ${words(text)}`), prose(text)))),
  );
}

// A causal model goes on with its prompt, so its text begins with it; a chat model answers.
function continued(preview, made) {
  const prompt = textOf(preview);
  if (!made.every((text) => text.startsWith(prompt))) return besideSource(preview, made, "Answer");
  return h("div", {}, made.map((text) =>
    h("div", { class: "sequence" }, prose(h("span", { class: "prompt" }, prompt), text.slice(prompt.length)))));
}
