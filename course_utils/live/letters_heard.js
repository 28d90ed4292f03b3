// Chapter 15: a network that turns spelling into sounds runs here, on the reader's word. Each
// letter in turn is left out, skipped or swapped; how many bits dearer does each sound get?

const LONGEST = 16, SAID = 20; // letters that fit on a telephone; sounds that its authors let it say

/** Weights at eight bits, in base64, times the scale of their row: rows after each other. */
function unpack({ whole, scale }) {
  const packed = Int8Array.from(atob(whole), (byte) => byte.charCodeAt(0));
  const wide = packed.length / scale.length, rows = new Float32Array(packed.length);
  scale.forEach((factor, r) => {
    for (let k = r * wide; k < (r + 1) * wide; k++) rows[k] = packed[k] * factor;
  });
  return rows;
}

/** Products of a vector with rows, and a bias: h U + b, a row for each result. */
function products(rows, h, bias) {
  return Float64Array.from(bias, (start, r) => {
    let total = start;
    for (let k = 0, at = r * h.length; k < h.length; k++) total += rows[at + k] * h[k];
    return total;
  });
}

function build(data, figure) {
  const { alphabet, names, full } = data, starts = names.indexOf("<s>"), ends = names.indexOf("</s>");
  let network = null; // unpacked when it is first needed
  let word = data.word, place = 0, action = "out";
  let base, effects, waiting = 0;

  function weights() {
    if (network) return network;
    const layer = ({ inputs, recurrent, bias }) =>
      ({ inputs: unpack(inputs), recurrent: unpack(recurrent), bias, units: bias.length / 3 });
    network = { encoder: layer(data.encoder), decoder: layer(data.decoder),
      readout: unpack(data.readout), offset: data.readout.bias };
    return network;
  }

  /** One step of a GRU; `kept` is the mean of its update gates. */
  function step({ inputs, recurrent, bias, units }, h, row) {
    const own = products(recurrent, h, bias), x = inputs.subarray(row * 3 * units, (row + 1) * 3 * units);
    let kept = 0;
    const next = h.map((old, k) => {
      const update = sigmoid(x[k] + own[k]), reset = sigmoid(x[units + k] + own[units + k]);
      const candidate = Math.tanh(x[2 * units + k] + reset * own[2 * units + k]);
      kept += update / units;
      return candidate + update * (old - candidate);
    });
    return { h: next, kept };
  }

  const hear = (h, letter) => step(weights().encoder, h, alphabet.indexOf(letter));
  const finish = (h, letters) => [...letters, "</s>"].reduce((state, letter) => hear(state, letter).h, h);

  function say(h, last) {
    const next = step(weights().decoder, h, last).h;
    return { h: next, scores: products(weights().readout, next, weights().offset) };
  }

  /** The sounds that score highest, one by one. */
  function pronounce(h) {
    const said = [];
    let last = starts;
    while (said.length < SAID) {
      const next = say(h, last);
      last = next.scores.indexOf(Math.max(...next.scores));
      if (last === ends) break;
      said.push(last);
      h = next.h;
    }
    return said;
  }

  /** How many bits each of these sounds costs when they are said from state h. */
  function cost(h, said) {
    let last = starts;
    return said.map((sound) => {
      const next = say(h, last), most = Math.max(...next.scores);
      const total = next.scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
      h = next.h;
      last = sound;
      return Math.log2(total) - (next.scores[sound] - most) / Math.LN2;
    });
  }

  function start() {
    let h = new Float64Array(weights().encoder.units);
    const states = [h], kept = [];
    for (const letter of word) {
      const next = hear(h, letter);
      h = next.h;
      states.push(h);
      kept.push(next.kept);
    }
    const end = finish(h, ""), said = pronounce(end);
    base = { states, kept, said, cost: cost(end, said), sounds: said.map((sound) => names[sound]) };
    effects = [];
  }

  /** What the letter at a place does. The letters before it have left the state they leave anyhow. */
  function change(i) {
    const rest = word.slice(i + 1), h = base.states[i];
    const end = finish(h, action === "out" || action === "skip" ? rest : action + rest);
    const dear = cost(end, base.said);
    effects[i] = { then: pronounce(end).map((sound) => names[sound]), bits: dear.map((bits, k) => bits - base.cost[k]) };
  }

  const plain = (sounds) => sounds.map((sound) => sound.replace(/\d/, "")).join(" ");
  const same = (i) => effects[i] && plain(effects[i].then) === plain(base.sounds);

  /** Run a few letters at a time, so that typing never waits. */
  function work(all) {
    clearTimeout(waiting);
    const until = performance.now() + 25;
    while (effects.length < word.length && (all || performance.now() < until)) change(effects.length);
    if (effects.length < word.length) waiting = setTimeout(work, 0);
    grid.redraw();
    told();
  }

  function renew() {
    place = Math.min(place, word.length - 1);
    letter.input.max = word.length;
    letter.set(place + 1);
    start();
    work();
  }

  const text = textField({ label: `A word (a to z, up to ${LONGEST})`, value: word, maxlength: LONGEST, spellcheck: "false",
    autocapitalize: "off", onInput: (value) => take(value.toLowerCase().replace(/[^a-z]/g, "").slice(0, LONGEST)) });
  const options = [["out", "is left out"], ["skip", "is read, but the state skips the step"],
    ...alphabet.filter((name) => name.length === 1).map((name) => [name, `becomes ${name}`])];
  const act = choice({ label: "Each letter in turn", options, value: action,
    onInput: (value) => { action = value; effects = []; work(); } });
  const letter = slider({ label: "letter told below", min: 1, max: word.length, step: 1, value: 1,
    show: (value) => word[value - 1] ?? "", onInput: (value) => { place = value - 1; grid.redraw(); told(); } });
  const buttons = el("div", { class: "buttons" }, ...data.words.map((one) => button(one, () => {
    text.input.value = one;
    take(one);
  })));
  const grid = plot({ label: "", height: () => 96 + 28 * (base?.said.length ?? 4), draw: drawGrid });
  const words = readout(), rows = table("What is said without each letter", ["letter", "update gate", "most bits", "then"]);

  function take(letters) {
    if (!letters || letters === word) return;
    word = letters;
    renew();
  }

  function drawGrid(width, height) {
    if (!base) return [];
    const left = 46, wide = Math.min(56, (width - left - 4) / word.length), tall = 28, top = 44, parts = [];
    const x = (i) => left + (i + 0.5) * wide, floor = height - 8;
    parts.push(svg("rect", { x: left + place * wide, y: 2, width: wide, height: height - 4, fill: "var(--soft)", stroke: "var(--line)" }));
    base.sounds.forEach((sound, k) => {
      const y = top + (k + 0.5) * tall;
      parts.push(svg("line", { class: "grid", x1: left, x2: left + word.length * wide, y1: y, y2: y }),
        svg("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, sound));
    });
    [...word].forEach((name, i) => {
      parts.push(svg("text", { x: x(i), y: 18, "text-anchor": "middle", "font-weight": 600 }, name));
      if (same(i)) parts.push(marker("o", x(i), 32, { fill: "none", stroke: "var(--vermilion)", "stroke-width": 2 }));
      effects[i]?.bits.forEach((bits, k) => {
        const side = Math.sqrt(Math.min(1, Math.max(0, bits / full))) * Math.min(wide, tall) * 0.95;
        parts.push(svg("rect", { x: x(i) - side / 2, y: top + (k + 0.5) * tall - side / 2, width: side, height: side, fill: "var(--blue)" }));
      });
      const bar = 36 * base.kept[i];
      parts.push(svg("rect", { x: x(i) - wide * 0.3, y: floor - bar, width: wide * 0.6, height: bar, fill: "var(--ochre)" }));
    });
    parts.push(svg("text", { x: left - 8, y: floor - 14, "text-anchor": "end" }, "gate"),
      svg("line", { class: "axis", x1: left, x2: left + word.length * wide, y1: floor, y2: floor }));
    grid.root.setAttribute("aria-label", `Letters of ${word} and the sounds ${base.sounds.join(" ")}; the table below has all numbers`);
    return parts;
  }

  const done = () => (action === "out" ? "left out" : action === "skip" ? "skipped" : `turned into ${action}`);

  function told() {
    const effect = effects[place], name = word[place], sounds = base.sounds.join(" ") || "nothing";
    const then = effect && (same(place) ? "the sounds stay" : `it says ${effect.then.join(" ") || "nothing"}`);
    words.set(`${word} is said ${sounds}. With letter ${place + 1}, ${name}, ${done()}, ${then ?? "…"}.`);
    rows.set([...word].map((one, i) => [one, format(base.kept[i]),
      effects[i] ? format(Math.max(0, ...effects[i].bits), 1) : "", effects[i] ? effects[i].then.join(" ") : ""]));
  }

  figure.append(el("div", { class: "controls" }, text.node, act.node, letter.node), buttons,
    legend([["square: bits the sound costs more", "blue", null, "s"],
      ["circle: the sounds stay", "vermilion", null, "o", true],
      ["bar: mean update gate, 0 to 1", "ochre", null, "s"]]),
    grid.node, words.node, rows.node);
  start();
  waiting = setTimeout(work, 0);
  told();

  return () => {
    work(true);
    return { word, place, action, sounds: base.sounds, kept: base.kept, bits: effects.map((effect) => effect.bits),
      then: effects.map((effect) => effect.then) };
  };
}
