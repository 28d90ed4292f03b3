// Chapter 20: two networks read the reader's string. Their states walk among those of 128 other
// strings of the same length; beside them the automaton of parity takes the same symbols.

function build(data, figure) {
  const { longest, networks, crowd, limits } = data;
  let string = data.string, at = data.at;

  /** Whether the number of ones among the first symbols is odd. */
  const isOdd = (text, t = at) => [...text.slice(0, t)].filter((symbol) => symbol === "1").length % 2 === 1;

  const dot = (left, right) => left.reduce((sum, value, k) => sum + value * right[k], 0);

  /** Let a network read: the log odds of odd, and the place along the second direction, after 0, 1, 2, ... symbols. */
  function walk({ W, U, b, V, c, up }, text) {
    let h = b.map(() => 0);
    const path = [{ odds: c, up: 0 }];
    for (const symbol of text) {
      const z = b.map((bias, k) => bias + Number(symbol) * W[k]);
      h.forEach((value, i) => U[i].forEach((weight, k) => { z[k] += value * weight; }));
      h = z.map(Math.tanh);
      path.push({ odds: dot(h, V) + c, up: dot(h, up) });
    }
    return path;
  }

  const around = networks.map((network) => crowd.map((text) => walk(network, text)));
  let walks = [];
  const mistakes = (k) => walks[k].map(({ odds }, t) => t > 0 && (odds > 0) !== isOdd(string, t) && t).filter(Boolean);
  const share = (k) => crowd.filter((text, n) => (around[k][n][at].odds > 0) === isOdd(text)).length / crowd.length;

  const field = textField({ label: `Your string of 0 and 1 (up to ${longest})`, value: string, inputmode: "numeric", spellcheck: "false",
    onInput: (text) => read(text.replace(/[^01]/g, "").slice(0, longest)) });
  const steps = slider({ label: "symbols read", min: 1, max: longest, step: 1, value: at, show: (t) => `${t} of ${string.length}`,
    onInput: (t) => { at = t; show(); } });
  const add = (symbol) => button(`Add a ${symbol}`, () => write((string + symbol).slice(0, longest)));
  const other = button("Another string of 20", () => write(Array.from({ length: 20 }, () => (Math.random() < 0.5 ? "0" : "1")).join("")));
  const planes = networks.map((network, k) => plot({ label: "", height: 280, draw: (width, height) => drawPlane(k, width, height) }));
  const machine = plot({ label: "", height: 120, draw: drawMachine });
  const words = readout();

  function drawPlane(k, width, height) {
    const [wide, tall] = limits;
    const { box, x, y, parts } = axes(width, height, { xlim: [-wide, wide], ylim: [-tall, tall],
      xlabel: "even ← log odds of odd → odd", ylabel: "second direction" });
    const place = ({ odds, up }) => [x(odds), y(up)];
    const others = at ? crowd.map((text, n) => {
      const look = { fill: "none", "stroke-width": 1.5, stroke: `var(--${isOdd(text) ? "blue" : "vermilion"})` };
      return marker(isOdd(text) ? "o" : "s", ...place(around[k][n][at]), look, 4);
    }) : [];
    const mine = walks[k].slice(Math.max(1, at + 1 - data.walked), at + 1).map(place);
    parts.push(clipped(box, line([[x(0), box.top], [x(0), box.bottom]], { stroke: "var(--black)", "stroke-dasharray": "2 4" }), ...others,
      line(mine, { stroke: "var(--black)", "stroke-width": 1 }), ...mine.slice(0, -1).map((point) => marker("o", ...point, { fill: "var(--black)" }, 2)),
      ...mine.slice(-1).map((point) => marker("d", ...point, { fill: "var(--black)" }, 6))));
    return parts;
  }

  /** The automaton of parity; a 1 changes its state, a 0 keeps it. */
  function drawMachine(width) {
    const middle = width / 2, apart = Math.min(70, middle - 73), parts = [];
    for (const [side, name, here] of [[-1, "even", !isOdd(string)], [1, "odd", isOdd(string)]]) {
      const x = middle + apart * side, turn = `rotate(${side < 0 ? 180 : 0} ${x} 60)`, arrow = { stroke: "var(--blue)", fill: "none" };
      parts.push(svg("circle", { cx: x, cy: 60, r: 26, stroke: "var(--black)", "stroke-width": here ? 5 : 1, fill: here ? "var(--soft)" : "none" }),
        svg("text", { x, y: 65, "text-anchor": "middle" }, name),
        svg("g", { transform: turn }, svg("path", { ...arrow, d: `M${x - 20},37Q${x - apart},17 ${x - 2 * apart + 22},35` }),
          marker("v", x - 2 * apart + 18, 37, { fill: "var(--blue)", transform: `rotate(60 ${x - 2 * apart + 18} 37)` }),
          svg("path", { ...arrow, d: `M${x + 22},76C${x + 66},96 ${x + 66},24 ${x + 27},42` }),
          marker("v", x + 25, 44, { fill: "var(--blue)", transform: `rotate(60 ${x + 25} 44)` })),
        svg("text", { x: middle, y: 60 + 42 * side + 5, "text-anchor": "middle" }, "1"),
        svg("text", { x: x + 66 * side, y: 65, "text-anchor": "middle" }, "0"));
    }
    return parts;
  }

  function write(text) {
    field.input.value = text;
    read(text);
  }

  /** Take another string, and read all of it. */
  function read(text) {
    string = text;
    at = text.length;
    walks = networks.map((network) => walk(network, string));
    show();
  }

  function show() {
    steps.input.max = Math.max(1, string.length);
    steps.input.disabled = !string;
    steps.set(at);
    const count = [...string.slice(0, at)].filter((symbol) => symbol === "1").length, right = isOdd(string) ? "odd" : "even";
    const told = networks.map(({ name }, k) => {
      const says = walks[k][at].odds > 0 ? "odd" : "even", wrong = mistakes(k).filter((t) => t <= at);
      const yours = wrong.length ? `mistakes so far after symbol ${wrong.join(", ")}` : "no mistake so far";
      return `${name}: says ${says}, ${says === right ? "right" : "wrong"}; ${yours}; right on ${format(100 * share(k), 0)}% of 128 strings this long.`;
    });
    words.set(at ? `${at} symbol${at > 1 ? "s" : ""}, ${count} one${count === 1 ? "" : "s"}: ${right}. ${told.join(" ")}` : "Type 0 or 1.");
    networks.forEach(({ name }, k) => {
      planes[k].root.setAttribute("aria-label", `${name}: states after ${at} symbols, of your string and 128 others. Right for ${format(100 * share(k), 0)}%.`);
      planes[k].redraw();
    });
    machine.root.setAttribute("aria-label", `The automaton of parity is in the state ${right}. A 1 changes it, a 0 keeps it.`);
    machine.redraw();
  }

  walks = networks.map((network) => walk(network, string));
  figure.append(el("div", { class: "controls" }, field.node, steps.node), el("div", { class: "buttons" }, add(0), add(1), other), words.node,
    legend([["other strings, odd", "blue", null, "o", true], ["other strings, even", "vermilion", null, "s", true], ["yours", "black", "", "d"]]),
    el("div", { class: "panels" }, ...networks.map(({ name }, k) => el("div", {}, el("p", {}, name), planes[k].node))), machine.node);
  show();
  return () => ({ string, at, walks, mistakes: networks.map((_, k) => mistakes(k)), share: networks.map((_, k) => share(k)) });
}
