// Chapter 9: ink the pixels of one row, and two forget gates fall. The line that the slider turns
// is a weighted sum of both demands: where its best row is still too high, no row shuts both.

const STYLE = `
.row svg { cursor: pointer; touch-action: pan-y; }
`;

const sum = (values) => values.reduce((total, value) => total + value, 0);

function build(data, figure) {
  const { offset, opening } = data, W = data.columns, pixels = W[0].length;
  const shut = Math.log(opening / (1 - opening));
  let units = [...data.units], share = 0, cursor = 0;
  let row = Array(pixels).fill(0);

  const names = W.map((_, k) => [String(k), String(k)]);
  const pick = (label, place) => choice({ label, options: names, value: String(units[place]),
    onInput: (value) => { units[place] = Number(value); show(); } });
  const first = pick("first unit", 0), second = pick("second unit", 1);
  const place = slider({ label: "pixel", min: 1, max: pixels, step: 1, value: 1, show: String,
    onInput: (value) => { cursor = value - 1; show(); } });
  const toggle = button("Ink or erase the pixel", () => { row[cursor] = 1 - row[cursor]; show(); });
  const turn = slider({ label: "weight of the second unit", min: 0, max: 1, step: 0.01, value: share,
    onInput: (value) => { share = value; show(); } });
  const fill = (weights) => () => { row = lowering(weights()); show(); };
  const buttons = el("div", { class: "buttons" }, toggle, button("Best row for the first unit", fill(() => W[units[0]])),
    button("Best row for the line", fill(weighed)), button("Blank row", fill(() => Array(pixels).fill(0))));
  const strip = plot({ label: "", height: 190, draw: drawStrip });
  const plane = plot({ label: "", height: (width) => Math.min(420, 0.8 * width), draw: drawPlane });
  const words = readout();

  /** The row that makes row . weights as low as a legal row can. */
  function lowering(weights) {
    return weights.map((w) => (w < 0 ? 1 : 0));
  }

  /** The weights of the weighted sum of both units. */
  function weighed() {
    return W[units[0]].map((w, k) => (1 - share) * w + share * W[units[1]][k]);
  }

  const reach = (unit, ink) => offset[unit] + sum(W[unit].map((w, k) => w * ink[k]));

  /** What the lowest weighted sum of a legal row is, and by how much it misses the demand. */
  function lowestSum() {
    const level = (1 - share) * offset[units[0]] + share * offset[units[1]] + sum(weighed().map((w) => Math.min(w, 0)));
    return { level, excess: level - shut };
  }

  /** Corners of what legal rows reach: in every direction the row that goes furthest. */
  function region() {
    const [A, B] = units.map((unit) => W[unit]), turns = [];
    for (let k = 0; k < pixels; k++) {
      const angle = Math.atan2(B[k], A[k]) + Math.PI / 2;
      for (const other of [angle, angle + Math.PI]) turns.push((other + 4 * Math.PI) % (2 * Math.PI));
    }
    turns.sort((s, t) => s - t);
    return turns.map((angle, k) => {
      const next = k + 1 < turns.length ? turns[k + 1] : turns[0] + 2 * Math.PI, middle = (angle + next) / 2;
      const ink = lowering(A.map((w, j) => w * Math.cos(middle) + B[j] * Math.sin(middle)));
      return units.map((unit) => reach(unit, ink));
    });
  }

  function drawStrip(width, height) {
    const left = 8, wide = (width - 2 * left) / pixels, middle = 118, parts = [];
    const most = Math.max(...units.flatMap((unit) => W[unit].map(Math.abs))) || 1;
    for (let k = 0; k < pixels; k++) {
      const x = left + k * wide;
      parts.push(svg("rect", { x, y: 22, width: wide, height: 34, fill: row[k] ? "var(--black)" : "var(--paper)",
        stroke: "var(--line)" }));
      units.forEach((unit, place) => {
        const tall = 52 * W[unit][k] / most;
        parts.push(svg("rect", { x: x + wide * (place ? 0.5 : 0.1), y: Math.min(middle, middle - tall), width: 0.4 * wide,
          height: Math.abs(tall), ...(place ? { fill: "none", stroke: "var(--vermilion)", "stroke-width": 1.5 } : { fill: "var(--blue)" }) }));
      });
    }
    parts.push(svg("text", { x: left, y: 14 }, "the row"), svg("line", { class: "axis", x1: left, x2: width - left, y1: middle, y2: middle }),
      svg("text", { x: left, y: height - 4 }, "weights: up opens, down shuts"));
    // The pixel that the slider has chosen, above its neighbours.
    parts.push(svg("rect", { x: left + cursor * wide, y: 22, width: wide, height: 34, fill: "none", stroke: "var(--vermilion)", "stroke-width": 4 }));
    return parts;
  }

  function drawPlane(width, height) {
    const corners = region(), [now, best] = [row, lowering(weighed())].map((ink) => units.map((unit) => reach(unit, ink)));
    const span = (place) => {
      const values = corners.map((corner) => corner[place]);
      return [Math.min(shut - 1.5, ...values) - 0.3, Math.max(0, ...values) + 0.3];
    };
    const [xlim, ylim] = [span(0), span(1)];
    const { box, x, y, parts } = axes(width, height, { xlim, ylim, xlabel: `z of unit ${units[0]}`, ylabel: `z of unit ${units[1]}` });
    const { level } = lowestSum();
    // (1 - share) z0 + share z1 = level, across the whole plane
    const far = 100, ends = share > 0.5 ? xlim.map((z) => [z, (level - (1 - share) * z) / share])
      : ylim.map((z) => [(level - share * z) / (1 - share), z]);
    const polygon = corners.map(([a, b]) => `${x(a)},${y(b)}`).join(" ");
    parts.push(clipped(box,
      svg("polygon", { points: polygon, fill: "var(--soft)", stroke: "var(--line)", "stroke-width": 2 }),
      svg("rect", { x: box.left - far, width: x(shut) - box.left + far, y: y(shut), height: box.bottom - y(shut) + far, fill: "none",
        stroke: "var(--vermilion)", "stroke-width": 2, "stroke-dasharray": "6 4" }),
      line(ends.map(([a, b]) => [x(a), y(b)]), { stroke: "var(--black)", "stroke-dasharray": "2 3" }),
      marker("o", x(best[0]), y(best[1]), { fill: "none", stroke: "var(--black)", "stroke-width": 2 }, 7),
      marker("d", x(now[0]), y(now[1]), { fill: "var(--blue)" }, 7)));
    return parts;
  }

  function state() {
    const z = units.map((unit) => reach(unit, row)), { excess } = lowestSum();
    return { units, row, share, pixel: cursor + 1, z, gate: z.map(sigmoid), excess, proof: excess > 0 };
  }

  function show() {
    const now = state();
    const gates = now.gate.map((gate, place) => `Unit ${units[place]}: gate ${format(gate, 3)}, ${now.z[place] <= shut ? "shut" : "open"}.`).join(" ");
    const verdict = now.proof
      ? `Proof: the best row for the line is ${format(now.excess)} too high, so no row shuts both.`
      : "The line proves nothing: its best row meets the weighted demand.";
    const both = now.z.every((z) => z <= shut) ? " This row shuts both." : "";
    words.set(`${gates}${both} ${verdict}`);
    strip.root.setAttribute("aria-label", `Row of ${pixels} pixels, ${sum(row)} inked; pixel ${now.pixel} is ${row[cursor] ? "inked" : "blank"}. ` +
      "Bars show each pixel's weights for both units.");
    plane.root.setAttribute("aria-label", `What rows reach with both units, the wanted corner and the line. ${gates}${both} ${verdict}`);
    strip.redraw();
    plane.redraw();
  }

  /** Ink by pointer: the first pixel touched decides whether the stroke inks or erases. */
  let brush = null;
  const at = (event) => {
    const box = strip.root.getBoundingClientRect();
    return Math.max(0, Math.min(pixels - 1, Math.floor((event.clientX - box.left - 8) / ((box.width - 16) / pixels))));
  };
  const paint = (event) => {
    cursor = at(event);
    row[cursor] = brush;
    place.set(cursor + 1);
    show();
  };
  strip.node.classList.add("row");
  strip.root.addEventListener("pointerdown", (event) => { brush = 1 - row[at(event)]; paint(event); });
  strip.root.addEventListener("pointermove", (event) => { if (event.buttons && brush !== null) paint(event); });
  strip.root.addEventListener("pointerup", () => { brush = null; });

  figure.append(el("style", {}, STYLE), el("div", { class: "controls" }, first.node, second.node, place.node), buttons, strip.node, words.node,
    el("div", { class: "controls" }, turn.node),
    legend([["this row; first unit", "blue", null, "d"], ["second unit; the corner where both are shut", "vermilion", "6 4", null],
      ["the line and its best row", "black", "2 3", "o", true]]), plane.node);
  show();
  return state;
}
