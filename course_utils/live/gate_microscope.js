// Chapters 5 and 6: an LSTM step by step, its gates, c and h as strips of bars.

const GATES = ["input", "forget", "cell", "output"];
const LETTERS = { input: "i", forget: "f", cell: "g", output: "o" };
const STRIPS = [["input", "input gate i", 0, 1], ["forget", "forget gate f", 0, 1], ["cell", "candidate g", -1, 1],
  ["output", "output gate o", 0, 1], ["c", "cell state c"], ["h", "hidden state h", -1, 1]];
const cut = (z) => Math.min(1, Math.max(0, z));
const SQUASH = { sigmoid, "0.2 z + 0.5": (z) => cut(0.2 * z + 0.5), "z / 6 + 0.5": (z) => cut(z / 6 + 0.5) };

/** One step from the states h and c; a clamped gate has its value whatever is read. */
function advance(blocks, x, { h, c }, clamp, squash = sigmoid) {
  const now = {};
  for (const name of GATES) {
    const { W, U, b } = blocks[name], values = now[name] = [];
    for (let unit = 0; unit < b.length; unit++) {
      if (clamp && clamp.gate === name && (clamp.unit === "all" || clamp.unit === unit)) {
        values.push(clamp.value);
        continue;
      }
      let z = b[unit];
      for (let k = 0; k < x.length; k++) z += x[k] * W[k][unit];
      for (let k = 0; k < h.length; k++) z += h[k] * U[k][unit];
      values.push(name === "cell" ? Math.tanh(z) : squash(z));
    }
  }
  now.c = c.map((old, unit) => now.forget[unit] * old + now.input[unit] * now.cell[unit]);
  now.h = now.c.map((value, unit) => now.output[unit] * Math.tanh(value));
  return now;
}

/** All steps of a sequence from states 0. */
function run(blocks, sequence, clamp, squash) {
  const zeros = blocks.input.b.map(() => 0), steps = [];
  for (const x of sequence) steps.push(advance(blocks, x, steps.at(-1) ?? { h: zeros, c: zeros }, clamp, squash));
  return steps;
}

/** What a trace says of every strip, for tests: {input: [steps][units], ..., c, h}. */
const byStrip = (steps) => Object.fromEntries(STRIPS.map(([name]) => [name, steps.map((now) => now[name])]));

const HEAD = 18, BARS = 34; // a strip: its name, and its bars

/** Bars of one strip as two paths, what is above 0 and what is below, and its name over them. */
function strip(name, values, [low, high], top, box) {
  const wide = box.wide / values.length, gap = Math.min(1, wide / 6);
  const y = (v) => top + HEAD + BARS - ((v - low) / (high - low)) * BARS;
  const bars = (chosen) => values.map((v, t) => (chosen(v)
    ? `M${(box.left + t * wide + gap).toFixed(2)},${y(0).toFixed(2)}V${y(v).toFixed(2)}h${(wide - 2 * gap).toFixed(2)}V${y(0).toFixed(2)}z` : ""))
    .join("");
  return { y, wide, parts: [svg("text", { x: box.left, y: top + 13 }, name),
    svg("path", { d: bars((v) => v > 0), fill: "var(--blue)" }), svg("path", { d: bars((v) => v < 0), fill: "var(--vermilion)" }),
    line([[box.left, y(0)], [box.left + box.wide, y(0)]], { stroke: "var(--line)", style: "stroke-width: 1" })] };
}

/** A line of steps through the columns: what another run gave. */
function ghost(values, { y, wide }, box) {
  const points = values.flatMap((v, t) => [[box.left + t * wide, y(v)], [box.left + (t + 1) * wide, y(v)]]);
  return line(points, { stroke: "var(--black)", "stroke-dasharray": "4 3", style: "stroke-width: 1.5" });
}

/** A scale from the values themselves, for c, which has no bounds, and for what is small. */
function reach(...runs) {
  const all = runs.flat();
  return [Math.min(0, ...all), Math.max(0.05, ...all)];
}

/**
 * The six strips of one unit from `top` on. `other` is drawn over them, where it is given. With
 * `close`, the candidate and h are drawn to their own scale, as c is.
 */
function strips(steps, unit, top, box, { other, names = {}, close = false }) {
  const parts = [];
  STRIPS.forEach(([key, title, low, high], k) => {
    const values = steps.map((now) => now[key][unit]), before = other?.[key]?.map((row) => row[unit]);
    const own = key === "c" || (close && low < 0);
    const range = own ? reach(values, before ?? []) : [low, high];
    const scale = own ? `${format(range[0], 1)} to ${format(range[1], 1)}` : `${format(low, 0)} to ${high}`;
    const drawn = strip(`${title}, ${scale}${names[key] ?? ""}`, values, range, top + k * (HEAD + BARS + 4), box);
    parts.push(...drawn.parts);
    if (before) parts.push(ghost(before, drawn, box));
  });
  return parts;
}
const STRIPS_HIGH = STRIPS.length * (HEAD + BARS + 4);

/** Behind the strips: the column of the step that is shown. */
function column(at, count, box, top, bottom) {
  const wide = box.wide / count;
  return svg("rect", { x: box.left + at * wide, y: top, width: wide, height: bottom - top, fill: "var(--grid)",
    stroke: "var(--line)" });
}

/** A click on the picture shows the step under it. */
function pickColumn(picture, box, count, choose) {
  picture.root.style.cursor = "pointer";
  picture.root.addEventListener("click", (event) => {
    const area = picture.root.getBoundingClientRect(), { left, wide } = box(area.width);
    choose(Math.min(count() - 1, Math.max(0, Math.floor(((event.clientX - area.left - left) / wide) * count()))));
  });
}

const frame = (width) => ({ left: 16, wide: width - 20 });

/** The numbers behind the strips, in a box that opens and is filled when it is open. */
function numbers(header, rows) {
  const body = table("The numbers of this unit step by step", header);
  body.node.style.cssText = "max-height: 20rem; overflow: auto";
  const node = el("details", { on: { toggle: fill } },
    el("summary", { style: "min-height: 2.75rem; line-height: 2.75rem; cursor: pointer" }, "The numbers of this unit"), body.node);
  function fill() {
    if (node.open) body.set(rows());
  }
  return { node, fill };
}

const told = (now, unit) => STRIPS.map(([key]) => `${LETTERS[key] ?? key} ${format(now[key][unit], 3)}`).join(", ");

const unitChoice = (units, value, onInput) => choice({ label: "unit shown", value: String(value),
  options: Array.from({ length: units }, (_, k) => [String(k), `unit ${k}`]), onInput: (text) => onInput(Number(text)) });

// ---- chapter 6: a trained network that counts --------------------------------------------------

const SYMBOLS = "$ab";
const coded = (symbol) => [...SYMBOLS].map((one) => (one === symbol ? 1 : 0));

/** Which symbols may follow each step of $..., as lists of 0 and 1; null once it is no beginning of a^n b^n. */
function legalNext(text) {
  let a = 0, b = 0, good = true;
  return [...text].map((symbol) => {
    if (symbol === "a") {
      if (b) good = false;
      a++;
    } else if (symbol === "b") b++;
    if (!good || b > a) return null;
    if (!b) return a ? [0, 1, 1] : [0, 1, 0];
    return b < a ? [0, 0, 1] : [1, 0, 0];
  });
}

const list = (may) => [...SYMBOLS].filter((_, k) => may[k]).join(" or ") || "nothing";

function buildCounter(data, figure) {
  const units = data.blocks.input.b.length, LONGEST = 80;
  let text = `$${data.text}`, unit = data.unit, clamp = null, at = 0, steps, free, answers, legal, broken;
  let firstN, freeN, problem = "";
  const chosen = { gate: "none", unit: data.unit, value: 0.9 };

  const answer = (h) => data.v.map((bias, k) => h.reduce((sum, value, j) => sum + value * data.V[j][k], bias));
  const differs = (h, may) => answer(h).some((logit, k) => (logit > 0) !== (may[k] === 1));

  /** Smallest n whose a^n b^n is not answered right at every step, or 201. */
  function firstWrong(stuck) {
    const zeros = data.blocks.input.b.map(() => 0);
    let top = advance(data.blocks, coded("$"), { h: zeros, c: zeros }, stuck);
    if (differs(top.h, [0, 1, 0])) return 1;
    for (let n = 1; n <= 200; n++) {
      top = advance(data.blocks, coded("a"), top, stuck);
      if (differs(top.h, [0, 1, 1])) return n;
      for (let k = 1, now = top; k <= n; k++) {
        now = advance(data.blocks, coded("b"), now, stuck);
        if (differs(now.h, k < n ? [0, 0, 1] : [1, 0, 0])) return n;
      }
    }
    return 201;
  }

  const typed = textField({ label: `String of a and b (up to ${LONGEST})`, value: data.text, maxlength: LONGEST, autocapitalize: "none",
    spellcheck: "false", onInput: (raw) => read(raw) });
  const ends = slider({ label: "or aⁿbⁿ with n", min: 1, max: 40, step: 1, value: Math.max(1, Math.min(40, data.text.length >> 1)), show: String,
    onInput: (n) => {
      typed.input.value = "a".repeat(n) + "b".repeat(n);
      read(typed.input.value);
    } });
  const shown = unitChoice(units, unit, (k) => { unit = k; show(); });
  const scrub = slider({ label: "step shown", min: 0, max: text.length - 1, step: 1, value: 0,
    show: (t) => `${t}, ${text[t] ?? ""} read`, onInput: (t) => { at = t; show(); } });
  const gate = choice({ label: "clamp a gate", value: "none",
    options: [["none", "no clamp"], ["input", "input gate"], ["forget", "forget gate"], ["output", "output gate"]],
    onInput: (value) => { chosen.gate = value; reclamp(); } });
  const whose = choice({ label: "of", value: String(unit),
    options: [...Array.from({ length: units }, (_, k) => [String(k), `unit ${k}`]), ["all", "all units"]],
    onInput: (value) => { chosen.unit = value === "all" ? value : Number(value); reclamp(); } });
  const stuck = slider({ label: "at the value", min: 0, max: 1, step: 0.005, value: chosen.value, show: (v) => format(v, 3),
    onInput: (value) => { chosen.value = value; reclamp(); } });
  const picture = plot({ label: "", height: STRIPS_HIGH + 138, draw });
  const words = readout(), detail = el("p", {});
  const behind = numbers(["step", "read", "i", "f", "g", "o", "c", "h", "may come", "legal"], rows);

  pickColumn(picture, frame, () => steps.length, (t) => { at = t; scrub.set(t); show(); });

  function read(raw) {
    const wanted = raw.trim().toLowerCase().replace(/^\$/, ""), other = [...wanted].find((mark) => mark !== "a" && mark !== "b");
    problem = other === undefined ? "" : `The network reads a and b only, not “${other}”: the figure still shows ${text}. `;
    typed.input.setAttribute("aria-invalid", String(Boolean(problem)));
    if (!problem) {
      const kept = broken >= 0 || at === steps.length - 1;
      text = `$${wanted.slice(0, LONGEST)}`;
      rerun();
      at = kept ? (broken >= 0 ? broken : steps.length - 1) : Math.min(at, steps.length - 1);
      scrub.input.max = steps.length - 1;
      scrub.set(at);
    }
    show();
  }

  function reclamp() {
    clamp = chosen.gate === "none" ? null : { ...chosen };
    firstN = clamp ? firstWrong(clamp) : freeN;
    rerun();
    if (broken >= 0) at = broken;
    scrub.set(at);
    show();
  }

  function rerun() {
    const sequence = [...text].map(coded);
    free = run(data.blocks, sequence, null);
    steps = clamp ? run(data.blocks, sequence, clamp) : free;
    answers = steps.map(({ h }) => answer(h));
    legal = legalNext(text);
    broken = legal.findIndex((may, t) => may && differs(steps[t].h, may));
  }

  function draw(width) {
    const box = frame(width), count = steps.length, wide = box.wide / count, top = 22;
    const names = clamp && (clamp.unit === "all" || clamp.unit === unit) ? { [clamp.gate]: `: clamped at ${format(clamp.value, 3)}` } : {};
    const every = Math.ceil(9 / wide), mid = (t) => box.left + (t + 0.5) * wide;
    const low = top + STRIPS_HIGH, end = low + 92, parts = [column(at, count, box, 2, end)];
    parts.push(...[...text].flatMap((symbol, t) => (t % every ? []
      : [svg("text", { x: mid(t), y: 14, "text-anchor": "middle" }, symbol)])));
    parts.push(...strips(steps, unit, top, box, { other: clamp && byStrip(free), names }));
    const r = Math.max(1, Math.min(6, 0.38 * wide)), path = { may: "", legal: "", wrong: "" };
    parts.push(svg("text", { x: box.left, y: low + 13 }, "which symbol may come next: $, a, b"));
    for (let k = 0; k < 3; k++) {
      const y = low + 32 + 24 * k;
      parts.push(svg("text", { x: 0, y: y + 4, style: "font-size: 11px" }, SYMBOLS[k]));
      for (let t = 0; t < count; t++) {
        const x = mid(t), says = answers[t][k] > 0;
        if (says) path.may += `M${x - 0.7 * r},${y}a${0.7 * r},${0.7 * r} 0 1 0 ${1.4 * r},0a${0.7 * r},${0.7 * r} 0 1 0 ${-1.4 * r},0`;
        if (!legal[t]) continue;
        if (legal[t][k]) path.legal += `M${x - 1.2 * r},${y - 1.2 * r}h${2.4 * r}v${2.4 * r}h${-2.4 * r}z`;
        if (says !== (legal[t][k] === 1)) path.wrong += `M${x - 1.5 * r},${y - 1.5 * r}l${3 * r},${3 * r}m0,${-3 * r}l${-3 * r},${3 * r}`;
      }
    }
    parts.push(svg("path", { d: path.may, fill: "var(--blue)" }),
      svg("path", { d: path.legal, fill: "none", stroke: "var(--black)" }),
      svg("path", { d: path.wrong, fill: "none", stroke: "var(--vermilion)", "stroke-width": 2.5 }));
    if (broken >= 0) {
      const right = mid(broken) > box.left + box.wide / 2;
      parts.push(line([[mid(broken), top], [mid(broken), end]], { stroke: "var(--vermilion)", "stroke-dasharray": "2 4" }),
        svg("text", { x: mid(broken) + (right ? -4 : 4), y: end + 16, "text-anchor": right ? "end" : "start" }, `first wrong answer, step ${broken}`));
    }
    return parts;
  }

  function rows() {
    return steps.map((now, t) => [String(t), text[t], ...STRIPS.map(([key]) => format(now[key][unit], 3)),
      list(answers[t].map((logit) => logit > 0)), legal[t] ? list(legal[t]) : "—"]);
  }

  function verdict() {
    const end = legal.indexOf(null);
    if (broken >= 0) {
      return `The count first breaks at step ${broken}, after ${text.slice(0, broken + 1)}: the network lets come ` +
        `${list(answers[broken].map((logit) => logit > 0))}; legal is ${list(legal[broken])}.`;
    }
    if (end >= 0) return `Up to step ${end - 1} every answer is right; from step ${end} on the string is no beginning of aⁿbⁿ, so nothing is legal.`;
    return "The network’s answer is right at every step.";
  }

  const place = (n) => (n > 200 ? "above 200" : String(n));

  function show() {
    const some = clamp ? `With this clamp the first wrong n is ${place(firstN)}, without it ${place(freeN)}.`
      : `The first wrong n of this network is ${place(freeN)}.`;
    words.set(`${problem}${verdict()} ${some}`);
    const says = list(answers[at].map((logit) => logit > 0));
    detail.textContent = `Step ${at}, ${text[at]} read, unit ${unit}: ${told(steps[at], unit)}. The network lets come ${says}` +
      `${legal[at] ? `; legal is ${list(legal[at])}` : ""}.`;
    picture.root.setAttribute("aria-label", `Bars for the gates, c and h of unit ${unit} over the steps of ${text}. ${verdict()}`);
    picture.redraw();
    behind.fill();
  }

  // A string of 80 symbols is one long word.
  figure.append(el("style", {}, "p { overflow-wrap: anywhere; }"), el("div", { class: "controls" }, typed.node, ends.node, shown.node),
    el("div", { class: "controls" }, gate.node, whose.node, stuck.node), words.node,
    legend([["above 0", "blue", null, "s"], ["below 0", "vermilion", null, "s"], ["without the clamp", "black", "4 3", null],
      ["network: may come", "blue", null, "o"], ["legal", "black", null, "s", true]]), picture.node, scrub.node, detail, behind.node);
  freeN = firstN = firstWrong(null);
  rerun();
  at = steps.length - 1;
  scrub.set(at);
  show();
  return () => ({ text, unit, at, clamp, ...byStrip(steps), logits: answers, legal, broken, firstWrong: firstN, firstWrongFree: freeN, problem });
}

// ---- chapter 5: the slices of a new network ----------------------------------------------------

/** All orders of four letters. */
const orders = (letters) => (letters.length < 2 ? [letters]
  : [...letters].flatMap((letter) => orders(letters.replace(letter, "")).map((rest) => letter + rest)));

function buildSlices(data, figure) {
  const units = data.U.length, names = { i: "input", f: "forget", c: "cell", o: "output" };
  let order = data.order, kind = "sigmoid", times = 1, sequence = 0, unit = 0, at = 0, steps, difference;

  /** The four blocks, as somebody reads them who takes the columns for this order. */
  function slices() {
    const part = (row, k) => row.slice(k * units, (k + 1) * units);
    return Object.fromEntries([...order].map((letter, k) => [names[letter], { W: data.W.map((row) => part(row, k)),
      U: data.U.map((row) => part(row, k)), b: part(data.b, k).map((bias) => times * bias) }]));
  }

  const known = { ifco: "i f c o: Keras, PyTorch", iofc: "i o f c: ONNX" };
  const reading = choice({ label: "read the blocks as", value: order,
    options: [...Object.keys(known), ...orders("ifco").filter((one) => !known[one])].map((one) => [one, known[one] ?? [...one].join(" ")]),
    onInput: (value) => { order = value; show(); } });
  const squash = choice({ label: "gates go through", value: kind,
    options: [["sigmoid", "sigmoid"], ["0.2 z + 0.5", "hard sigmoid, 0.2 z + 0.5"], ["z / 6 + 0.5", "hard sigmoid, z / 6 + 0.5"]],
    onInput: (value) => { kind = value; show(); } });
  const bias = choice({ label: "bias", value: "1", options: [["1", "added once"], ["2", "added twice"]],
    onInput: (value) => { times = Number(value); show(); } });
  const which = choice({ label: "sequence shown", value: "0",
    options: data.x.map((_, k) => [String(k), `sequence ${k}`]), onInput: (value) => { sequence = Number(value); show(); } });
  const shown = unitChoice(units, unit, (k) => { unit = k; show(); });
  const scrub = slider({ label: "step shown", min: 0, max: data.x[0].length - 1, step: 1, value: 0, show: String,
    onInput: (t) => { at = t; show(); } });
  const BIAS = HEAD + BARS + 26;
  const picture = plot({ label: "", height: BIAS + STRIPS_HIGH + 22, draw });
  const words = readout(), detail = el("p", {});
  const behind = numbers(["step", "i", "f", "g", "o", "c", "h", "h of the layer"], () => steps.map((now, t) => [String(t),
    ...STRIPS.map(([key]) => format(now[key][unit], 4)), format(data.h[sequence][t][unit], 4)]));
  pickColumn(picture, frame, () => steps.length, (t) => { at = t; scrub.set(t); show(); });

  function draw(width) {
    const box = frame(width), all = data.b.map((value) => times * value), wide = box.wide / all.length;
    const { parts } = strip("bias b, and what its blocks are taken for", all, reach(all), 0, box);
    [...order].forEach((letter, k) => {
      const left = box.left + k * units * wide;
      parts.push(svg("text", { x: left + (units * wide) / 2, y: HEAD + BARS + 16, "text-anchor": "middle" }, letter),
        line([[left + 1, HEAD + BARS + 3], [left + units * wide - 1, HEAD + BARS + 3]], { stroke: "var(--black)" }));
    });
    const h = data.h[sequence];
    parts.push(column(at, steps.length, box, BIAS, BIAS + STRIPS_HIGH),
      ...strips(steps, unit, BIAS, box, { other: { h }, close: true }),
      svg("text", { x: box.left + box.wide / 2, y: BIAS + STRIPS_HIGH + 14, "text-anchor": "middle" }, `steps 0 to ${steps.length - 1}`));
    return parts;
  }

  function show() {
    const blocks = slices(), runs = data.x.map((x) => run(blocks, x, null, SQUASH[kind]));
    steps = runs[sequence];
    difference = Math.max(...runs.flatMap((one, s) => one.flatMap(({ h }, t) => h.map((value, k) => Math.abs(value - data.h[s][t][k])))));
    const size = difference < 1e-6 ? "below 0.000001: they agree" : `${format(difference, 3)}: they do not agree`;
    const result = `Blocks taken for ${[...order].join(", ")}; ${kind}; bias added ${times === 1 ? "once" : "twice"}. Largest difference from the ` +
      `layer’s own h over all ${data.x.length} sequences: ${size}.`;
    words.set(result);
    detail.textContent = `Sequence ${sequence}, step ${at}, unit ${unit}: ${told(steps[at], unit)}; the layer’s own h ${format(data.h[sequence][at][unit], 3)}.`;
    picture.root.setAttribute("aria-label", `Bars for the gates, c and h of unit ${unit} over the steps of sequence ${sequence}. ${result}`);
    picture.redraw();
    behind.fill();
  }

  figure.append(el("div", { class: "controls" }, reading.node, squash.node, bias.node),
    el("div", { class: "controls" }, which.node, shown.node), words.node,
    legend([["above 0", "blue", null, "s"], ["below 0", "vermilion", null, "s"], ["h of the layer", "black", "4 3", null]]),
    picture.node, scrub.node, detail, behind.node);
  show();
  return () => ({ order, kind, times, sequence, unit, at, ...byStrip(steps), difference });
}

function build(data, figure) {
  return data.V ? buildCounter(data, figure) : buildSlices(data, figure);
}
