// Helpers of every live figure. This file and the figure's own are put, in this order, into one
// function together with the constant FIGURE = {digest, title, style}. The figure's file defines
// `build(data, figure)`, and the function ends with mount(build).

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

function complete(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") {
      for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    } else if (value !== undefined && value !== null && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children);
  return node;
}

/** Make an HTML element: el("p", {class: "readout"}, "text", otherElement). */
function el(tag, attributes, ...children) {
  return complete(document.createElement(tag), attributes, children);
}

/** Make an SVG element in the same way. */
function svg(tag, attributes, ...children) {
  return complete(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

// ---- numbers --------------------------------------------------------------------------------

/** Write a number with a true minus sign and without "-0.00". */
function format(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "no number" : value > 0 ? "∞" : "−∞";
  if (Math.abs(value) >= 1e6) return value.toExponential(1).replace("-", "−").replace("e+", "e");
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** The logistic sigmoid, without overflow on either side. */
function sigmoid(z) {
  const e = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** Product of two matrices, as arrays of rows. */
function matmul(left, right) {
  return left.map((row) =>
    right[0].map((_, column) => row.reduce((sum, value, k) => sum + value * right[k][column], 0)));
}

/** About `count` round numbers from low to high. */
function ticks(low, high, count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const marks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
    marks.push(Number((k * step).toPrecision(12)));
  }
  return marks;
}

// ---- controls -------------------------------------------------------------------------------

let controls = 0; // for ids that are unique in this shadow root

/**
 * A labelled slider with its value beside it, for eyes: a screen reader has it from the input.
 * `set` moves it without calling onInput. The
 * figure keeps the exact value: a range input rounds what it is given to its step.
 */
function slider({ label, min, max, step, value, show = (v) => format(v), onInput }) {
  const id = `control-${controls++}`;
  const seen = el("span", { class: "value", "aria-hidden": "true" });
  const input = el("input", { id, type: "range", min, max, step });
  const tell = (v) => {
    seen.textContent = show(v);
    input.setAttribute("aria-valuetext", show(v));
  };
  const set = (v) => {
    input.value = v;
    tell(v);
  };
  input.addEventListener("input", () => {
    tell(input.valueAsNumber);
    onInput(input.valueAsNumber);
  });
  set(value);
  return { node: el("div", { class: "control" }, el("label", { for: id }, label), seen, input), input, set };
}

/** A labelled choice; options are [value, text] pairs. */
function choice({ label, options, value, onInput }) {
  const id = `control-${controls++}`;
  const items = options.map(([key, text]) => el("option", { value: key, selected: key === value }, text));
  const input = el("select", { id, on: { change: () => onInput(input.value) } }, ...items);
  return { node: el("div", { class: "control" }, el("label", { for: id }, label), input), input };
}

/** A labelled line of text. */
function textField({ label, value, onInput, ...attributes }) {
  const id = `control-${controls++}`;
  const input = el("input", { id, type: "text", value, autocomplete: "off", ...attributes,
    on: { input: () => onInput(input.value) } });
  return { node: el("div", { class: "control" }, el("label", { for: id }, label), input), input };
}

function button(label, onClick) {
  return el("button", { type: "button", on: { click: onClick } }, label);
}

// ---- plots ----------------------------------------------------------------------------------

/**
 * A picture drawn by `draw(width, height)`, which returns SVG elements. It is drawn again in
 * real pixels when its width changes, so that text keeps its size on a phone. The height is a
 * number, or a function of the width.
 */
function plot({ label, height = 260, draw }) {
  const root = svg("svg", { role: "img", "aria-label": label });
  const frame = el("div", { class: "plot" }, root);
  let width = 0;
  const redraw = () => {
    if (!width) return; // not on the page yet
    const tall = typeof height === "function" ? height(width) : height;
    root.setAttribute("width", width);
    root.setAttribute("height", tall);
    root.setAttribute("viewBox", `0 0 ${width} ${tall}`);
    root.replaceChildren(...draw(width, tall));
  };
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now !== width) {
      width = now;
      redraw();
    }
  }).observe(frame);
  return { node: frame, root, redraw };
}

/** Axes with grid, ticks and names. x() and y() turn values into pixels, toX() and toY() back. */
function axes(width, height, { xlim, ylim, xlabel, ylabel, xticks, yticks, xshow = String, yshow = String }) {
  const box = { left: 56, right: width - 22, top: 30, bottom: height - 40 };
  const x = (v) => box.left + ((v - xlim[0]) / (xlim[1] - xlim[0])) * (box.right - box.left);
  const y = (v) => box.bottom - ((v - ylim[0]) / (ylim[1] - ylim[0])) * (box.bottom - box.top);
  const toX = (px) => xlim[0] + ((px - box.left) / (box.right - box.left)) * (xlim[1] - xlim[0]);
  const toY = (py) => ylim[0] + ((box.bottom - py) / (box.bottom - box.top)) * (ylim[1] - ylim[0]);
  const minus = (text) => text.replace("-", "−");
  const parts = [];
  for (const v of xticks ?? ticks(...xlim, Math.max(2, width / 80))) {
    parts.push(svg("line", { class: "grid", x1: x(v), x2: x(v), y1: box.top, y2: box.bottom }),
      svg("text", { x: x(v), y: box.bottom + 16, "text-anchor": "middle" }, minus(xshow(v))));
  }
  for (const v of yticks ?? ticks(...ylim, height / 50)) {
    parts.push(svg("line", { class: "grid", x1: box.left, x2: box.right, y1: y(v), y2: y(v) }),
      svg("text", { x: box.left - 10, y: y(v) + 4, "text-anchor": "end" }, minus(yshow(v))));
  }
  parts.push(
    svg("path", { class: "axis", fill: "none", d: `M${box.left},${box.top}V${box.bottom}H${box.right}` }),
    svg("text", { x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, xlabel),
    svg("text", { x: 4, y: 13 }, ylabel));
  return { box, x, y, toX, toY, parts };
}

let clips = 0;

/** What is drawn inside the axes and must not leave them; a marker on the edge stays whole. */
function clipped({ left, right, top, bottom }, ...children) {
  const id = `clip-${clips++}`;
  return svg("g", {}, svg("clipPath", { id },
    svg("rect", { x: left - 8, y: top - 8, width: right - left + 16, height: bottom - top + 16 })),
  svg("g", { "clip-path": `url(#${id})` }, ...children));
}

/** The path through points given in pixels. */
function line(points, attributes) {
  const d = points.map(([px, py], k) => `${k ? "L" : "M"}${px.toFixed(2)},${py.toFixed(2)}`).join("");
  return svg("path", { class: "curve", d, ...attributes });
}

/** A marker: "o" circle, "s" square, "d" diamond, "^" and "v" triangles. */
function marker(shape, px, py, attributes, r = 5) {
  const at = { fill: "currentColor", ...attributes };
  if (shape === "o") return svg("circle", { cx: px, cy: py, r, ...at });
  const corners = { s: [[-1, -1], [1, -1], [1, 1], [-1, 1]], d: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
    "^": [[0, -1.2], [1.15, 0.9], [-1.15, 0.9]], v: [[0, 1.2], [1.15, -0.9], [-1.15, -0.9]] }[shape];
  return svg("polygon", { points: corners.map(([a, b]) => `${px + a * r},${py + b * r}`).join(" "), ...at });
}

/** A legend of [text, colour name, dash pattern or null, marker, hollow] entries. */
function legend(entries) {
  return el("ul", { class: "legend" }, ...entries.map(([text, colour, dash, shape, hollow]) => {
    const stroke = `var(--${colour})`;
    const key = svg("svg", { width: 34, height: 14, "aria-hidden": "true" });
    if (dash !== null) key.append(line([[1, 7], [33, 7]], { stroke, "stroke-dasharray": dash }));
    if (shape) key.append(marker(shape, 17, 7, hollow ? { fill: "none", stroke, "stroke-width": 2 } : { fill: stroke }));
    return el("li", {}, key, text);
  }));
}

/** A table in a box that scrolls by itself; rows are arrays of strings. */
function table(caption, header) {
  const body = el("tbody");
  const head = el("tr", {}, ...header.map((name) => el("th", { scope: "col" }, name)));
  const node = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el("table", {}, el("caption", { class: "unseen" }, caption), el("thead", {}, head), body));
  const set = (rows) => body.replaceChildren(
    ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell)))));
  return { node, set };
}

/**
 * The result in words. What is seen changes at once; what a screen reader says waits until the
 * reader has stopped moving a control.
 */
function readout() {
  const seen = el("p", { class: "readout", "aria-hidden": "true" });
  const said = el("div", { class: "unseen", "aria-live": "polite" });
  let timer = 0;
  const set = (text) => {
    seen.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => { said.textContent = text; }, 700);
  };
  return { node: el("div", {}, seen, said), set };
}

// ---- the page around the figure ---------------------------------------------------------------

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Run `frame(share)` with the share of the time that has passed, 0 to 1; with reduced motion
 * only frame(1). Returns a function that stops it.
 */
function animate(milliseconds, frame) {
  if (calm()) {
    frame(1);
    return () => {};
  }
  const start = performance.now();
  let request = requestAnimationFrame(function next(now) {
    const share = Math.min(1, Math.max(0, (now - start) / milliseconds));
    frame(share);
    if (share < 1) request = requestAnimationFrame(next);
  });
  return () => cancelAnimationFrame(request);
}

/** Say whether the page is dark: the book, JupyterLab and VS Code each say it in their way. */
function isDark() {
  const { dataset } = document.documentElement;
  if (dataset.theme === "dark" || dataset.theme === "light") return dataset.theme === "dark";
  const { jpThemeLight } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  const names = document.body.classList;
  if (names.contains("vscode-light") || names.contains("vscode-high-contrast-light")) return false;
  if (names.contains("vscode-dark") || names.contains("vscode-high-contrast")) return true;
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Keep the figure's theme in step with the page's for as long as the figure exists. */
function followTheme(host) {
  const figure = new WeakRef(host); // a notebook throws figures away when a cell runs again
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(apply);
  function apply() {
    const alive = figure.deref();
    if (alive) {
      alive.dataset.theme = isDark() ? "dark" : "light";
      return;
    }
    observer.disconnect();
    dark.removeEventListener("change", apply);
  }
  const attributeFilter = ["data-theme", "data-jp-theme-light", "class"];
  observer.observe(document.documentElement, { attributeFilter });
  observer.observe(document.body, { attributeFilter });
  dark.addEventListener("change", apply);
  apply();
}

/**
 * Keep the arrow keys and the like for the controls. From outside, the focus is on the host, which
 * is no control: JupyterLab, VS Code and Sphinx would take the keys for their own shortcuts.
 */
function keepKeys(host) {
  host.dataset.lmSuppressShortcuts = "true"; // JupyterLab looks at keys before they arrive here
  host.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
}

/**
 * Build the figure in every host on the page that holds this figure and is not built yet. The
 * digest stands for the whole content, so any such host is right: the same figure shown twice,
 * or a script that a notebook runs away from where it was written.
 */
function mount(build) {
  for (const host of document.querySelectorAll(`.course-live[data-live="${FIGURE.digest}"]`)) {
    if (host.shadowRoot) continue;
    const data = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
    const figure = el("div", { class: "figure", role: "group", "aria-label": FIGURE.title },
      el("p", { class: "title" }, FIGURE.title));
    // State for tests and for curious readers: document.querySelector(".course-live").liveState()
    host.liveState = build(data, figure);
    keepKeys(host);
    followTheme(host);
    // From here on the picture is in the slot, which shows on paper only.
    host.attachShadow({ mode: "open" })
      .append(el("style", {}, FIGURE.style), figure, el("slot"));
  }
}
