// Chapter 18: three weights, trained after every choice on all choices so far.

/** Random numbers from 0 to 1 that begin the same at every visit (the generator mulberry32). */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Solve three linear equations, for several right-hand sides as columns of `right`. */
function solve3(matrix, right) {
  const rows = matrix.map((row, k) => [...row, ...right[k]]);
  for (let k = 0; k < 3; k++) {
    const best = [0, 1, 2].slice(k).reduce((a, b) => (Math.abs(rows[b][k]) > Math.abs(rows[a][k]) ? b : a));
    [rows[k], rows[best]] = [rows[best], rows[k]];
    for (let j = 0; j < 3; j++) {
      if (j === k) continue;
      const share = rows[j][k] / rows[k][k];
      rows[j] = rows[j].map((value, column) => value - share * rows[k][column]);
    }
  }
  return rows.map((row, k) => row.slice(3).map((value) => value / row[k]));
}

function build(data, figure) {
  const chance = seeded(18), CHANGE = 0.03, GOOD = 0.8, RECENT = 60;
  let choices = [...data.choices], rewards = [...data.rewards], right = 0, asked = 0, animal = { alpha: data.alpha, beta: data.beta };
  let leftPays = chance() < 0.5, last = "", weights, errors;

  const sign = (t) => (choices[t] === rewards[t] ? 1 : -1);

  /** The log odds of left before every trial, and before the one to come. */
  function logOdds([W, U, b], count = choices.length) {
    const h = [0];
    for (let t = 0; t < count; t++) h.push(W * sign(t) + U * h[t] + b);
    return h;
  }

  function likelihood(w, count) {
    const h = logOdds(w, count);
    let sum = 0;
    for (let t = 0; t < count; t++) {
      const against = choices[t] ? -h[t] : h[t];
      sum -= Math.max(0, against) + Math.log1p(Math.exp(-Math.abs(against)));
    }
    return w.reduce((total, value, k) => total - (data.pull[k] * (value - data.pullTo[k]) ** 2) / 2, sum);
  }

  /** Train on the first choices, as `fit_choices` of the package does. */
  function fit(count = choices.length) {
    let w = [...data.pullTo], best = likelihood(w, count), information;
    for (let round = 0; round < 50; round++) {
      const h = logOdds(w, count), slope = w.map((value, k) => -data.pull[k] * (value - data.pullTo[k]));
      information = data.pull.map((value, k) => data.pull.map((_, j) => (j === k ? value : 0)));
      let J = [0, 0, 0];
      for (let t = 0; t < count; t++) {
        const p = sigmoid(h[t]), wrong = choices[t] - p, spread = p * (1 - p);
        for (let k = 0; k < 3; k++) {
          slope[k] += wrong * J[k];
          for (let j = 0; j < 3; j++) information[k][j] += spread * J[k] * J[j];
        }
        J = [sign(t) + w[1] * J[0], h[t] + w[1] * J[1], 1 + w[1] * J[2]];
      }
      const step = solve3(information, slope.map((value) => [value])).map(([value]) => value);
      if (Math.max(...step.map(Math.abs)) < 1e-6) {
        w = w.map((value, k) => value + step[k]); // too near for rounding to tell which is better
        break;
      }
      for (let halvings = 0; halvings < 20; halvings++) {
        const tried = w.map((value, k) => value + step[k] / 2 ** halvings);
        const reached = likelihood(tried, count);
        if (reached >= best) {
          [w, best] = [tried, reached];
          break;
        }
      }
    }
    const inverse = solve3(information, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
    return [w, inverse.map((row, k) => Math.sqrt(row[k]))];
  }

  /** Play one trial; the network guesses before it is told the choice. */
  function play(chosen) {
    if (choices.length >= data.first) {
      asked++;
      if (Number(logOdds(weights).at(-1) > 0) === chosen) right++;
    }
    const pays = chance() < ((chosen === 1) === leftPays ? GOOD : 1 - GOOD);
    choices.push(chosen);
    rewards.push(Number(pays));
    if (chance() < CHANGE) leftPays = !leftPays;
    last = `${chosen ? "Left" : "Right"} ${pays ? "pays" : "pays nothing"}. `;
    [weights, errors] = fit();
  }

  /** How many choices the simplest rule foresaw: stay after a payoff, else change. */
  const followed = () => choices.filter((chosen, t) => t >= data.first && chosen === Number(sign(t - 1) > 0)).length;

  function byHand(chosen) {
    if (animal) restart();
    play(chosen);
    show();
  }

  function restart() {
    animal = null;
    choices = [];
    rewards = [];
    right = asked = 0;
    last = "";
    [weights, errors] = fit();
  }

  function byAnimal() {
    restart();
    animal = { alpha: alpha.input.valueAsNumber, beta: beta.input.valueAsNumber };
    let h = 0;
    for (let t = 0; t < 200; t++) {
      play(Number(chance() < sigmoid(h)));
      h += animal.alpha * (animal.beta * sign(t) - h);
    }
    last = "";
    show();
  }

  const alpha = slider({ label: "the animal's learning rate α", min: 0.05, max: 1, step: 0.05, value: data.alpha, onInput: byAnimal });
  const beta = slider({ label: "its inverse temperature β", min: 0, max: 6, step: 0.25, value: data.beta, onInput: byAnimal });
  const rule = plot({ label: "", height: 270, draw: drawRule });
  const time = plot({ label: "", height: 270, draw: drawTime });
  const words = readout();

  function drawRule(width, height) {
    const { box, x, y, parts } = axes(width, height, { xlim: [-4, 4], ylim: [-3, 3], xlabel: "log odds of left", ylabel: "change after the trial" });
    const across = (low, high) => [[x(-4), y(low)], [x(4), y(high)]];
    const [W, U, b] = weights, lines = [];
    for (const [s, colour, dash] of [[1, "blue", ""], [-1, "vermilion", "8 4"]]) {
      if (animal) lines.push(line(across(animal.alpha * (animal.beta * s + 4), animal.alpha * (animal.beta * s - 4)),
        { stroke: "var(--black)", "stroke-dasharray": "2 4" }));
      lines.push(line(across(W * s - (U - 1) * 4 + b, W * s + (U - 1) * 4 + b), { stroke: `var(--${colour})`, "stroke-dasharray": dash }));
    }
    parts.push(clipped(box, ...lines));
    return parts;
  }

  function drawTime(width, height) {
    const from = Math.max(0, choices.length - RECENT), h = logOdds(weights);
    const { box, x, y, parts } = axes(width, height, { xlim: [from + 1, from + RECENT + 1], ylim: [-5, 5], xlabel: "trial", ylabel: "log odds of left" });
    parts.push(clipped(box, line([[box.left, y(0)], [box.right, y(0)]], { stroke: "var(--line)" }),
      line(h.slice(from).map((value, k) => [x(from + k + 1), y(value)]), { stroke: "var(--green)" }),
      ...choices.slice(from).map((chosen, k) => marker(rewards[from + k] ? "d" : "o", x(from + k + 1), y(chosen ? 4.5 : -4.5),
        rewards[from + k] ? { fill: "var(--black)" } : { fill: "none", stroke: "var(--black)" }, 3))));
    return parts;
  }

  function show() {
    const [W, U] = weights, count = choices.length;
    const found = 1 - U, rate = `${format(found)} ± ${format(errors[1])}`;
    const spread = Math.abs(W) > 2 * errors[0] && found > 2 * errors[1]
      ? `learning rate 1 − U = ${rate}, inverse temperature W / (1 − U) = ${format(W / found)}`
      : `W = ${format(W)} ± ${format(errors[0])}: no sign yet that what pays moves the choices`;
    const hits = asked ? ` It foresaw ${right} of ${asked} choices; “stay if it paid, else change” foresaw ${followed()}.` : "";
    const who = animal ? "the animal" : "you";
    words.set(`${last}${count} choice${count === 1 ? "" : "s"} by ${who}, ${rewards.reduce((sum, r) => sum + r, 0)} paid. The network: ${spread}.${hits}`);
    rule.root.setAttribute("aria-label", `Change of the log odds against the log odds, after a sign for left and for right. W = ${format(W)}, U = ${format(U)}.`);
    time.root.setAttribute("aria-label", `The network's log odds of left over the last trials, with the choices.${hits}`);
    rule.redraw();
    time.redraw();
  }

  for (let t = data.first; t < choices.length; t++) {
    asked++;
    if (Number(logOdds(fit(t)[0], t).at(-1) > 0) === choices[t]) right++;
  }
  [weights, errors] = fit();
  figure.append(el("div", { class: "buttons" }, button("Left machine", () => byHand(1)), button("Right machine", () => byHand(0)),
    button("Start again", () => { restart(); show(); }), button("An animal plays 200 trials", byAnimal)),
  words.node, el("div", { class: "controls" }, alpha.node, beta.node),
  legend([["network, after a sign for left", "blue", "", null], ["after one for right", "vermilion", "8 4", null], ["the animal's own rule", "black", "2 4", null],
    ["paid", "black", null, "d"], ["not paid", "black", null, "o", true]]),
  el("div", { class: "panels" }, rule.node, time.node));
  show();
  return () => ({ choices, rewards, weights, errors, right, asked, animal: animal ? [animal.alpha, animal.beta] : null, logOdds: logOdds(weights) });
}
