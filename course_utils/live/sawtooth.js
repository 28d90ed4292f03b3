// Chapter 14: one stored weight, of which the layer uses the remainder.

const modulo = (w, m) => w - m * Math.floor(w / m);

// The used weight, and its slope between two jumps. The order of operations is that of sawtooth.py.
const KINDS = {
  modulo: { used: (w, m) => modulo(w, m), slope: () => 1, range: (m) => [0, m] },
  symmetric: { used: (w, m) => modulo(w + m / 2, m) - m / 2, slope: () => 1, range: (m) => [-m / 2, m / 2] },
  fold: { used: (w, m) => Math.abs(modulo(w - m / 2, 2 * m) - m) - m / 2,
    slope: (w, m) => (modulo(w - m / 2, 2 * m) < m ? -1 : 1), range: (m) => [-m / 2, m / 2] },
};

function build(data, figure) {
  const chosen = { target: data.target, start: data.start, rate: data.rate, m: 1 };
  let kind = "modulo", shown = data.steps, path, stop = () => {};
  const choose = (name) => (value) => { chosen[name] = value; rerun(); };

  const kinds = choice({ label: "the layer uses", value: kind, options: [["modulo", "w mod m"], ["symmetric", "w mod m, symmetric"],
    ["fold", "fold: turns round, no jump"]], onInput: (value) => { kind = value; rerun(); } });
  const [min, max] = data.limits;
  const target = slider({ label: "target", min, max, step: 0.05, value: chosen.target, onInput: choose("target") });
  const start = slider({ label: "start w", min, max, step: 0.05, value: chosen.start, onInput: choose("start") });
  const modulus = slider({ label: "modulus m", min: 0.5, max: 3, step: 0.1, value: 1, onInput: choose("m") });
  const pace = slider({ label: "learning rate", min: -3, max: -0.5, step: 0.05, value: Math.log10(chosen.rate),
    show: (v) => String(Number((10 ** v).toPrecision(2))), onInput: (v) => choose("rate")(10 ** v) });
  const scrub = slider({ label: "step shown", min: 0, max: data.steps, step: 1, value: shown, show: String,
    onInput: (k) => { stop(); reveal(k); } });
  const play = button("Run from the start", () => {
    stop();
    stop = animate(4000, (share) => reveal(Math.round(share * data.steps)));
  });
  const curve = plot({ label: "", height: 270, draw: drawCurve });
  const way = plot({ label: "", height: 270, draw: drawWay });
  const words = readout();

  const used = (w) => KINDS[kind].used(w, chosen.m);
  const loss = (w) => (used(w) - chosen.target) ** 2;

  function rerun() {
    stop();
    let w = chosen.start;
    path = [w];
    while (path.length <= data.steps) {
      w -= chosen.rate * 2 * (used(w) - chosen.target) * KINDS[kind].slope(w, chosen.m);
      path.push(w);
    }
    reveal(data.steps);
  }

  /** Steps after which the used weight has jumped, or turned round. */
  function crossings() {
    const shift = kind === "modulo" ? 0 : chosen.m / 2;
    const piece = path.map((w) => Math.floor((w + shift) / chosen.m));
    return piece.flatMap((number, k) => (k && number !== piece[k - 1] ? [k] : []));
  }

  /** Mean loss over whole rounds, from jump to jump; over the second half if there are no two. */
  function meanLoss() {
    const jumps = crossings();
    const [from, to] = jumps.length > 1 ? [jumps[0], jumps.at(-1)] : [data.steps / 2, data.steps];
    return path.slice(from, to).reduce((sum, w) => sum + loss(w), 0) / (to - from);
  }

  function best() {
    const [low, high] = KINDS[kind].range(chosen.m);
    return Math.max(low - chosen.target, 0, chosen.target - high) ** 2;
  }

  function drawCurve(width, height) {
    const [low, high] = KINDS[kind].range(chosen.m);
    const top = Math.max((low - chosen.target) ** 2, (high - chosen.target) ** 2, 0.1);
    // The loss is periodic: the window follows the run by whole periods and looks the same.
    const now = path[shown], period = kind === "fold" ? 2 * chosen.m : chosen.m;
    const beyond = now < min ? Math.floor((now - min) / period) : Math.max(0, Math.ceil((now - max) / period));
    const left = min + beyond * period, right = max + beyond * period;
    const { box, x, y, parts } = axes(width, height, { xlim: [left, right], ylim: [-0.05 * top, 1.1 * top],
      xlabel: "stored weight w", ylabel: "loss" });
    // A line from jump to jump: 25 points a piece, and no line along the jump.
    const shift = kind === "modulo" ? 0 : chosen.m / 2, arcs = [];
    for (let k = Math.floor((left + shift) / chosen.m); k * chosen.m - shift < right; k++) {
      const from = Math.max(left, k * chosen.m - shift), to = Math.min(right, (k + 1) * chosen.m - shift);
      const points = Array.from({ length: 25 }, (_, j) => from + (0.0001 + 0.9998 * (j / 24)) * (to - from));
      arcs.push(line(points.map((w) => [x(w), y(loss(w))]), { stroke: "var(--blue)" }));
    }
    parts.push(clipped(box, ...arcs,
      ...path.slice(0, shown).filter((w) => w >= left && w <= right).map((w) => marker("o", x(w), y(loss(w)), { fill: "var(--vermilion)" }, 2.5)),
      marker("d", x(now), y(loss(now)), { fill: "var(--black)" }, 6)));
    return parts;
  }

  function drawWay(width, height) {
    const [low, high] = KINDS[kind].range(chosen.m), { target: goal } = chosen;
    const { box, x, y, parts } = axes(width, height, { xlim: [0, data.steps],
      ylim: [Math.min(low, goal) - 0.15, Math.max(high, goal) + 0.15], xlabel: "step", ylabel: "used weight" });
    const points = path.slice(0, shown + 1).map((w, k) => [x(k), y(used(w))]);
    parts.push(clipped(box, line([[box.left, y(goal)], [box.right, y(goal)]], { stroke: "var(--black)", "stroke-dasharray": "6 4" }),
      line(points, { stroke: "var(--vermilion)" }), marker("d", ...points.at(-1), { fill: "var(--black)" }, 6)));
    return parts;
  }

  function verdict() {
    const count = crossings().length, verb = kind === "fold" ? "turned round" : "jumped";
    const times = count === 1 ? "once" : `${count} times`;
    const rounds = count > 1 ? "over whole rounds" : "in the second half";
    return `${count ? `It has ${verb} ${times} in ${data.steps} steps.` : `It has not ${verb}.`} Mean loss ${rounds}: ` +
      `${format(meanLoss(), 3)}; the best that a used weight can reach is ${format(best(), 3)}.`;
  }

  function reveal(step) {
    shown = step;
    scrub.set(step);
    const w = path[step];
    words.set(`Step ${step}: stored ${format(w)}, used ${format(used(w))}, loss ${format(loss(w), 3)}. ${verdict()}`);
    curve.root.setAttribute("aria-label", `Loss against the stored weight, with the run up to step ${step}. ${verdict()}`);
    way.root.setAttribute("aria-label", `Used weight against the step, with the target. ${verdict()}`);
    curve.redraw();
    way.redraw();
  }

  figure.append(el("div", { class: "controls" }, kinds.node, target.node, start.node, modulus.node, pace.node),
    el("div", { class: "controls" }, scrub.node, el("div", { class: "buttons" }, play)), words.node,
    legend([["loss", "blue", "", null], ["descent", "vermilion", "", "o"], ["target", "black", "6 4", null], ["now", "black", null, "d"]]),
    el("div", { class: "panels" }, curve.node, way.node));
  rerun();
  return () => ({ kind, ...chosen, step: shown, w: path[shown], used: used(path[shown]), loss: loss(path[shown]), last: path.at(-1),
    jumps: crossings().length, mean: meanLoss(), best: best() });
}
