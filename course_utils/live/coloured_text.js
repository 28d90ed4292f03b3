// Chapter 17: a network of characters reads the reader's line, and one cell colours it. Weights
// come as whole numbers of eight bits; they are unpacked when the first line is read.

const STYLE = `
svg .glyph { font: 600 16px ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
svg .mark { font-size: 11px; }
`;
const MOST = 120; // characters of a line
const SLICE = 20; // milliseconds of work before the page gets its turn

function build(data, figure) {
  const { window: span, start, characters, units: about } = data;
  const row = new Map(characters.map((character, k) => [character, k]));
  const names = Object.keys(about);
  let unit = names[0], held = "", line = data.line, writing = 0, timer = 0;
  let network = null, inputs = null; // unpacked weights, and x W + b of the characters met so far
  const blanks = new Map(), known = new Map(); // steps over none; what a window gave, so that typing on costs one window

  const field = textField({ label: "Your line", value: line, maxlength: MOST, spellcheck: "false",
    onInput: (value) => { line = value; writing = 0; show(); } });
  const which = choice({ label: "coloured by", value: unit, options: names.map((name) => [name, about[name].name]),
    onInput: (value) => { unit = value; show(); } });
  const hold = choice({ label: "the cell is", value: held,
    options: [["", "as it is"], ["0", "held at 0"], ["1", "held at 1"], ["-1", "held at −1"]],
    onInput: (value) => { held = value; show(); } });
  const write = button("Let it write 20 characters", () => { writing = 20; show(); });
  const strip = plot({ label: "", height: (width) => 8 + 76 * Math.ceil(Math.max(1, [...line].length) / across(width)), draw });
  const words = readout();

  /** Unpack a matrix: whole numbers of eight bits, and a factor for each of its columns. */
  function unpack({ bytes, factors }) {
    const text = atob(bytes), wide = factors.length, values = new Float64Array(text.length);
    for (let k = 0; k < text.length; k++) values[k] = (text.charCodeAt(k) - 128) * factors[k % wide];
    return { values, wide };
  }

  /** Add x M to z, where M has x.length rows. */
  function add(z, x, { values, wide }) {
    for (let i = 0; i < x.length; i++) {
      const factor = x[i];
      for (let j = 0, at = i * wide; j < wide; j++, at++) z[j] += factor * values[at];
    }
    return z;
  }

  /** One step of an LSTM with gates i, f, g, o side by side; h and c change in place. */
  function step(z, h, c) {
    const n = h.length;
    for (let k = 0; k < n; k++) {
      c[k] = sigmoid(z[n + k]) * c[k] + sigmoid(z[k]) * Math.tanh(z[2 * n + k]);
      h[k] = sigmoid(z[3 * n + k]) * Math.tanh(c[k]);
    }
  }

  /** Read one more character; a step holds the states of both layers after it. */
  function after(symbol, before) {
    const { E, W, U, W2, U2 } = network, k = Number(unit), size = data.b.length / 4;
    const [h, c, h2, c2] = ["h", "c", "h2", "c2"].map((name) => Float64Array.from(before[name]));
    const x = E.values.subarray(symbol * E.wide, (symbol + 1) * E.wide);
    if (!inputs.has(symbol)) inputs.set(symbol, add(Float64Array.from(data.b), x, W));
    const z = add(Float64Array.from(inputs.get(symbol)), h, U);
    if (held !== "") [z[k], z[size + k]] = [-Infinity, Infinity]; // nothing in, all kept
    step(z, h, c);
    step(add(add(Float64Array.from(data.b2), h, W2), h2, U2), h2, c2);
    const all = new Float64Array(x.length + 2 * size);
    all.set(x);
    all.set(h, x.length);
    all.set(h2, x.length + size);
    let score = 0;
    for (let j = 0; j < all.length; j++) score += all[j] * data.attention[j];
    return { h, c, h2, c2, all, score };
  }

  /** The steps over characters that are none, which fill a window from the left. */
  function blank(count) {
    const name = `${unit} ${held}`, size = data.b.length / 4;
    if (!blanks.has(name)) {
      const [h, c, h2, c2] = [0, 0, 0, 0].map(() => new Float64Array(size));
      if (held !== "") c[Number(unit)] = Number(held);
      blanks.set(name, [{ h, c, h2, c2 }]);
    }
    const steps = blanks.get(name);
    while (steps.length <= count) steps.push(after(0, steps[steps.length - 1]));
    return steps.slice(0, count + 1);
  }

  /** Read one window: the cell state of the unit at its end, and what comes next. */
  function read(window) {
    const first = window.findIndex((symbol) => symbol !== 0), steps = blank(Math.max(0, first));
    for (const symbol of window.slice(steps.length - 1)) steps.push(after(symbol, steps[steps.length - 1]));
    const last = steps[steps.length - 1], read = steps.slice(1), top = Math.max(...read.map(({ score }) => score));
    const average = new Float64Array(last.all.length);
    let total = 0;
    for (const { all, score } of read) {
      const weight = Math.exp(score - top);
      total += weight;
      for (let j = 0; j < all.length; j++) average[j] += weight * all[j];
    }
    const z = add(Float64Array.from(data.v), average.map((value) => value / total), network.V), high = Math.max(...z);
    const powers = z.map((score) => Math.exp(score - high)), sum = powers.reduce((a, b) => a + b, 0);
    return { c: last.c[Number(unit)], next: powers.map((power) => power / sum) };
  }

  /** The window that ends with character t of the line, counted from 0. */
  function windowAt(letters, t) {
    const rows = [start, ...letters.slice(0, t + 1).map((letter) => row.get(letter) ?? 0)].slice(-span);
    return [...Array(span - rows.length).fill(0), ...rows];
  }

  const key = (window) => [unit, held, ...window].join();

  /** What is known so far, a list with an entry, or nothing, for each character. */
  const found = () => [...line].map((_, t, letters) => known.get(key(windowAt(letters, t))));

  /** Read what is not known yet, a slice of time at a time. */
  function work() {
    if (!network) {
      network = Object.fromEntries(Object.entries(data.weights).map(([name, packed]) => [name, unpack(packed)]));
      inputs = new Map();
    }
    const end = performance.now() + SLICE, letters = [...line];
    for (let t = 0; t < letters.length; t++) {
      const window = windowAt(letters, t), name = key(window);
      if (known.has(name)) continue;
      if (performance.now() > end) break;
      known.set(name, read(window));
    }
    const done = found();
    if (done.every(Boolean) && writing > 0 && letters.length && letters.length < MOST) {
      const next = done[done.length - 1].next.slice();
      next[0] = next[start] = 0; // it goes on, and says a character
      line += characters[next.indexOf(Math.max(...next))];
      field.input.value = line;
      writing -= 1;
    } else if (done.every(Boolean)) writing = 0;
    show();
  }

  const across = (width) => Math.max(1, Math.floor((width - 44) / 18));
  const symbol = () => about[unit].symbol;
  const chance = (entry) => entry.next[row.get(symbol())];

  function draw(width) {
    const per = across(width), letters = [...line], parts = [];
    found().forEach((entry, t) => {
      const x = 42 + 18 * (t % per), y = 8 + 76 * Math.floor(t / per);
      if (t % per === 0) {
        parts.push(svg("text", { class: "mark", x: 0, y: y + 16 }, "cell"),
          svg("text", { class: "mark", x: 0, y: y + 56 }, `p( ${symbol()} )`));
      }
      if (entry) {
        const size = Math.min(1, Math.abs(entry.c)), fill = entry.c > 0 ? "var(--blue)" : "var(--ochre)";
        if (size > 0.5) parts.push(svg("rect", { x, y: y + 22, width: 18, height: 3, fill }));
        parts.push(svg("rect", { x, y, width: 18, height: 22, fill, "fill-opacity": (0.55 * size).toFixed(3) }));
        const tall = 26 * chance(entry);
        parts.push(svg("rect", { x: x + 4, y: y + 62 - tall, width: 10, height: tall, fill: "var(--vermilion)" }));
      }
      parts.push(svg("line", { class: "axis", x1: x, x2: x + 18, y1: y + 62, y2: y + 62 }),
        svg("text", { class: "glyph", x: x + 9, y: y + 16, "text-anchor": "middle" }, letters[t]));
    });
    return parts;
  }

  function state() {
    const done = found();
    return { line, unit: Number(unit), held: held === "" ? null : Number(held), symbol: symbol(), done: done.every(Boolean),
      c: done.map((entry) => entry?.c), p: done.map((entry) => entry && chance(entry)),
      next: Array.from(done[done.length - 1]?.next ?? []) };
  }

  function show() {
    const done = found(), last = done[done.length - 1], whole = done.every(Boolean);
    if (whole && last) {
      const order = [...last.next.keys()].sort((i, j) => last.next[j] - last.next[i]).slice(0, 3);
      const spoken = (k) => (k === start ? "the end" : characters[k] === " " ? "a blank" : characters[k] || "none");
      const likely = order.map((k) => `${spoken(k)} ${format(100 * last.next[k], 0)}%`).join(", ");
      words.set(`After the last character the cell is ${format(last.c)}, and ${symbol()} has probability ` +
        `${format(chance(last), 4)}. Likely next: ${likely}.`);
      const on = [...line].filter((_, t) => Math.abs(done[t].c) > 0.5).join("");
      strip.root.setAttribute("aria-label", `The line ${line}. It is coloured at: ${on || "no character"}. ` +
        `Bars show the probability of ${symbol()} after each character.`);
    } else if (!line) words.set("Type a line.");
    strip.redraw();
    clearTimeout(timer);
    if (line && (!whole || writing)) timer = setTimeout(work, 0);
  }

  const controls = names.length > 1 ? [which.node, hold.node] : [hold.node];
  figure.append(el("style", {}, STYLE), field.node, el("div", { class: "controls" }, ...controls),
    strip.node, words.node, el("div", { class: "buttons" }, write));
  show();
  return state;
}
