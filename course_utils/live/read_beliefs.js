// Chapter 21: beliefs by Bayes' rule, and what a linear read-out finds in a network, whose weights
// a slider takes from the start to the end of training.

/** Solve equations by elimination, for several right-hand sides as columns of `right`. */
function solve(matrix, right) {
  const n = matrix.length, rows = matrix.map((row, k) => [...row, ...right[k]]);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let j = k + 1; j < n; j++) if (Math.abs(rows[j][k]) > Math.abs(rows[best][k])) best = j;
    [rows[k], rows[best]] = [rows[best], rows[k]];
    for (let j = k + 1; j < n; j++) {
      const share = rows[j][k] / rows[k][k];
      for (let column = k; column < rows[j].length; column++) rows[j][column] -= share * rows[k][column];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let column = n; column < rows[k].length; column++) {
      for (let j = k + 1; j < n; j++) rows[k][column] -= rows[k][j] * rows[j][column];
      rows[k][column] /= rows[k][k];
    }
  }
  return rows.map((row) => row.slice(n));
}

/** The belief after each symbol; it ends before a symbol that cannot come. */
function filtered(T, start, string) {
  const path = [];
  let b = start;
  for (const x of string) {
    const both = matmul([b], T[x])[0], sum = both.reduce((total, p) => total + p, 0);
    if (sum === 0) break;
    b = both.map((p) => p / sum);
    path.push(b);
  }
  return path;
}

/** The states of a GRU after each symbol, with PyTorch's weights. */
function gru([W, U, b, c], string) {
  const n = U[0].length, path = [];
  let h = Array(n).fill(0);
  for (const x of string) {
    const outer = U.map((row, k) => {
      let sum = c[k];
      for (let j = 0; j < n; j++) sum += row[j] * h[j];
      return sum;
    });
    h = h.map((before, k) => {
      const reset = sigmoid(W[k][x] + b[k] + outer[k]), keep = sigmoid(W[n + k][x] + b[n + k] + outer[n + k]);
      return (1 - keep) * Math.tanh(W[2 * n + k][x] + b[2 * n + k] + reset * outer[2 * n + k]) + keep * before;
    });
    path.push(h);
  }
  return path;
}

/** Weights a share of the way from the start to the end of training. */
function mixed(start, end, share) {
  return Array.isArray(start) ? start.map((part, k) => mixed(part, end[k], share)) : start + share * (end - start);
}

function build(data, figure) {
  const STATES = "abcde"; // as the chapter calls the rooms
  const SOURCES = [["states", "its states"], ["predictions", "its predictions"], ["symbols", "the symbols alone"]];
  const names = Object.keys(data.processes);
  let name = names[0], share = 0, source = "states", typed = [], now;

  const process = choice({ label: "process", options: names.map((key) => [key, key]), value: name,
    onInput: (value) => { name = value; typed = []; field.input.value = ""; show(); } });
  const from = choice({ label: "read from", options: SOURCES, value: source, onInput: (value) => { source = value; show(); } });
  const trained = slider({ label: "share of the training", min: 0, max: 1, step: 0.05, value: share, onInput: (value) => { share = value; show(); } });
  const field = textField({ label: "a string to follow", value: "", autocapitalize: "none", spellcheck: "false",
    onInput: (value) => { typed = value.split("").map((letter) => chosen().symbols.indexOf(letter)); show(); } });
  const truth = plot({ label: "", height: (width) => Math.min(340, width), draw: (...size) => picture(...size, now.b, now.path) });
  const found = plot({ label: "", height: (width) => Math.min(340, width), draw: (...size) => picture(...size, now.found, now.readPath) });
  const words = readout(), key = el("div");
  const chosen = () => data.processes[name];

  /** What is read at each step of a string. */
  function features(weights, string) {
    const { symbols, strings } = chosen();
    if (source === "symbols") {
      return string.map((_, t) => strings[0].flatMap((_, lag) => [...symbols].map((_, k) => Number(lag <= t && string[t - lag] === k))));
    }
    const states = gru(weights, string);
    if (source === "states") return states;
    const [V, d] = weights.slice(4);
    return states.map((h) => {
      const odds = V.map((row, k) => Math.exp(row.reduce((total, w, j) => total + w * h[j], d[k])));
      const all = odds.reduce((total, p) => total + p, 0);
      return odds.map((p) => p / all);
    });
  }

  /** Fit the read-out on the first strings and read the others. */
  function compute() {
    const { T, start, strings, fresh, trained } = chosen(), weights = mixed(fresh, trained, share);
    const F = strings.map((string) => features(weights, string).map((row) => [1, ...row]));
    const B = strings.map((string) => filtered(T, start, string));
    const n = F[0][0].length, states = start.length;
    const square = Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => (j === k ? data.ridge : 0)));
    const right = Array.from({ length: n }, () => Array(states).fill(0)), mean = Array(states).fill(0);
    const rows = F.slice(0, data.fitted).flat(), wanted = B.slice(0, data.fitted).flat();
    rows.forEach((row, place) => {
      const b = wanted[place];
      for (let k = 0; k < n; k++) {
        if (row[k] === 0) continue;
        for (let j = 0; j < n; j++) square[k][j] += row[k] * row[j];
        for (let j = 0; j < states; j++) right[k][j] += row[k] * b[j];
      }
      for (let j = 0; j < states; j++) mean[j] += b[j] / rows.length;
    });
    const R = solve(square, right);
    const b = B.slice(data.fitted).flat(), read = matmul(F.slice(data.fitted).flat(), R);
    let wrong = 0, off = 0;
    b.forEach((row, place) => row.forEach((value, k) => {
      wrong += (read[place][k] - value) ** 2;
      off += (value - mean[k]) ** 2;
    }));
    const known = typed.slice(0, strings[0].length), bad = known.indexOf(-1);
    const path = filtered(T, start, bad < 0 ? known : known.slice(0, bad)), followed = known.slice(0, path.length);
    const readPath = followed.length ? matmul(features(weights, followed).map((row) => [1, ...row]), R) : [];
    now = { name, share, source, b, found: read, score: 1 - wrong / off, path, readPath, followed };
  }

  function picture(width, height, points, path) {
    const { corners } = chosen(), r = 0.34 * Math.min(width, height);
    const at = (b) => matmul([b], corners)[0], x = (p) => width / 2 + r * p[0], y = (p) => height / 2 - r * p[1];
    const seen = new Set(), parts = [svg("polygon", { points: corners.map((p) => `${x(p)},${y(p)}`).join(" "), fill: "none", stroke: "var(--line)" })];
    points.forEach((b, place) => {
      const p = at(b), spot = `${x(p).toFixed(1)},${y(p).toFixed(1)}`;
      if (seen.has(spot)) return;
      seen.add(spot);
      const [shape, colour] = data.looks[now.b[place].indexOf(Math.max(...now.b[place]))];
      parts.push(marker(shape, x(p), y(p), { fill: `var(--${colour})` }, 2.5));
    });
    const steps = path.map(at);
    if (steps.length) parts.push(line(steps.map((p) => [x(p), y(p)]), { stroke: "var(--black)" }));
    steps.forEach((p, k) => parts.push(marker("o", x(p), y(p), { fill: k === steps.length - 1 ? "var(--black)" : "var(--paper)",
      stroke: "var(--black)", "stroke-width": 1.5 }, k === steps.length - 1 ? 7 : 4)));
    corners.forEach((p, k) => parts.push(svg("text", { x: x(p) + 14 * p[0], y: y(p) + (p[1] > 0 ? -10 : 20), "text-anchor": "middle" }, STATES[k])));
    return parts;
  }

  function show() {
    compute();
    const { symbols, start, strings } = chosen(), numbers = (b) => b.map((p) => format(p)).join(", ");
    const stop = typed.length > now.followed.length
      ? now.followed.length === strings[0].length ? ` Only the first ${strings[0].length} symbols are read.`
        : typed[now.followed.length] < 0 ? ` ${name} has the symbols ${[...symbols].join(", ")}.` : " The next symbol cannot come there." : "";
    const end = now.path.length ? ` After ${now.followed.map((x) => symbols[x]).join("")} Bayes' rule says ${numbers(now.path.at(-1))}; read: ${numbers(now.readPath.at(-1))}.` : "";
    const what = source === "symbols" ? "the symbols alone" : `${SOURCES.find(([key]) => key === source)[1]}, with ${format(share)} of the training`;
    words.set(`${name}, read from ${what}: R² = ${format(now.score)}.${end}${stop}`);
    truth.root.setAttribute("aria-label", `Beliefs of ${name} by Bayes' rule, between ${start.length} corners.`);
    found.root.setAttribute("aria-label", `The same beliefs, read from ${what}. R squared is ${format(now.score)}.`);
    key.replaceChildren(legend([...start.map((_, k) => [`likeliest: ${STATES[k]}`, data.looks[k][1], null, data.looks[k][0]]),
      ...(now.path.length ? [["your string", "black", "", "o"]] : [])]));
    truth.redraw();
    found.redraw();
  }

  figure.append(el("div", { class: "controls" }, process.node, from.node, trained.node, field.node), words.node,
    el("div", { class: "panels" }, el("div", {}, el("p", {}, "Bayes' rule"), truth.node), el("div", {}, el("p", {}, "read out"), found.node)), key);
  show();
  return () => now;
}
