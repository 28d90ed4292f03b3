// Chapter 19: a pulse of any size pushes a network that remembers three bits off its corner.

function build(data, figure) {
  const STEPS = 250, LARGEST = 1.2, BLANK = [0, 0, 0];
  const KINDS = [["stable", "blue", "o"], ["saddle", "vermilion", "s"], ["unstable in 2", "green", "^"], ["in 3", "black", "d"]];
  const name = (code) => code.map((sign) => (sign > 0 ? "+" : sign < 0 ? "−" : "0")).join("\u202f");
  /** A row times a matrix. A pulse takes a thousand of them, so no closures as in matmul. */
  function times(row, matrix) {
    const sums = new Array(matrix[0].length).fill(0);
    for (let i = 0; i < row.length; i++) for (let j = 0; j < sums.length; j++) sums[j] += row[i] * matrix[i][j];
    return sums;
  }
  const plus = (one, other) => one.map((value, k) => value + other[k]);
  const step = (h, x) => plus(plus(times(h, data.U), times(x, data.W)), data.b).map(Math.tanh);
  const output = (h) => plus(times(h, data.V), data.c);
  const look = (h) => times(h.map((value, k) => value - data.centre[k]), data.sight);
  const point = Object.fromEntries(data.points.map((one) => [name(one.code), one]));
  const rests = {};
  let held = [-1, -1, -1], line1 = 0, size = data.size, low = 0, high = Infinity, halvings = 0, run;

  /** Where the network rests that holds these signs. */
  function corner(code) {
    if (rests[name(code)]) return rests[name(code)];
    let h = data.b.map(() => 0);
    for (let t = 0; t <= 300; t++) h = step(h, t ? BLANK : code);
    return (rests[name(code)] = h);
  }

  /** Send the pulse; beside the run goes the forecast from the Jacobian at the corner. */
  function send() {
    const rest = corner(held), x = [...BLANK];
    x[line1] = -held[line1] * size;
    let h = step(rest, x), d = h.map((value, k) => value - rest[k]);
    const states = [rest], foretold = [rest];
    for (let t = 0; t < STEPS; t++) {
      states.push(h);
      foretold.push(plus(rest, d));
      h = step(h, BLANK);
      d = times(d, data.U).map((value, k) => value * (1 - rest[k] ** 2));
    }
    const said = states.map(output), last = said.at(-1);
    const away = (t) => Math.max(...said[t].map((value, k) => Math.abs(value - last[k]))) > 0.1;
    let settled = STEPS;
    while (settled > 0 && !away(settled - 1)) settled--;
    run = { said, settled, end: last.map(Math.sign), guess: foretold.map(output), path: states.map(look), ghost: foretold.map(look) };
    run.turned = run.end[line1] !== held[line1];
    if (run.turned) high = Math.min(high, size);
    else low = Math.max(low, size);
    show();
  }

  /** Send a pulse from the corner where the network is now. */
  function pulse(k) {
    [held, line1] = [run.end, k];
    restart(size);
  }

  function restart(value) {
    [size, low, high, halvings] = [value, 0, Infinity, 0];
    send();
  }

  function halve() {
    size = (low + Math.min(high, LARGEST)) / 2;
    halvings++;
    sizes.set(size);
    send();
  }

  const sizes = slider({ label: "size of the pulse", min: 0, max: LARGEST, step: 0.01, value: size, onInput: restart });
  const turn = slider({ label: "turn the cube, in degrees", min: -180, max: 180, step: 5, value: data.angle, show: (v) => format(v, 0),
    onInput: () => cube.redraw() });
  const cube = plot({ label: "", height: (width) => Math.min(width, 320), draw: drawCube });
  const time = plot({ label: "", height: 320, draw: drawTime });
  const words = readout();

  function drawCube(width, height) {
    const angle = (turn.input.valueAsNumber * Math.PI) / 180, tilt = Math.PI / 9, scale = Math.min(width, height) / 3.9;
    const flat = ([x, y, z]) => {
      const far = x * Math.sin(angle) + y * Math.cos(angle);
      const near = scale / (1 - 0.12 * (z * Math.sin(tilt) - far * Math.cos(tilt)));
      return [width / 2 + near * (x * Math.cos(angle) - y * Math.sin(angle)), height / 2 - near * (z * Math.cos(tilt) + far * Math.sin(tilt))];
    };
    const parts = [];
    for (const { code, seen } of data.points.filter((one) => one.unstable === 1)) {
      const [from, to] = [-1, 1].map((sign) => point[name(code.map((value) => value || sign))]);
      if (from && to) parts.push(line([from.seen, seen, to.seen].map(flat), { stroke: "var(--line)", style: "stroke-width: 1" }));
    }
    for (const { code, seen, unstable } of data.points) {
      const [px, py] = flat(seen), [, colour, shape] = KINDS[unstable] ?? KINDS[3];
      parts.push(marker(shape, px, py, { fill: `var(--${colour})` }, unstable ? 4 : 5));
      if (!unstable) parts.push(svg("text", { x: px, y: py + (code[2] > 0 ? -10 : 20), "text-anchor": "middle" }, name(code)));
    }
    const path = run.path.map(flat), [px, py] = path.at(-1);
    parts.push(line(run.ghost.map(flat), { stroke: "var(--purple)", "stroke-dasharray": "6 4" }), line(path, { stroke: "var(--black)" }),
      ...path.slice(0, run.settled + 1).map(([x, y]) => marker("o", x, y, { fill: "var(--black)" }, 2)),
      marker("o", px, py, { fill: "none", stroke: "var(--black)", "stroke-width": 2 }, 9));
    return parts;
  }

  function drawTime(width, height) {
    const upto = Math.max(20, 10 * Math.ceil((run.settled + 6) / 10));
    const { box, x, y, parts } = axes(width, height, { xlim: [0, upto], ylim: [-1.5, 1.5], xlabel: "step", ylabel: `output of line ${line1 + 1}` });
    const curve = (values) => values.slice(0, upto + 1).map((value, t) => [x(t), y(value[line1])]);
    parts.push(clipped(box, line([[box.left, y(0)], [box.right, y(0)]], { stroke: "var(--line)" }),
      line(curve(run.guess), { stroke: "var(--purple)", "stroke-dasharray": "6 4" }), line(curve(run.said), { stroke: "var(--black)" }),
      ...curve(run.said).map(([px, py]) => marker("o", px, py, { fill: "var(--black)" }, 2.5))));
    return parts;
  }

  function show() {
    const saddle = point[name(held.map((sign, k) => (k === line1 ? 0 : sign)))];
    const from = name(held), to = name(run.end), digits = Math.min(15, 3 + Math.ceil(halvings * Math.log10(2)));
    const where = run.turned ? `the bit turns, from ${from} to ${to}` : to === from ? `the state comes back to ${from}` : `the state goes from ${from} to ${to}`;
    const border = Number.isFinite(high) && low > 0 ? ` The border lies between ${format(low, digits)} and ${format(high, digits)}.` : "";
    const pace = saddle && halvings ? ` The saddle ${name(saddle.code)} has λ = ${format(saddle.rate)}: each halving of the gap costs about ${format(Math.log(2) / Math.log(saddle.rate), 1)} steps.` : "";
    const result = `A pulse of ${format(size, digits)} on line ${line1 + 1}: ${where}. Its outputs are settled after ${run.settled} step${run.settled === 1 ? "" : "s"}. Foretold at the corner: back to ${from}.`;
    words.set(result + border + pace);
    cube.root.setAttribute("aria-label", `Fixed points as a cube, with the path of the state. ${result}`);
    time.root.setAttribute("aria-label", `Output of line ${line1 + 1} against the step, with the forecast. ${result}`);
    cube.redraw();
    time.redraw();
  }

  send();
  figure.append(el("div", { class: "controls" }, sizes.node, turn.node),
    el("div", { class: "buttons" }, ...[0, 1, 2].map((k) => button(`Pulse on line ${k + 1}`, () => pulse(k))), button("Halve the gap", halve)),
    words.node,
    legend([["the network", "black", "", "o"], ["foretold by J at the corner", "purple", "6 4", null], ...KINDS.map(([text, colour, shape]) => [text, colour, null, shape])]),
    el("div", { class: "panels" }, cube.node, time.node));
  return () => ({ held, line: line1 + 1, size, low, high: Number.isFinite(high) ? high : null, angle: turn.input.valueAsNumber, ...run });
}
