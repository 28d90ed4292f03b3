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
  const presets = data.presets.map(([label, W, U, b]) => button(label, () => setWeights({ W, U, b })));

  const chart = plot({ label: "", draw: drawStates });
  const keys = legend([["state h", "blue", "", "s"], ["sum of the digits so far", "vermilion", "5 4", "o", true]]);
  const words = readout();
  const steps = table("The states step by step", ["step", "digit x", "x W", "h U", "b", "new h", "sum"]);

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
  }

  figure.append(
    el("div", { class: "controls" }, dials.W.node, dials.U.node, dials.b.node, typed.node),
    el("div", { class: "buttons" }, ...presets), words.node, keys, chart.node, steps.node);
  show();
  return () => ({ ...weights, digits, h: states(weights, digits), loss: expectedLoss(weights) });
}
