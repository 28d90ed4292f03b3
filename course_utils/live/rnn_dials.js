// The recurrent network of three weights, h_t = x_t W + h_(t-1) U + b: dials, states, and, if the
// figure has a surface, gradient descent on the loss over W and U.

const MEAN = 4.5, VARIANCE = 8.25; // of a digit from 0 to 9, each as likely as the others

/** The states h_0 ... h_T. */
function states({ W, U, b }, digits) {
  const h = [0];
  for (const x of digits) h.push(x * W + h.at(-1) * U + b);
  return h;
}

/** Mean squared error over all sequences of three digits, whose sums are to be given. */
function expectedLoss({ W, U, b }, mean = MEAN) {
  const spread = (W * U * U - 1) ** 2 + (W * U - 1) ** 2 + (W - 1) ** 2;
  return VARIANCE * spread + ((mean * W + b) * (1 + U + U * U) - 3 * mean) ** 2;
}

/**
 * Derivatives of expectedLoss with respect to W, U and b. In the left valley a run is chaotic: it
 * magnifies the last bit of a product. So the order of all operations is that of rnn.py.
 */
function gradient(W, U, b, mean) {
  const c1 = W * (U * U) - 1, c2 = W * U - 1, c3 = W - 1, S = 1 + U + U * U;
  const miss = (mean * W + b) * S - 3 * mean;
  return [2 * (VARIANCE * (c1 * (U * U) + c2 * U + c3) + miss * mean * S),
    2 * (VARIANCE * W * (2 * c1 * U + c2) + miss * (mean * W + b) * (1 + 2 * U)), 2 * miss * S];
}

/** Plain gradient descent from b = 0; the path as [W, U, b], cut off where it leaves 1e6. */
function descend(W, U, rate, steps, mean) {
  let b = 0;
  const path = [[W, U, b]];
  for (let k = 0; k < steps; k++) {
    const [byW, byU, byb] = gradient(W, U, b, mean);
    W -= rate * byW;
    U -= rate * byU;
    b -= rate * byb;
    if (!(Math.abs(W) + Math.abs(U) + Math.abs(b) < 1e6)) break;
    path.push([W, U, b]);
  }
  return path;
}

/** The map: click a start, or set it with the sliders, and follow the run. */
function buildSurface(data, current, setWeights) {
  const start = { ...data.start };
  let rate = data.rate, mean = MEAN, path, shown, stop = () => {};
  const rerun = () => { run(); reveal(1); };

  const startW = slider({ label: "start of W", min: data.W[0], max: data.W[1], step: 0.01, value: start.W,
    onInput: (value) => { start.W = value; rerun(); } });
  const startU = slider({ label: "start of U", min: data.U[0], max: data.U[1], step: 0.01, value: start.U,
    onInput: (value) => { start.U = value; rerun(); } });
  const pace = slider({ label: "learning rate", min: -4, max: -1.5, step: 0.05, value: Math.log10(rate),
    show: (v) => String(Number((10 ** v).toPrecision(2))), onInput: (v) => { rate = 10 ** v; rerun(); } });
  const kind = choice({ label: "digits and sums", options: [["raw", "as they are"], ["centred", "minus their mean"]],
    value: "raw", onInput: (value) => { mean = value === "raw" ? MEAN : 0; rerun(); } });
  // The first steps decide: the slider goes through them slowly and through the last ones fast.
  const scrub = slider({ label: "step shown", min: 0, max: 200, step: 1, value: 200,
    show: (v) => String(stepAt(v / 200)), onInput: (v) => { stop(); reveal(v / 200); } });
  const play = button("Run from here", () => {
    stop();
    stop = animate(3000, reveal);
  });
  const map = plot({ label: "", height: (width) => Math.min(380, 0.8 * width), draw: drawMap });
  map.root.style.cursor = "crosshair";
  map.root.addEventListener("click", (event) => {
    const area = map.root.getBoundingClientRect();
    const { toX, toY, box } = frame(area.width, area.height);
    const px = event.clientX - area.left, py = event.clientY - area.top;
    if (px < box.left || px > box.right || py < box.top || py > box.bottom) return;
    start.U = toX(px);
    start.W = toY(py);
    startU.set(start.U);
    startW.set(start.W);
    run();
    play.click();
  });
  const words = readout();

  function stepAt(share) {
    return path ? Math.round(path.length ** share) - 1 : data.steps;
  }

  function frame(width, height) {
    return axes(width, height, { xlim: data.U, ylim: data.W, xlabel: "U, recurrent weight", ylabel: "W, input weight" });
  }

  /** Colours of the loss at the best b, which makes the second term of the loss 0. */
  const painted = new Map();
  function shades(columns, rows) {
    const key = `${columns} ${rows}`;
    if (painted.has(key)) return painted.get(key);
    const canvas = el("canvas", { width: columns, height: rows });
    const pen = canvas.getContext("2d"), image = pen.createImageData(columns, rows);
    for (let row = 0; row < rows; row++) {
      const W = data.W[1] - ((row + 0.5) / rows) * (data.W[1] - data.W[0]);
      for (let column = 0; column < columns; column++) {
        const U = data.U[0] + ((column + 0.5) / columns) * (data.U[1] - data.U[0]);
        const height = VARIANCE * ((W * U * U - 1) ** 2 + (W * U - 1) ** 2 + (W - 1) ** 2);
        let band = data.levels.findIndex((level) => height < level) - 1;
        if (band < 0) band = data.colours.length - 1;
        image.data.set([...data.colours[band], 255], 4 * (row * columns + column));
      }
    }
    pen.putImageData(image, 0, 0);
    painted.set(key, canvas.toDataURL());
    return painted.get(key);
  }

  function drawMap(width, height) {
    const { box, x, y, parts } = frame(width, height);
    const across = box.right - box.left, down = box.bottom - box.top;
    const picture = svg("image", { href: shades(Math.round(across / 2), Math.round(down / 2)), x: box.left,
      y: box.top, width: across, height: down, preserveAspectRatio: "none" });
    const kept = [];
    for (let k = 0; k <= shown; k++) {
      const px = x(path[k][1]), py = y(path[k][0]), last = kept.at(-1);
      if (!last || k === shown || Math.hypot(px - last[0], py - last[1]) > 1) kept.push([px, py]);
    }
    const name = (text, U, W, anchor) => svg("text", { x: x(U), y: y(W), "text-anchor": anchor, stroke: "var(--paper)",
      "stroke-width": 4, "paint-order": "stroke", style: "font-weight: 600" }, text);
    const ink = "#222222";
    parts.push(picture, clipped(box,
      line(kept, { stroke: ink, style: "stroke-width: 4" }), line(kept, { stroke: "#ffffff" }),
      marker("o", x(start.U), y(start.W), { fill: "#ffffff", stroke: ink, "stroke-width": 2 }, 6),
      marker("d", x(current.U), y(current.W), { fill: "#ffb000", stroke: ink, "stroke-width": 2 }, 7)),
    name("adds all three", 2.05, 1.7, "end"), name("keeps the first", -3.8, -0.6, "start"));
    return parts;
  }

  function run() {
    stop();
    path = descend(start.W, start.U, rate, data.steps, mean);
  }

  function verdict() {
    const [W, U, b] = path[shown];
    if (path.length <= data.steps && shown === path.length - 1) return `The run has diverged: step ${path.length} is beyond a million.`;
    if (Math.abs(W - 1) < 0.05 && Math.abs(U - 1) < 0.05 && Math.abs(b) < 0.05) {
      return "The network adds all three digits.";
    }
    if (U < -1) return "It is in the left valley: the network keeps mostly the first digit.";
    return "It has reached neither valley floor yet.";
  }

  function reveal(share) {
    shown = stepAt(share);
    const [W, U, b] = path[shown];
    setWeights({ W, U, b });
    scrub.set(Math.round(200 * share));
    const limit = data.limits[mean ? "raw" : "centred"];
    const stable = rate < limit ? "below" : "above";
    words.set(`Step ${shown}: W = ${format(W, 3)}, U = ${format(U, 3)}, b = ${format(b, 3)}, loss ` +
      `${format(expectedLoss({ W, U, b }, mean), 3)}. ${verdict()} ` +
      `(The learning rate is ${stable} ${format(limit, 4)}, the limit at the solution.)`);
    map.root.setAttribute("aria-label", `Map of the loss over U and W with the path of the run. ${verdict()}`);
  }

  const keys = el("p", {}, "Darker is a smaller loss, with b at its best. Circle: start, with b = 0. Diamond: the " +
    "network on the dials. Click the map, or move the sliders, to start elsewhere.");
  // The verdict stands at the map: on a phone both are in view.
  const node = el("div", {}, el("div", { class: "controls" }, startU.node, startW.node, pace.node, kind.node),
    map.node, words.node, el("div", { class: "controls" }, scrub.node, el("div", { class: "buttons" }, play)), keys);
  return { node, redraw: map.redraw, begin: rerun,
    state: () => ({ start: { ...start }, rate, mean, step: shown, steps: path.length - 1, end: path.at(-1) }) };
}

function build(data, figure) {
  const weights = { ...data.weights };
  let digits = [...data.digits].map(Number);

  const dials = {};
  for (const name of ["W", "U", "b"]) {
    dials[name] = slider({ label: data.names[name], min: data.limits[name][0], max: data.limits[name][1],
      step: 0.01, value: weights[name], show: (v) => format(v, 3), onInput: (value) => { weights[name] = value; show(); } });
  }
  const typed = textField({ label: "Digits (up to 12)", value: data.digits, inputmode: "numeric", maxlength: 12,
    onInput: (text) => {
      digits = [...text].filter((mark) => mark >= "0" && mark <= "9").map(Number);
      show();
    } });
  const presets = data.presets.map(([label, W, U, b]) => button(label.replaceAll("-", "−"), () => setWeights({ W, U, b })));

  const chart = plot({ label: "", draw: drawStates });
  const keys = legend([["state h", "blue", "", "s"], ["sum of the digits so far", "vermilion", "5 4", "o", true]]);
  const words = readout();
  const steps = table("The states step by step", ["step", "digit x", "x W", "h U", "b", "new h", "sum"]);

  const surface = data.surface && buildSurface(data.surface, weights, setWeights);

  function setWeights(given) {
    Object.assign(weights, given);
    for (const name of ["W", "U", "b"]) dials[name].set(weights[name]);
    show();
  }

  function drawStates(width, height) {
    const h = states(weights, digits), sums = states({ W: 1, U: 1, b: 0 }, digits);
    const low = Math.min(0, ...h, ...sums), high = Math.max(1, ...h, ...sums);
    const room = 0.06 * (high - low);
    const steps = Math.max(1, digits.length);
    const { x, y, parts } = axes(width, height, { xlim: [0, steps], ylim: [low - room, high + room],
      xlabel: "step", ylabel: "state, sum", xticks: ticks(0, steps, Math.min(steps, 12)),
      yshow: (v) => (Math.abs(v) >= 1e5 ? v.toExponential(0) : String(v)) });
    const place = (values) => values.map((value, t) => [x(t), y(value)]);
    parts.push(line(place(sums), { stroke: "var(--vermilion)", "stroke-dasharray": "5 4" }),
      ...place(sums).map(([px, py]) => marker("o", px, py,
        { fill: "none", stroke: "var(--vermilion)", "stroke-width": 2 }, 7)),
      line(place(h), { stroke: "var(--blue)" }),
      ...place(h).map(([px, py]) => marker("s", px, py, { fill: "var(--blue)" }, 4)));
    return parts;
  }

  function show() {
    const h = states(weights, digits), last = h.at(-1);
    const sum = digits.reduce((total, digit) => total + digit, 0);
    const result = digits.length
      ? `After ${digits.join(", ")} the state is ${format(last, 3)}; the sum is ${sum}.`
      : "Type at least one digit.";
    words.set(`${result} Mean squared error over all triples of digits: ${format(expectedLoss(weights), 3)}.`);
    steps.set(digits.map((digit, t) => [String(t + 1), String(digit), format(digit * weights.W, 3),
      format(h[t] * weights.U, 3), format(weights.b, 3), format(h[t + 1], 3),
      String(digits.slice(0, t + 1).reduce((total, x) => total + x, 0))]));
    chart.root.setAttribute("aria-label", `State and sum against the step. ${result}`);
    chart.redraw();
    if (surface) surface.redraw();
  }

  const network = el("div", {},
    el("div", { class: "controls" }, dials.W.node, dials.U.node, dials.b.node, typed.node),
    el("div", { class: "buttons" }, ...presets), words.node, keys, chart.node, steps.node);
  figure.append(surface ? el("div", { class: "panels" }, surface.node, network) : network);
  if (surface) surface.begin();
  else show();
  return () => ({ ...weights, digits, h: states(weights, digits), loss: expectedLoss(weights),
    ...(surface && surface.state()) });
}
