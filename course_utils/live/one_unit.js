// Chapter 10: a unit h_t = tanh(x + U h_(t-1)) run forward, then back, with every state rounded.

/** The run, as in one_unit.py: states forward, states back, and the bits lost. */
function thereAndBack({ start, x, U, decimals, steps }) {
  const unit = Number(`1e${decimals}`), kept = (value) => Math.floor(value * unit + 0.5) / unit;
  const forward = [start];
  for (let t = 0; t < steps; t++) forward.push(kept(Math.tanh(x + U * forward.at(-1))));
  const back = [forward.at(-1)];
  let bits = 0;
  for (let t = steps; t > 0; t--) {
    back.unshift(Math.abs(back[0]) < 1 ? kept((Math.atanh(back[0]) - x) / U) : NaN);
    bits -= Math.log2(Math.abs(U) * (1 - forward[t] ** 2));
  }
  return { forward, back, bits };
}

function build(data, figure) {
  const set = { start: data.start, x: data.x, U: data.U, decimals: data.decimals, steps: data.steps };
  let run;
  const dial = (label, name, min, max, step, show) => slider({ label, min, max, step, value: set[name], show,
    onInput: (value) => { set[name] = value; update(); } });
  const count = (v) => String(v);
  const controls = el("div", { class: "controls" },
    dial("decimals kept", "decimals", 2, 14, 1, count).node, dial("steps", "steps", 1, 12, 1, count).node,
    dial("start h at 0", "start", -0.9, 0.9, 0.1).node, dial("input x", "x", -2, 2, 0.1).node,
    dial("recurrent weight U", "U", 0.1, 2, 0.1).node);
  const chart = plot({ label: "", draw: drawStates });
  const words = readout();
  const states = table("The states forward and back", ["step", "forward", "back"]);

  function drawStates(width, height) {
    const seen = [...run.forward, ...run.back].filter(Number.isFinite);
    const low = Math.max(-3, Math.min(...seen, 0)), high = Math.min(3, Math.max(...seen, 1));
    const { box, x, y, parts } = axes(width, height, { xlim: [0, set.steps], ylim: [low - 0.1, high + 0.1],
      xlabel: "step", ylabel: "state h", xticks: ticks(0, set.steps, Math.min(set.steps, 12)) });
    const place = (values) => values.map((value, t) => [x(t), y(value)]).filter(([, py]) => Number.isFinite(py));
    const there = place(run.forward), back = place(run.back);
    parts.push(clipped(box, line(there, { stroke: "var(--blue)" }),
      ...there.map(([px, py]) => marker("o", px, py, { fill: "none", stroke: "var(--blue)", "stroke-width": 2 }, 7)),
      line(back, { stroke: "var(--vermilion)", "stroke-dasharray": "6 4" }),
      ...back.map(([px, py]) => marker("d", px, py, { fill: "var(--vermilion)" }, 4))));
    return parts;
  }

  function update() {
    run = thereAndBack(set);
    const { forward, back, bits } = run, shown = (v) => (Number.isNaN(v) ? "nothing" : format(v, set.decimals));
    const miss = Math.abs(back[0] - set.start);
    const verdict = Number.isNaN(miss) ? "Nothing comes back: a state on the way is 1 or beyond."
      : `The start comes back as ${format(back[0], 3)}; it was ${format(set.start, 3)}.`;
    words.set(`${verdict} The run has lost ${format(bits, 1)} bits; ${set.decimals} decimals keep about ` +
      `${format(set.decimals * Math.log2(10), 1)}.`);
    states.set(forward.map((h, t) => [String(t), shown(h), shown(back[t])]));
    chart.root.setAttribute("aria-label", `State against step, forward and back. ${verdict}`);
    chart.redraw();
  }

  figure.append(controls, words.node,
    legend([["forward", "blue", "", "o", true], ["back from the last state", "vermilion", "6 4", "d"]]),
    chart.node, states.node);
  update();
  return () => ({ ...set, forward: run.forward, back: run.back.map((h) => (Number.isNaN(h) ? null : h)), bits: run.bits });
}
