// Chapter 2: digit k adds W[k] + b to the state. The slider adds c to every W[k] and takes it from
// b, so nothing that the network computes can move; the control leaves b alone, so everything does.

function build(data, figure) {
  let c = 0, both = true;
  let digits = [...data.digits].map(Number);
  const { W, U, b } = data;

  const shift = slider({ label: "shift c", min: -5, max: 5, step: 0.1, value: c,
    onInput: (value) => { c = value; show(); } });
  const kind = choice({ label: "what is shifted", options: [["both", "W + c and b − c"], ["W", "control: W + c alone"]],
    value: "both", onInput: (value) => { both = value === "both"; show(); } });
  const typed = textField({ label: "Digits (up to 12)", value: data.digits, inputmode: "numeric", maxlength: 12,
    onInput: (text) => {
      digits = [...text].filter((mark) => mark >= "0" && mark <= "9").map(Number);
      show();
    } });
  const chart = plot({ label: "", height: 300, draw });
  const keys = legend([["W[k]", "blue", "", "o"], ["W[k] + b", "vermilion", "6 4", "s"], ["the digit k", "black", "2 3", null]]);
  const words = readout();
  const rows = table("The weights, shifted", ["digit k", "W[k]", "b", "W[k] + b"]);

  const shifted = () => ({ W: W.map((w) => w + c), b: both ? b - c : b });

  function output(weights, sequence) {
    return sequence.reduce((h, k) => weights.W[k] + h * U + weights.b, 0);
  }

  /** How far the shift has moved any of the outputs for the 1,000 triples of digits. */
  function moved(weights) {
    let most = 0;
    for (let n = 0; n < 1000; n++) {
      const triple = [Math.floor(n / 100), Math.floor(n / 10) % 10, n % 10];
      most = Math.max(most, Math.abs(output(weights, triple) - output({ W, b }, triple)));
    }
    return most;
  }

  function draw(width, height) {
    const now = shifted();
    const { box, x, y, parts } = axes(width, height, { xlim: [-0.4, 9.4], ylim: data.ylim, xlabel: "digit k",
      ylabel: "value", xticks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
    const place = (values) => values.map((value, k) => [x(k), y(value)]);
    const draws = (values, colour, dash, shape) => [line(place(values), { stroke: `var(--${colour})`, "stroke-dasharray": dash }),
      ...place(values).map(([px, py]) => marker(shape, px, py, { fill: `var(--${colour})` }))];
    parts.push(clipped(box, line([[x(0), y(0)], [x(9), y(9)]], { stroke: "var(--black)", "stroke-dasharray": "2 3" }),
      ...draws(now.W, "blue", null, "o"), ...draws(now.W.map((w) => w + now.b), "vermilion", "6 4", "s")));
    return parts;
  }

  function show() {
    const now = shifted(), most = moved(now);
    const sum = digits.reduce((total, digit) => total + digit, 0);
    const sequence = digits.length ? `For ${digits.join(", ")} the network says ${format(output(now, digits), 3)}; the sum is ${sum}. ` : "";
    const verdict = most < 1e-9 ? "No output of the 1,000 triples of digits has moved."
      : `Outputs of the 1,000 triples of digits have moved by up to ${format(most, 2)}.`;
    words.set(`W from ${format(Math.min(...now.W))} to ${format(Math.max(...now.W))}, b = ${format(now.b)}. ${sequence}${verdict}`);
    rows.set(now.W.map((w, k) => [String(k), format(w), format(now.b), format(w + now.b)]));
    chart.root.setAttribute("aria-label", `W[k] and W[k] + b against the digit. ${verdict}`);
    chart.redraw();
  }

  figure.append(el("div", { class: "controls" }, shift.node, kind.node, typed.node), words.node,
    el("div", { class: "panels" }, el("div", {}, keys, chart.node), rows.node));
  show();
  return () => {
    const now = shifted();
    return { c, ...now, U, digits, output: output(now, digits), moved: moved(now) };
  };
}
