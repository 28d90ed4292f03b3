// Chapter 12: draw the upper rows, and the network of sigmoid units rolls forward from them.

const STYLE = `
.board { display: flex; flex-wrap: wrap; gap: 1rem 1.25rem; margin: 0.5rem 0; }
.tile { margin: 0; font-size: 0.9rem; }
.tile canvas { display: block; width: 100%; image-rendering: pixelated; border: 1px solid var(--line); }
.drawing { width: 21rem; max-width: 100%; }
.pad { position: relative; touch-action: none; cursor: crosshair; }
.drawing canvas { border-bottom: 0; }
.drawing .rest { border: 1px solid var(--line); border-top: 3px dashed var(--vermilion); }
.cursor { position: absolute; display: none; border: 2px solid var(--vermilion); pointer-events: none; }
.pad:focus .cursor { display: block; }
.side { width: 9rem; } .view { width: 10.5rem; } .small { width: 7rem; }
:host([data-theme="dark"]) .ink { filter: invert(1); border-color: #656f7b; }
:host([data-theme="dark"]) .rest.ink { border-top-color: #0065a3; }
.units { position: relative; max-width: 34rem; border: 1px solid var(--line); }
.units > canvas { position: absolute; inset: 0; width: 100%; height: 100%; image-rendering: pixelated; }
.cells { position: relative; display: grid; }
.cells [role="row"] { display: contents; }
.cells [role="gridcell"] { aspect-ratio: 1; cursor: pointer; border: 1px solid var(--grid); }
.cells [aria-selected="true"] { outline: 3px solid var(--black); outline-offset: -2px; }
.cells :focus-visible { outline: 4px solid var(--vermilion); outline-offset: -2px; z-index: 1; }
`;

function fromBase64(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let k = 0; k < raw.length; k++) bytes[k] = raw.charCodeAt(k);
  return bytes;
}

/** Numbers of which the upper five of eight bytes were sent. */
function unpack(text) {
  const sent = fromBase64(text), count = sent.length / 5, whole = new Uint8Array(8 * count);
  for (let k = 0; k < count; k++) whole.set(sent.subarray(5 * k, 5 * k + 5), 8 * k + 3);
  const view = new DataView(whole.buffer); // little-endian on every machine
  return Float64Array.from({ length: count }, (_, k) => view.getFloat64(8 * k, true));
}

/** start + left M, for a row and a matrix that is kept row after row. */
function product(left, M, start) {
  const out = Float64Array.from(start), wide = out.length;
  for (let k = 0; k < left.length; k++) {
    const value = left[k];
    if (value === 0) continue;
    for (let j = 0, at = k * wide; j < wide; j++) out[j] += value * M[at + j];
  }
  return out;
}

/** Read the rows, then feed each guess back until the image is full; h of one unit may be held. */
function rollForward({ W, U, b, V, c }, rows, height, held) {
  let h = new Float64Array(b.length), z = h;
  const guesses = [];
  const read = (x) => {
    z = product(h, U, product(x, W, b));
    h = z.map(sigmoid);
    if (held) h[held.unit] = held.value;
  };
  rows.forEach(read);
  const after = { h, z };
  while (rows.length + guesses.length < height) {
    if (guesses.length) read(guesses.at(-1));
    guesses.push(product(h, V, c).map(sigmoid));
  }
  return { ...after, guesses };
}

// Blue and orange that stand out from white and from black alike.
const MORE = [33, 128, 205], LESS = [226, 104, 24], INK = [0, 0, 0], GREY = [128, 128, 128];

/** Put numbers from -1 to 1 into a canvas, one a pixel, at (left, top), in a colour for each sign. */
function paint(canvas, values, wide, [above, below], left = 0, top = 0) {
  const pen = canvas.getContext("2d"), image = pen.createImageData(wide, values.length / wide);
  for (let k = 0; k < values.length; k++) {
    image.data.set(values[k] > 0 ? above : below, 4 * k);
    image.data[4 * k + 3] = 255 * Math.min(1, Math.abs(values[k]));
  }
  pen.putImageData(image, left, top);
}
const DARK_IS_MORE = [INK, INK], SIGNED = [MORE, LESS];

/** A picture with its name below; set(values, label) fills it. */
function tile(name, kind, wide, high, signed) {
  const canvas = el("canvas", { width: wide, height: high, role: "img", class: signed ? "" : "ink", "aria-label": name });
  const caption = el("span", {}, name);
  const node = el("div", { class: `tile ${kind}` }, canvas, caption);
  const set = (values, text = name) => {
    paint(canvas, values, wide, signed ? SIGNED : DARK_IS_MORE);
    caption.textContent = text;
    canvas.setAttribute("aria-label", text);
  };
  return { node, canvas, set };
}

function build(data, figure) {
  const { height, width, length, units } = data, size = length * width, side = Math.ceil(Math.sqrt(units));
  const weights = Object.fromEntries(Object.entries(data.weights).map(([name, text]) => [name, unpack(text)]));
  const digits = data.digits.map(([name, text]) => [name, Float64Array.from(fromBase64(text), (v) => v / 255)]);
  const averaged = new Set(data.averaged), none = new Float64Array(size);
  const sheets = { expected: fromBase64(data.expected), windows: fromBase64(data.windows),
    centred: fromBase64(data.centred.bytes), whitened: fromBase64(data.whitened.bytes) };
  const ink = (sheet, k) => Float64Array.from(sheets[sheet].subarray(k * size, (k + 1) * size), (v) => v / 255);
  const signed = (sheet, unit) => (averaged.has(unit)
    ? Float64Array.from(sheets[sheet].subarray(unit * size, (unit + 1) * size), (v) => (v - 127) / 127) : none);
  const raw = (unit) => (averaged.has(unit)
    ? signed("centred", unit).map((v, k) => Math.max(0, v * 127 * data.centred.scale[unit] + data.mean[k])) : none);

  const sheet = new Float64Array(height * width); // what is drawn; the rows below the line are not read
  let rows = data.rows, unit = data.averaged[0] ?? 0, hold = "no", digit = 0, brush = "draw", view = "centred";
  let result, plain, change = null, error = null, touched = false;
  const cursor = { row: 2, column: width >> 1 };

  // ---- the drawing
  const preset = choice({ label: "start from", value: "0", options: [...digits.map(([name], k) => [String(k), name]), ["blank", "a blank sheet"]],
    onInput: (value) => load(value) });
  const depth = slider({ label: "rows you give", min: 1, max: height - 1, step: 1, value: rows, show: String, onInput: (n) => {
    rows = n;
    cursor.row = Math.min(cursor.row, rows - 1);
    resize();
    show();
  } });
  const tool = choice({ label: "brush", value: brush, options: [["draw", "draw"], ["erase", "erase"]], onInput: (value) => { brush = value; } });
  const clear = button("Clear the sheet", () => {
    preset.input.value = "blank";
    load("blank");
  });
  const top = el("canvas", { class: "ink", "aria-hidden": "true" });
  const mark = el("div", { class: "cursor" });
  const pad = el("div", { class: "pad", tabindex: "0", role: "application", "aria-label": "Drawing sheet. Arrow keys move the cursor, " +
    "space uses the brush, shift and an arrow key use it along the way." }, top, mark);
  const rest = el("canvas", { class: "ink rest", role: "img" });
  const said = el("div", { class: "unseen", "aria-live": "polite" });
  const own = tile("the digit itself", "side", width, height, false);
  const moved = tile("change: blue more ink, orange less", "side", width, height, true);
  const words = readout();

  function resize() {
    top.width = rest.width = width;
    top.height = rows;
    rest.height = height - rows;
    placeCursor();
  }

  function placeCursor() {
    mark.style.cssText = `left: ${(100 * cursor.column) / width}%; top: ${(100 * cursor.row) / rows}%; ` +
      `width: ${100 / width}%; height: ${100 / rows}%`;
  }

  function load(value) {
    digit = value === "blank" ? null : Number(value);
    sheet.set(digit === null ? new Float64Array(height * width) : digits[digit][1]);
    own.node.hidden = digit === null;
    touched = false;
    if (digit !== null) own.set(digits[digit][1], `the whole of ${digits[digit][0]}`);
    show();
  }

  /** A round brush about two pixels wide, as the digits are drawn. */
  function stamp(x, y) {
    touched = true;
    for (let row = Math.max(0, Math.floor(y - 2)); row < Math.min(rows, y + 2); row++) {
      for (let column = Math.max(0, Math.floor(x - 2)); column < Math.min(width, x + 2); column++) {
        const force = Math.min(1, Math.max(0, 1.6 - Math.hypot(row + 0.5 - y, column + 0.5 - x))), k = row * width + column;
        sheet[k] = brush === "draw" ? Math.max(sheet[k], force) : Math.min(sheet[k], 1 - force);
      }
    }
  }

  let last = null;
  function follow(event) {
    const area = top.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * width, y = ((event.clientY - area.top) / area.height) * rows;
    const [fromX, fromY] = last ?? [x, y], steps = Math.max(1, Math.ceil(2 * Math.hypot(x - fromX, y - fromY)));
    for (let k = 1; k <= steps; k++) stamp(fromX + ((x - fromX) * k) / steps, fromY + ((y - fromY) * k) / steps);
    last = [x, y];
    show();
  }
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pad.setPointerCapture(event.pointerId);
    last = null;
    follow(event);
  });
  pad.addEventListener("pointermove", (event) => { if (event.buttons & 1 && pad.hasPointerCapture(event.pointerId)) follow(event); });
  pad.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    if (way) {
      cursor.row = Math.min(rows - 1, Math.max(0, cursor.row + way[0]));
      cursor.column = Math.min(width - 1, Math.max(0, cursor.column + way[1]));
      placeCursor();
    }
    if (!way || event.shiftKey) {
      stamp(cursor.column + 0.5, cursor.row + 0.5);
      show();
    }
    said.textContent = `Row ${cursor.row}, column ${cursor.column}, ink ${format(sheet[cursor.row * width + cursor.column], 1)}`;
  });

  // ---- the units
  const views = choice({ label: "the grid shows", value: view, options: [["centred", "average window, minus the mean"], ["raw", "average window, raw"],
    ["whitened", "average window, whitened"], ["activity", "h after your rows"]], onInput: (value) => { view = value; drawGrid(); } });
  const FIELD = width + 2, grid = el("canvas", { width: side * FIELD, height: side * FIELD, "aria-hidden": "true" });
  const cells = Array.from({ length: units }, (_, k) => el("div", { role: "gridcell", tabindex: "-1", "aria-selected": "false", "aria-label": `unit ${k}`,
    on: { click: () => select(k, true) } }));
  const board = el("div", { class: "cells", role: "grid", "aria-label": "Units: arrow keys choose one", style: `grid-template-columns: repeat(${side}, 1fr)` },
    ...Array.from({ length: Math.ceil(units / side) }, (_, row) => el("div", { role: "row" }, ...cells.slice(row * side, (row + 1) * side))));
  board.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -side, ArrowDown: side, Home: -(unit % side), End: side - 1 - (unit % side) }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    if (unit + step >= 0 && unit + step < units) select(unit + step, true);
  });
  const pick = slider({ label: "unit", min: 0, max: units - 1, step: 1, value: unit, show: String, onInput: (k) => select(k) });
  const remove = choice({ label: "hold the h of this unit", value: hold,
    options: [["no", "no, let it run"], ...(data.means ? [["mean", "at its mean"]] : []), ["zero", "at 0"]],
    onInput: (value) => { hold = value; show(); } });
  const story = el("p");
  const big = { raw: tile("average window, raw", "view", width, length, false), centred: tile("minus the mean window", "view", width, length, true),
    whitened: tile("whitened", "view", width, length, true), expected: tile("what it expects next", "view", width, length, false) };
  const best = data.best[0].map((_, k) => tile(k ? `window ${k + 1}` : "best window", "small", width, length, false));

  function select(k, focus = false) {
    cells[unit].tabIndex = -1;
    cells[unit].setAttribute("aria-selected", "false");
    unit = k;
    cells[unit].tabIndex = 0;
    cells[unit].setAttribute("aria-selected", "true");
    if (focus) cells[unit].focus();
    pick.set(unit);
    big.raw.set(raw(unit));
    big.centred.set(signed("centred", unit));
    big.whitened.set(signed("whitened", unit));
    big.expected.set(averaged.has(unit) ? ink("expected", unit) : none);
    best.forEach((one, j) => one.set(ink("windows", data.best[unit][j])));
    show();
  }

  function drawGrid() {
    const pen = grid.getContext("2d");
    pen.clearRect(0, 0, grid.width, grid.height);
    grid.className = view === "raw" || view === "activity" ? "ink" : "";
    for (let k = 0; k < units; k++) {
      const left = (k % side) * FIELD + 1, down = Math.floor(k / side) * FIELD + 1;
      if (view === "activity") {
        pen.fillStyle = `rgba(0, 0, 0, ${result.h[k]})`;
        pen.fillRect(left, down, width, width);
      } else if (averaged.has(k)) {
        // Two halves, if they fit: the average window, and below it what the unit expects next.
        const plain = view === "raw", both = 2 * length <= width, from = down + ((width - (both ? 2 * length : length)) >> 1);
        paint(grid, plain ? raw(k) : signed(view, k), width, plain ? DARK_IS_MORE : SIGNED, left, from);
        if (both) paint(grid, ink("expected", k), width, plain ? DARK_IS_MORE : [GREY, GREY], left, from + length);
      }
    }
  }

  // ---- both together
  function show() {
    const given = Array.from({ length: rows }, (_, row) => sheet.subarray(row * width, (row + 1) * width));
    const held = hold === "no" ? null : { unit, value: hold === "mean" ? data.means[unit] : 0 };
    plain = rollForward(weights, given, height, null);
    result = held ? rollForward(weights, given, height, held) : plain;
    paint(top, sheet.subarray(0, rows * width), width, DARK_IS_MORE);
    paint(rest, result.guesses.flatMap((row) => [...row]), width, DARK_IS_MORE);
    rest.setAttribute("aria-label", `Rows ${rows} to ${height - 1}, drawn by the network`);
    moved.node.hidden = !held;
    let effect = "";
    change = null;
    if (held) {
      const difference = result.guesses.flatMap((row, r) => [...row].map((value, k) => value - plain.guesses[r][k]));
      moved.set([...new Float64Array(rows * width), ...difference]);
      let most = 0;
      difference.forEach((value, k) => { if (Math.abs(value) > Math.abs(difference[most])) most = k; });
      change = { mean: difference.reduce((sum, value) => sum + Math.abs(value), 0) / difference.length, most: difference[most],
        row: rows + Math.floor(most / width), column: most % width };
      const how = `With the h of unit ${unit} held at ${format(held.value, 2)}`;
      effect = change.mean < 0.0005 ? ` ${how} its pixels hardly change.`
        : ` ${how} its pixels change by ${format(change.mean, 3)} on average; most in row ${change.row}, column ${change.column}, ` +
          `by ${format(change.most, 2)}.`;
    }
    error = null;
    let miss = "";
    if (digit !== null && !touched) {
      const [name, whole] = digits[digit];
      const squares = result.guesses.flatMap((row, r) => [...row].map((v, k) => (v - whole[(rows + r) * width + k]) ** 2));
      error = squares.reduce((sum, v) => sum + v, 0) / squares.length;
      miss = ` Squared error per pixel against the rest of ${name}: ${format(error, 3)}.`;
    }
    const inkNow = result.guesses.reduce((sum, row) => sum + row.reduce((s, v) => s + v, 0), 0) / ((height - rows) * width);
    words.set(`You give ${rows} row${rows === 1 ? "" : "s"}, the network draws ${height - rows}, with a mean ink of ${format(inkNow, 3)}.${miss}${effect}`);
    story.textContent = `Unit ${unit}: z = ${format(plain.z[unit], 2)} and h = ${format(plain.h[unit], 3)} after your rows.` +
      (averaged.has(unit) ? "" : " No window it was shown gave it a z above 0, so it has no average and no guess.");
    if (view === "activity") drawGrid();
  }

  const half = (title, ...parts) => el("div", {}, el("p", { style: "font-weight: 600" }, title), ...parts);
  figure.append(el("style", {}, STYLE),
    el("div", { class: "controls" }, preset.node, depth.node, tool.node, el("div", { class: "buttons" }, clear)), words.node,
    el("div", { class: "panels" },
      half("Above the dashes you draw, below them the network",
        el("div", { class: "board" }, el("div", { class: "tile drawing" }, pad, rest), own.node, moved.node), said),
      half("The units: choose one", el("div", { class: "controls" }, pick.node, remove.node, views.node),
        el("div", { class: "units" }, grid, board))),
    story, el("div", { class: "board" }, ...Object.values(big).map(({ node }) => node)),
    el("div", { class: "board" }, ...best.map(({ node }) => node)),
    el("p", {}, "Blue asks for ink, orange for none. The lower half of a field of the grid is what the unit expects after its average window; " +
      "an empty field belongs to a unit without an average."));
  resize();
  sheet.set(digits[0][1]);
  own.set(digits[0][1], `the whole of ${digits[0][0]}`);
  select(unit);
  drawGrid();
  return () => ({ rows, unit, hold, view, digit, drawn: [...sheet.subarray(0, rows * width)], guesses: result.guesses.map((row) => [...row]),
    plain: plain.guesses.map((row) => [...row]), h: [...result.h], z: [...plain.z], change, error, cursor: { ...cursor } });
}
