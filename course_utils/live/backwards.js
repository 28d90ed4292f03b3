// Chapter 8: the weights stay, the input moves until the output is the target.

// Slope of the loss in x for each way to measure the miss of s = output at z = W x + b.
const SLOPES = {
  linear: ({ W, b, target }, x) => 2 * W * (W * x + b - target),
  squared: ({ W, b, target }, x) => {
    const s = sigmoid(W * x + b);
    return 2 * (s - target) * s * (1 - s) * W;
  },
  crossEntropy: ({ W, b, target }, x) => (sigmoid(W * x + b) - target) * W,
  logits: ({ W, b, target }, x) => 2 * W * (W * x + b - Math.log(target / (1 - target))),
};

/** Inputs on the way, the start included; cut off where they leave 1e9. */
function descend(kind, unit, start, rate, steps) {
  const slope = SLOPES[kind], path = new Float64Array(steps + 1);
  path[0] = start;
  for (let k = 1; k <= steps; k++) {
    const x = path[k - 1] - rate * slope(unit, path[k - 1]);
    if (!(Math.abs(x) < 1e9)) return path.subarray(0, k);
    path[k] = x;
    if (x === path[k - 1]) return path.fill(x, k); // it moves no more
  }
  return path;
}

function build(data, figure) {
  let kind = data.kind;
  const chosen = {}; // target, start and rate of each kind of unit, so that a change back finds them
  for (const [name, { target, start, rate }] of Object.entries(data.units)) chosen[name] = { target, start, rate };
  let shown = 0, path, stop = () => {};
  const group = () => (kind === "linear" ? "linear" : "sigmoid");
  const unit = () => data.units[group()];
  const choose = (name) => (value) => { chosen[group()][name] = value; rerun(); };

  const kinds = choice({ label: "unit and loss", options: [["linear", "linear, squared error"], ["squared", "sigmoid, squared error"],
    ["crossEntropy", "sigmoid, cross-entropy"], ["logits", "sigmoid, logits"]], value: kind,
  onInput: (value) => { kind = value; place(); rerun(); } });
  const sliders = el("div", { class: "controls" });
  const scrub = slider({ label: "step shown", min: 0, max: 200, step: 1, value: 200, show: (v) => String(stepAt(v / 200)),
    onInput: (v) => { stop(); reveal(v / 200); } });
  const play = button("Run from the start", () => {
    stop();
    stop = animate(3000, reveal);
  });
  const curve = plot({ label: "", height: 270, draw: drawCurve });
  const way = plot({ label: "", height: 270, draw: drawWay });
  const words = readout();

  /** The sliders of this kind of unit. */
  function place() {
    const { limits, step } = unit(), mine = chosen[group()];
    const ends = (name) => ({ min: limits[name][0], max: limits[name][1], step: step[name] });
    sliders.replaceChildren(kinds.node,
      slider({ label: "target y", ...ends("target"), value: mine.target, onInput: choose("target") }).node,
      slider({ label: "start x", ...ends("start"), value: mine.start, onInput: choose("start") }).node,
      slider({ label: "learning rate η", min: -2, max: 1, step: 0.01, value: Math.log10(mine.rate),
        show: (v) => String(Number((10 ** v).toPrecision(3))), onInput: (v) => choose("rate")(10 ** v) }).node);
  }

  const output = (x) => {
    const { W, b } = unit();
    return kind === "linear" ? W * x + b : sigmoid(W * x + b);
  };

  /** The input that gives the target, or NaN if there is none. */
  function solution() {
    const { W, b } = unit(), { target } = chosen[group()];
    if (kind === "linear") return (target - b) / W;
    return target > 0 && target < 1 ? (Math.log(target / (1 - target)) - b) / W : NaN;
  }

  /** A linear unit's path is short; a sigmoid's is shown over powers of ten. */
  const steps = () => (kind === "linear" ? 200 : 500_000);
  const logarithmic = () => kind !== "linear";

  function stepAt(share) {
    if (!path) return 0;
    return logarithmic() ? Math.round(path.length ** share) - 1 : Math.round((path.length - 1) * share);
  }

  function rerun() {
    stop();
    const { W, b } = unit(), mine = chosen[group()];
    path = kind === "logits" && Number.isNaN(solution())
      ? new Float64Array([mine.start]) // the loss is not defined: nothing moves
      : descend(kind, { W, b, target: mine.target }, mine.start, mine.rate, steps());
    reveal(1);
  }

  /** First step at which the output is as close to the target as the chapter asks; -1 if none. */
  function arrival() {
    const { target } = chosen[group()];
    return path.findIndex((x) => Math.abs(output(x) - target) <= unit().tolerance);
  }

  function drawCurve(width, height) {
    const { limits, ylim } = unit(), { target, start } = chosen[group()];
    const { box, x, y, parts } = axes(width, height, { xlim: limits.start, ylim, xlabel: "input x", ylabel: "output" });
    const grid = Array.from({ length: 121 }, (_, k) => limits.start[0] + (k / 120) * (limits.start[1] - limits.start[0]));
    const now = path[shown];
    parts.push(clipped(box, line([[box.left, y(target)], [box.right, y(target)]], { stroke: "var(--vermilion)", "stroke-dasharray": "6 4" }),
      line(grid.map((v) => [x(v), y(output(v))]), { stroke: "var(--blue)" }),
      marker("o", x(start), y(output(start)), { fill: "none", stroke: "var(--black)", "stroke-width": 2 }, 7),
      marker("d", x(now), y(output(now)), { fill: "var(--black)" }, 6)));
    return parts;
  }

  function drawWay(width, height) {
    const { limits } = unit(), goal = solution(), last = steps();
    const toAxis = (k) => (logarithmic() ? Math.log10(k + 1) : k);
    const xlim = [0, toAxis(last)];
    const { box, x, y, parts } = axes(width, height, { xlim, ylim: limits.path, xlabel: "step", ylabel: "input x",
      ...(logarithmic() && { xticks: [0, 1, 2, 3, 4, 5], xshow: (v) => (v ? `1e${v}` : "0") }) });
    // At most one point a pixel: half a million would not fit, and a zigzag keeps its shape.
    const points = [];
    for (let k = 0, px = -1; k <= shown; k++) {
      const here = x(toAxis(k));
      if (here - px < (logarithmic() ? 1 : 0) && k < shown) continue;
      px = here;
      points.push([here, Math.max(-1e5, Math.min(1e5, y(path[k])))]);
    }
    parts.push(clipped(box,
      Number.isNaN(goal) ? "" : line([[box.left, y(goal)], [box.right, y(goal)]], { stroke: "var(--vermilion)", "stroke-dasharray": "6 4" }),
      line(points, { stroke: "var(--blue)" }), marker("d", ...points.at(-1), { fill: "var(--black)" }, 6)));
    return parts;
  }

  function verdict() {
    const { target, rate } = chosen[group()], { W, tolerance } = unit(), at = arrival();
    const notes = [];
    if (kind === "linear" || kind === "logits") {
      notes.push(`A step multiplies the distance by 1 − 2 η W² = ${format(1 - 2 * rate * W * W, 3)}; rates from ` +
        `1 / W² = ${format(1 / (W * W), 2)} on do not converge.`);
    }
    if (Number.isNaN(solution())) {
      notes.push(kind === "logits" ? "No input gives this target, and its logit is not a number: nothing moves."
        : "No input gives this target: x grows for ever.");
    } else if (path.length <= steps()) notes.push(`The input has left every bound after ${path.length} steps: it diverges.`);
    else if (at >= 0 && Math.abs(output(path.at(-1)) - target) <= tolerance) {
      notes.push(`The output is within ${tolerance} of the target from step ${at.toLocaleString("en")} on.`);
    } else notes.push(`After ${steps().toLocaleString("en")} steps the output is not within ${tolerance} of the target.`);
    return notes.join(" ");
  }

  function reveal(share) {
    shown = stepAt(share);
    scrub.set(Math.round(200 * share));
    const now = path[shown];
    words.set(`Step ${shown.toLocaleString("en")}: x = ${format(now, 2)}, output ${format(output(now), 3)}, ` +
      `target ${format(chosen[group()].target, 2)}. ${verdict()}`);
    curve.root.setAttribute("aria-label", `Output against input, with the target and the input at step ${shown}: ${format(now, 2)}.`);
    way.root.setAttribute("aria-label", `Input against step. ${verdict()}`);
    curve.redraw();
    way.redraw();
  }

  place();
  figure.append(sliders, el("div", { class: "controls" }, scrub.node, el("div", { class: "buttons" }, play)), words.node,
    legend([["output of the unit; way of the input", "blue", "", null], ["target; solution", "vermilion", "6 4", null],
      ["start", "black", null, "o", true], ["now", "black", null, "d"]]),
    el("div", { class: "panels" }, curve.node, way.node));
  rerun();
  return () => ({ kind, ...chosen[group()], step: shown, x: path[shown], output: output(path[shown]), length: path.length,
    solution: solution(), arrival: arrival() });
}
