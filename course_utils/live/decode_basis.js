// Chapter 3: digit k adds E[k] W + b to the state. Another basis A turns E into E A and W into
// A^-1 W, and the table E W + b stays.

function build(data, figure) {
  const size = data.W.length;
  let angle = 0, power = 0, s = 0;
  const length2 = data.W.reduce((sum, w) => sum + w * w, 0);

  const turn = slider({ label: "turn, in degrees", min: 0, max: 180, step: 1, value: 0, show: (v) => format(v, 0),
    onInput: (value) => { angle = value; show(); } });
  const stretch = slider({ label: "condition number of A", min: 0, max: 3, step: 0.1, value: 0,
    show: (v) => format(10 ** v, 1),
    onInput: (value) => { power = value; show(); } });
  const bias = slider({ label: "s: from b into E", min: -5, max: 5, step: 0.1, value: 0,
    onInput: (value) => { s = value; show(); } });
  const chart = plot({ label: "", height: (width) => Math.min(480, 92 + ((width - 92) / size) * (data.E.length + 1.6)), draw });
  const words = readout();
  const keys = legend([["above 0", "blue", null, "o"], ["below 0", "vermilion", null, "o", true]]);

  /**
   * A = R D R. R turns column j and the one as far from the other end; D shrinks column j to
   * kappa^(-j/9).
   */
  function basis() {
    const cos = Math.cos((angle * Math.PI) / 180), sin = Math.sin((angle * Math.PI) / 180);
    const R = Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) =>
      (i === j ? cos : i + j === size - 1 ? (i < j ? sin : -sin) : 0)));
    const D = Array.from({ length: size }, (_, j) => 10 ** ((-power * j) / (size - 1)));
    return { R, D };
  }

  /** The moved weights, and the table they give. R is orthogonal, so its inverse is its transpose. */
  function moved() {
    const { R, D } = basis();
    const raised = data.E.map((row) => row.map((e, j) => e + (s * data.W[j]) / length2));
    const shrunk = matmul(raised, R).map((row) => row.map((e, j) => e * D[j]));
    const E = matmul(shrunk, R);
    const back = (column) => column.map((_, j) => R.reduce((sum, row, i) => sum + row[j] * column[i], 0));
    const W = back(back(data.W).map((w, j) => w / D[j]));
    const b = data.b - s;
    const values = E.map((row) => row.reduce((sum, e, j) => sum + e * W[j], 0) + b);
    return { E, W, b, table: values };
  }

  const before = data.E.map((row) => row.reduce((sum, e, j) => sum + e * data.W[j], 0) + data.b);

  function draw(width, height) {
    const now = moved();
    const left = 30, top = 40, right = width - 62;
    const cell = Math.min((right - left) / size, (height - top - 52) / (before.length + 1.6));
    const middle = (k) => (k + 0.5) * cell;
    const text = (words, px, py, anchor = "middle") => svg("text", { x: px, y: py + 4, "text-anchor": anchor }, words);
    const parts = [text("digit", 2, 14, "start"), text("E, a row a digit", left + middle(size / 2), 14),
      text("E W + b", Math.min(left + size * cell + 12, width - 58), 14, "start")];
    // Area grows with the size of an entry; a full circle is the largest of its matrix.
    const dot = (value, most, px, py) => {
      const r = 0.48 * cell * Math.sqrt(Math.abs(value) / most);
      const colour = value < 0 ? "var(--vermilion)" : "var(--blue)";
      return svg("circle", { cx: px, cy: py, r: Math.max(r, 0.5), fill: value < 0 ? "none" : colour, stroke: colour, "stroke-width": 2 });
    };
    const mostE = Math.max(...now.E.flat().map(Math.abs)), mostW = Math.max(...now.W.map(Math.abs));
    now.E.forEach((row, k) => {
      const py = top + middle(k);
      parts.push(svg("line", { class: "grid", x1: left, x2: left + size * cell, y1: py, y2: py }), text(String(k), 14, py),
        ...row.map((value, j) => dot(value, mostE, left + middle(j), py)),
        text(format(now.table[k], 2), left + size * cell + 12, py, "start"));
    });
    const py = top + middle(before.length + 0.6);
    parts.push(svg("line", { class: "grid", x1: left, x2: left + size * cell, y1: py, y2: py }), text("W", 14, py),
      ...now.W.map((value, j) => dot(value, mostW, left + middle(j), py)), text(`b = ${format(now.b)}`, left + size * cell + 6, py, "start"),
      text(`largest entry: E ${format(mostE, 3)}, W ${format(mostW, 3)}`, left, py + cell * 0.5 + 18, "start"));
    return parts;
  }

  function show() {
    const now = moved();
    const error = Math.max(...now.table.map((value, k) => Math.abs(value - before[k])));
    const wrong = now.table.filter((value, k) => Math.round(value) !== Math.round(before[k])).length;
    const amount = error < 1e-9 ? "by less than 1e−9" : `by up to ${error < 0.01 ? error.toExponential(0).replace("-", "−") : format(error)}`;
    words.set(`The table E W + b has moved ${amount}; ${wrong} of ${before.length} digits round to a wrong value.`);
    chart.root.setAttribute("aria-label", "The entries of E, a row a digit, and of W, as circles; the table E W + b: " +
      now.table.map((value) => format(value)).join(", "));
    chart.redraw();
  }

  figure.append(el("div", { class: "controls" }, turn.node, stretch.node, bias.node), words.node, keys, chart.node);
  show();
  return () => ({ angle, kappa: 10 ** power, s, ...moved() });
}
