// Chapter 22: type letters, and each box says a whole number after every letter.

const STYLE = `
.boxes table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.boxes th, .boxes td { padding: 0.15em 0.4em; text-align: right; min-width: 1.2em; }
.boxes tbody tr { border-top: 1px solid var(--line); }
.boxes th[scope="row"] { position: sticky; left: 0; background: var(--paper); }
.boxes td.new { font-weight: bold; text-decoration: underline; }
`;

function build(data, figure) {
  let text = data.text, times = 0, says, end;

  /** What a box's readout gives after each letter of a line: V . h + v. */
  function values(box, line) {
    const units = box.V.length;
    let h = Array(units).fill(0), c = Array(units).fill(0);
    return [...line].map((letter) => {
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
  const again = slider({ label: "then the last letter again, times", min: 0, max: 400, step: 1, value: 0, show: String,
    onInput: (value) => { times = value; show(); } });
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

  const spoken = (value) => String(value).replace("-", "−");

  function show() {
    const before = says, line = text + text.at(-1).repeat(times);
    const all = Object.fromEntries(data.boxes.map((box) => [box.name, values(box, line).map((value) => whole(box, value))]));
    says = Object.fromEntries(data.boxes.map(({ name }) => [name, all[name].slice(0, text.length)]));
    end = Object.fromEntries(data.boxes.map(({ name }) => [name, all[name].at(-1)]));
    const more = times ? [`+${times}`] : [];
    head.replaceChildren(el("th", { scope: "col" }, "box"), ...[...text, ...more].map((letter) => el("th", { scope: "col" }, letter)));
    // What differs from the line before is marked: of two lines that differ in a letter, all that this letter did.
    const differs = (name, place) => before && before[name].length === text.length && before[name][place] !== says[name][place];
    body.replaceChildren(...data.boxes.map(({ name }) => el("tr", {}, el("th", { scope: "row" }, name),
      ...says[name].map((value, place) => el("td", { class: differs(name, place) ? "new" : null }, spoken(value))),
      ...more.map(() => el("td", {}, spoken(end[name]))))));
    const then = times ? ` and ${times} more ${text.at(-1)}` : "";
    words.set(`After ${text.length} letter${text.length === 1 ? "" : "s"}, ${text}${then}: ${data.boxes.map(({ name }) => `${name} ${spoken(end[name])}`).join(", ")}.`);
  }

  figure.append(el("style", {}, STYLE), el("div", { class: "controls" }, field.node), el("div", { class: "controls" }, again.node), el("div", { class: "buttons" }, random, other), frame, words.node);
  show();
  return () => ({ text, times, says, end, values: Object.fromEntries(data.boxes.map((box) => [box.name, values(box, text)])) });
}
