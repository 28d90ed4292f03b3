// Chapter 22: type letters, and each box says a whole number after every letter.

const STYLE = `
.boxes table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.boxes th, .boxes td { padding: 0.15em 0.4em; text-align: right; min-width: 1.2em; }
.boxes tbody tr { border-top: 1px solid var(--line); }
.boxes th[scope="row"] { position: sticky; left: 0; background: var(--paper); }
.boxes td.new { font-weight: bold; text-decoration: underline; }
`;

function build(data, figure) {
  let text = data.text, says;

  /** What a box's readout gives after each letter: V . h + v. */
  function values(box) {
    const units = box.V.length;
    let h = Array(units).fill(0), c = Array(units).fill(0);
    return [...text].map((letter) => {
      const k = data.letters.indexOf(letter);
      const z = box.W.map((W, gate) => W[k].map((w, unit) =>
        h.reduce((sum, value, from) => sum + value * box.U[gate][from][unit], w + box.b[gate][unit])));
      if (box.lstm) {
        const [i, f, g, o] = z;
        c = c.map((value, unit) => sigmoid(f[unit]) * value + sigmoid(i[unit]) * Math.tanh(g[unit]));
        h = c.map((value, unit) => sigmoid(o[unit]) * Math.tanh(value));
      } else {
        h = box.linear ? z[0] : z[0].map(Math.tanh);
      }
      return h.reduce((sum, value, unit) => sum + value * box.V[unit], box.v);
    });
  }

  const whole = (box, value) => (box.yesNo ? Number(value > 0.5) : Math.round(value));
  const field = textField({ label: `letters ${[...data.letters].join(", ")}`, value: text, maxlength: String(data.longest),
    autocapitalize: "off", spellcheck: "false", onInput: (typed) => { take(typed); } });
  const draw = () => data.letters[Math.floor(Math.random() * data.letters.length)];
  const random = button("Twelve random letters", () => type(Array.from({ length: 12 }, draw).join("")));
  const other = button("Change one letter", () => {
    const place = Math.floor(Math.random() * text.length), kept = [...text];
    const rest = [...data.letters].filter((letter) => letter !== kept[place]);
    kept[place] = rest[Math.floor(Math.random() * rest.length)];
    type(kept.join(""));
  });
  const head = el("tr"), body = el("tbody");
  const frame = el("div", { class: "scroll boxes", tabindex: "0", role: "group", "aria-label": "What the boxes say" },
    el("table", {}, el("caption", { class: "unseen" }, "What each box says after each letter"), el("thead", {}, head), body));
  const words = readout();

  function take(typed) {
    const kept = [...typed.toLowerCase()].filter((letter) => data.letters.includes(letter)).slice(0, data.longest).join("");
    if (kept) {
      text = kept;
      show();
    }
  }

  function type(letters) {
    field.input.value = letters;
    take(letters);
  }

  function show() {
    const before = says;
    says = Object.fromEntries(data.boxes.map((box) => [box.name, values(box).map((value) => whole(box, value))]));
    head.replaceChildren(el("th", { scope: "col" }, "box"), ...[...text].map((letter) => el("th", { scope: "col" }, letter)));
    // What differs from the line before is marked: of two lines that differ in a letter, all that this letter did.
    const differs = (name, place) => before && before[name].length === text.length && before[name][place] !== says[name][place];
    body.replaceChildren(...data.boxes.map(({ name }) => el("tr", {}, el("th", { scope: "row" }, name),
      ...says[name].map((value, place) => el("td", { class: differs(name, place) ? "new" : null }, String(value).replace("-", "−"))))));
    const last = data.boxes.map(({ name }) => `${name} ${String(says[name].at(-1)).replace("-", "−")}`).join(", ");
    words.set(`After ${text.length} letter${text.length === 1 ? "" : "s"}, ${text}: ${last}.`);
  }

  figure.append(el("style", {}, STYLE), el("div", { class: "controls" }, field.node), el("div", { class: "buttons" }, random, other), frame, words.node);
  show();
  return () => ({ text, says, values: Object.fromEntries(data.boxes.map((box) => [box.name, values(box)])) });
}
