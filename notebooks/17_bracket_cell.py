# ---
# jupyter:
#   jupytext:
#     default_lexer: ipython3
#     formats: md:myst,py:percent
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which unit knows?
#
# In 2018 somebody trained two LSTM layers to continue titles, character by character, and gave the weights
# away {cite:p}`woolf2018`. Nobody told the network what a bracket is. Here it reads your line. The colour is
# one of the 512 numbers of its state: the {term}`cell state` of unit 14 in the first layer.
#
# :::{admonition} Predict first 1
# :class: predict
# In `one ((two) three)`, will `three` be coloured? Will anything after `sad :(` be coloured? Then type
# `one more trick`, hold the cell at 1, and let the network write. What does it write that it would not have
# written?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A line of text, coloured by one number of the network's state.", "name": "fig-bracket-cell-live"}} jupyter={"source_hidden": true}
from course_utils import gates, live, plotting, pretrained, training, units

plotting.use_style()
network = pretrained.character_network()
live.ColouredText(network, {14: ("brackets", ")"), 43: ("quotes", '"')},
                  "one ((two) three) sad :( and (four)")

# %% [markdown]
# :::{dropdown} Answer 1
# `three` stays plain: the first `)` clears the cell. `:(` colours nothing: the network takes it for a face. Held
# at 1, it writes a `)`. (The weights in the page are rounded to eight bits.)
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Hold* one cell of a network, and say what this shows that a correlation does not.
# - *Cut* one unit out of a layer, and predict from its weights what it does alone.
# - *Trace* a pre-activation back to the units that made it.
# :::
#
# **Time:** about 30 minutes, and 55 for the exercises; the code runs in about 20 seconds.
# **Needs:** the gates of an LSTM, as in [chapter 5](05_lstm_gate_slicing.md)
# and [chapter 6](06_lstm_gates_at_work.md).

# %% [markdown]
# ## Which of 512 numbers?
#
# For each prediction the network reads the last 40 characters anew; fillers come before a short line. Its prediction
# uses a weighted mean of the states of all 40 steps; on average about nine tenths of the weight are on the last.
# `network.read(lines)` gives `first` and `second`, what each layer did at the 40 steps, and `next`, the probabilities of
# the next character. How the file is read without a label stands in the [porting notes](A3_porting_notes.md).

# %%
from course_utils.checks import bracket_cell as checks

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

# %% [markdown]
# We need text whose brackets we know. A small grammar writes 400 lines, every second one with commas
# instead of brackets, so that neither words nor place can tell.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show the words and the grammar", "code_prompt_hide": "Hide the words and the grammar"} jupyter={"source_hidden": true}
BEFORE, WITHIN, AFTER = (words.split("|") for words in (
    "a small library|my old dog|the new phone|good news|this game"
    "|our house|one more trick|her book|the last train|free music",
    "with no bugs|it is true|or not|not for sale|from here|in red"
    "|so they say|and a cat|for now|by hand",
    "for cats|is here|is gone|at home|to read|was lost|that works"
    "|in town|again|and more"))
rng = np.random.default_rng(0)
phrases = [[rng.choice(part) for part in (BEFORE, WITHIN, AFTER)]
           for _ in range(400)]
lines = [f"{a}, {b}, {c}" if k % 2 else f"{a} ({b}) {c}"
         for k, (a, b, c) in enumerate(phrases)]
print(lines[0], lines[1], sep="\n")


# %%
def inside(line: str) -> list:
    """Say after each character whether a bracket is open."""
    found, now = [], False
    for letter in line:
        now = letter != ")" if now else letter == "("
        found.append(now)
    return found


# %%
def states(network, lines: list[str]) -> np.ndarray:
    """Return h and c of both layers after each character, 512 wide."""
    read = network.read(lines)
    parts = [read.first.h, read.first.c, read.second.h, read.second.c]
    every = np.concatenate(parts, axis=-1)
    return np.concatenate([s[40 - len(t):] for s, t in zip(every, lines)])


# %% [markdown]
# The score is the {term}`AUC`: how often a character inside brackets has a larger number than one outside. 1/2 says
# nothing, and 0 is as good as 1. Choose the best number on the first half of the text, and score it on the other.

# %%
def best(S: np.ndarray, label: np.ndarray) -> tuple[int, float]:
    """Return the number chosen on one half, and its AUC on the other."""
    half = len(S) // 2
    first, second = (units.selectivity(S[part], label[part])[:, 1]
                     for part in (slice(half), slice(half, None)))
    k = int(np.abs(first - 0.5).argmax())
    return k, second[k]


# %%
names = [f"{state} of layer {number}, unit {k}" for number in (1, 2)
         for state in "hc" for k in range(128)]
label = np.concatenate([inside(line) for line in lines])
S = states(network, lines)
chosen, area = best(S, label)
print(f"{names[chosen]}: {area:.2f}")


# %% [markdown]
# Its $h$ has 1.00 too; the next unit, 80, has 0.99.
#
# What would chance give? 512 random directions; the weights shuffled within each array; the place in the line.
# The two halves share their phrases. So does it also hold on lines that the network wrote itself, from a
# beginning and a `(`?

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show what chance gives", "code_prompt_hide": "Hide what chance gives"} jupyter={"source_hidden": true}
def shuffled(layer: gates.Gates, rng) -> gates.Gates:
    """Return a layer with the numbers of each array in random order."""
    blocks = {name: gates.Block(*(
        rng.permuted(part, axis=None) for part in
        (block.kernel, block.recurrent, block.bias)))
        for name, block in layer.blocks.items()}
    return replace(layer, blocks=blocks)


turns = np.random.default_rng(1).normal(size=(512, 512))
place = np.concatenate([np.arange(len(line)) for line in lines])
nulls = {"random directions": S / S.std(axis=0) @ turns,
         "place in the line": place[:, np.newaxis]}
for seed in training.progress(range(3), "networks"):
    first, second = (shuffled(layer, np.random.default_rng(seed))
                     for layer in (network.first, network.second))
    other = replace(network, first=first, second=second)
    nulls[f"shuffled weights {seed}"] = states(other, lines)
for name, values in nulls.items():
    print(f"{name:18} {0.5 + abs(best(values, label)[1] - 0.5):.1f}")

# %%
own = pretrained.written_lines()
theirs = np.concatenate([inside(line) for line in own])
area = units.selectivity(states(network, own)[:, [chosen]], theirs)[0, 1]
print(f"{len(own)} lines of the network: {area:.2f}")
print(own[0], own[-1], sep="\n")


# %% [markdown]
# ## Does the network use it?
#
# What a unit knows may be used by nobody. So hold it. With the input gate at 0 and the forget gate at 1, $c$ stays
# what it was: what it starts with. `network.read(lines, c)` starts the cells of layer 1 at `c`.
#
# :::{admonition} Exercise 1 · Hold a cell
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Hold*. Write `held(layer, unit)`. It takes a `gates.Gates` with an
# LSTM and returns another one, in which $c$ of one unit never changes: its input gate is 0 and its forget gate
# 1 at every step, whatever comes in. All else is as before. `layer.blocks` is a dict of `gates.Block`, each with
# `kernel`, `recurrent` and `bias`. The chapter runs on it.
# :::
#
# :::{dropdown} Hint 1
# Which weights of a gate can move its value in one unit? And what is the sigmoid of 100?
# :::
#
# :::{dropdown} Hint 2
# Copy before you change; put the new `gates.Block` in with
# `replace(layer, blocks={**layer.blocks, ...})`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "held", "solution": true} jupyter={"source_hidden": true}
def held(layer: gates.Gates, unit: int) -> gates.Gates:
    """Return an LSTM in which c of one unit never changes."""
    ### BEGIN SOLUTION
    blocks = dict(layer.blocks)
    for name, bias in (("input", -100), ("forget", 100)):
        old = blocks[name]
        W, U, b = (part.copy() for part in
                   (old.kernel, old.recurrent, old.bias))
        W[:, unit], U[:, unit], b[unit] = 0, 0, bias
        blocks[name] = replace(old, kernel=W, recurrent=U, bias=b)
    return replace(layer, blocks=blocks)
    ### END SOLUTION


# %% nbgrader={"grade_id": "held-check", "grade": true, "points": 2}
checks.held(held)


# %%
def probability(lines, unit=None, value=0.0) -> float:
    """Return the mean probability of a ), a cell held or not."""
    c, net = np.zeros(128), network
    if unit is not None:
        c[unit] = value
        net = replace(network, first=held(network.first, unit))
    return net.read(lines, c).next[:, network.numbers[")"]].mean()


# %% [markdown]
# How probable is `)` where the line closes the bracket, and where nobody opened one? First hold a unit at its
# mean outside brackets, then at its mean inside; so for each of 128 units.

# %%
unit, c = chosen - 128, S[:, 128:256]
within, without = (c[label == side].mean(axis=0) for side in (True, False))
open_lines = [line[:line.index(")")] for line in lines[:80:2]]
free_lines = [" ".join(phrase[:2]) for phrase in phrases[:80:2]]
both = [(probability(open_lines, k, without[k]),
         probability(free_lines, k, within[k]))
        for k in training.progress(range(128), "units")]
shut, forced = np.transpose(both)

# %%
others = np.delete(np.arange(128), unit)
low = min(others, key=shut.__getitem__)
top = max(others, key=forced.__getitem__)
print(f"open: as it is {probability(open_lines):.3f}, unit {unit} held"
      f" {shut[unit]:.3f}, next lowest {shut[low]:.3f}, unit {low}")
print(f"none: as it is {probability(free_lines):.3f}, unit {unit} held"
      f" {forced[unit]:.3f}, next highest {forced[top]:.3f}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Held as outside, two units of 128 leave less than a tenth of a closing bracket's probability. Held as inside, one of them alone closes one that nobody opened.", "name": "fig-bracket-cell-held"}, "image": {"alt": "Each of 128 units as a point. Across, the probability of a closing bracket where one is open, with the unit held at its mean outside, from 0 to 0.4. Upwards, the probability where none is open, with the unit held at its mean inside, from 0 to 0.25. All units but one lie along the bottom, most of them near 0.2 across, where a dotted line marks the network as it is, and unit 80 at 0.02. Unit 14, a square, stands alone in the upper left corner at 0.00 and 0.23."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
ax.plot(np.array(shut)[others], np.array(forced)[others], "o", mfc="none",
        label="127 other units")
ax.plot(shut[unit], forced[unit], "s", ms=9, label=f"unit {unit}")
ax.axvline(probability(open_lines), linestyle=":", color="black",
           linewidth=1, label="no unit held")
ax.set(xlabel="p of ) where a bracket is open, unit held outside",
       ylabel="p of ) where none is open,\nunit held inside")
ax.legend()
plt.show()

# %% [markdown]
# Pushed harder, to the first or 99th percentile of its $c$, no other unit brings more than 0.005 (on six lines).
# Nor does any cell of layer 2 stop or force a bracket.
#
# ## Read its weights
#
# In each gate, unit 14 adds $x_t W + b$, which the character alone decides, and $h_{t-1} U$. First the former:

# %%
inputs = {name: network.E @ block.kernel[:, unit] + block.bias[unit]
          for name, block in network.first.blocks.items()}
print("       input  forget       g")
for letter in "([{)]}az ,":
    row = network.numbers[letter]
    print(f"{letter!r}", *(f"{inputs[gate][row]:7.1f}"
                           for gate in ("input", "forget", "cell")))


# %% [markdown]
# An opening bracket opens the input gate, shuts the forget gate, and lets in a
# candidate $g = 1$: $c = 1$, whatever it was.
# A closing bracket shuts the forget gate and, nearly, the input gate: by these numbers $c = 0.02$, or 0.2 after
# `}`, where $h_{t-1} U$ shuts it further. Most letters let nothing in and keep: a flip-flop of one bit, for three
# kinds of brackets.
#
# :::{admonition} Predict first 2
# :class: predict
# Look at the blank. By these numbers, what becomes of the bit after the first word in brackets?
# :::
#
# So cut the unit out: an LSTM of one unit, which reads the characters and its own $h$.
#
# :::{admonition} Exercise 2 · Cut a unit out
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Cut*. Write `alone(layer, unit)`. It returns a `gates.Gates` of one
# unit: of each block that unit's column of the kernel, its weight on its own $h$, and its bias.
# :::
#
# :::{dropdown} Hint 1
# The kernel has shape (features, 1), the recurrent weights (1, 1), the bias (1,).
# :::
#
# :::{dropdown} Hint 2
# A slice of length one keeps an axis: `a[:, unit:unit + 1]`.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "alone", "solution": true} jupyter={"source_hidden": true}
def alone(layer: gates.Gates, unit: int) -> gates.Gates:
    """Return one unit of an LSTM, without what the others tell it."""
    ### BEGIN SOLUTION
    one = slice(unit, unit + 1)
    blocks = {name: gates.Block(block.kernel[:, one],
                                block.recurrent[one, one], block.bias[one])
              for name, block in layer.blocks.items()}
    return replace(layer, blocks=blocks)
    ### END SOLUTION


# %% nbgrader={"grade_id": "alone-check", "grade": true, "points": 2}
checks.alone(alone)

# %%
lone = alone(network.first, unit)
deaf = replace(lone, blocks={
    name: replace(block, recurrent=0 * block.recurrent)
    for name, block in lone.blocks.items()})
U = lone.blocks["forget"].recurrent[0, 0]
print(f"weight of the forget gate on its own h: {U:.1f}")


# %%
def bits(layer: gates.Gates, unit: int, lines) -> np.ndarray:
    """Return c of a unit after each character of each line."""
    c = layer.trace(network.E[network.windows(lines)]).c[..., unit]
    return np.concatenate([s[40 - len(t):] for s, t in zip(c, lines)])


# %%
ways = {"all of layer 1": (network.first, unit),
        "alone": (lone, 0), "alone, without U": (deaf, 0)}
print("bit set inside brackets, outside; the same on the network's lines")
for name, way in ways.items():
    shares = [(bits(*way, texts) > 0.5)[truth == side].mean()
              for texts, truth in ((lines, label), (own, theirs))
              for side in (True, False)]
    print(f"{name:17}", *(f"{share:.2f}" for share in shares))

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The unit cut out of its layer holds the bit. Without the weight on its own h it loses it within a word.", "name": "fig-bracket-cell-alone"}, "image": {"alt": "Cell state of unit 14 after each character of the line a small library (with no bugs) for cats. In the whole layer (solid) it is between -0.4 and 0.1, 1 at every character from the opening bracket on, and below 0.1 from the closing bracket on. Cut out (dashed) it does nearly the same, and sinks to 0.7 before the closing bracket. Cut out and without U (dotted) it rises to 1 at the bracket, falls to 0.2 within the first word, and to 0 at the first blank."}} jupyter={"source_hidden": true}
example = "a small library (with no bugs) for cats"
fig, ax = plt.subplots(figsize=(7.5, 3.2))
for (name, (layer, k)), style in zip(ways.items(), ("o-", "s--", "x:")):
    ax.plot(bits(layer, k, [example]), style, ms=4, label=name)
ax.set(xticks=range(len(example)), xticklabels=list(example),
       ylabel="c of unit 14")
ax.legend(loc="upper left")
plt.show()

# %% [markdown]
# :::{dropdown} Answer 2
# By $W$ and $b$ alone it is lost: the forget gate at a blank is $\sigma(-3.1) = 0.04$. At c, d, f, h and n too it is
# about ½ or less. But while the bit is set, $h$ is mostly near $\tanh 1 = 0.76$, and the unit's weight on its own $h$ adds
# $0.76 \cdot 7.6 = 5.8$. The bit keeps itself.
# :::
#
# :::{admonition} Predict first 3
# :class: predict
# Where in `one ((two) three)`, `one (two] three`, `a :( b` and `a (b :( c` will $c$ be above ½ in the unit *cut
# out*? You saw the layer in `((two) three)` and `:(`. Which lines will differ?
# :::

# %%
for text in ("one ((two) three)", "one (two] three", "a :( b",
             "a (b :( c"):
    print(text)
    for name in ("all of layer 1", "alone"):
        on = bits(*ways[name], [text]) > 0.5
        print("".join(".#"[bit] for bit in on.astype(int)), name)


# %% [markdown]
# :::{dropdown} Answer 3
# One `)` clears two `(`, and `]` closes `(`: one bit cannot count, nor tell brackets apart. In these two
# lines the unit alone does what the layer does. But it takes `:(` for a bracket. The layer does not; within brackets its sad
# face even clears the bit, as the forget gate still shuts.
# :::
#
# ## A sad face
#
# At the `(` of `:(` the character is the same, so $x_t W$ is. Only $h_{t-1} U$ can make the difference.
#
# :::{admonition} Exercise 3 · Who said so?
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Trace*. Write `told(recurrent, unit, usual, now)`. `recurrent` is a
# gate's $U$, `usual` and `now` are two hidden states, shape (units,). It returns, for each unit of the layer,
# by how much it moves this gate's pre-activation of `unit` when $h$ is `now` instead of `usual`.
# :::
#
# :::{dropdown} Hint 1
# The pre-activation has one column of $U$ in it. Which?
# :::
#
# :::{dropdown} Hint 2
# It is a sum over units. Do not add it up.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "told", "solution": true} jupyter={"source_hidden": true}
def told(recurrent, unit: int, usual, now) -> np.ndarray:
    """Return each unit's share in the change of a pre-activation."""
    ### BEGIN SOLUTION
    return (now - usual) * recurrent[:, unit]
    ### END SOLUTION


# %% nbgrader={"grade_id": "told-check", "grade": true, "points": 1}
checks.told(told)

# %%
faces = {mark: [f"{a} {b} {mark}(" for a, b, _ in phrases[:40]]
         for mark in ("", ":", "=", ":-")}
read = {mark: network.first.trace(network.E[network.windows(texts)])
        for mark, texts in faces.items()}
before = {mark: read[mark].h[:, -2].mean(axis=0) for mark in faces}
U = network.first.blocks["input"].recurrent
shares = told(U, unit, before[""], before[":"])
pair = np.argsort(shares)[:2]
print(f"units {pair}: {shares[pair].round(1)} of {shares.sum():.1f}")


# %% [markdown]
# Two of 128 units are behind 3.9 of the 10.4 by which `:` lowers the input gate's pre-activation. Set their two
# weights in $U$ to 0.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show the table", "code_prompt_hide": "Hide the table"} jupyter={"source_hidden": true}
def without_weights(units) -> gates.Gates:
    """Return layer 1 whose bracket unit's input gate ignores units."""
    block = network.first.blocks["input"]
    U = block.recurrent.copy()
    U[units, unit] = 0
    blocks = network.first.blocks | {"input": replace(block, recurrent=U)}
    return replace(network.first, blocks=blocks)


def opens(layer: gates.Gates, mark: str) -> float:
    """Return how often a ( after a mark sets the bit."""
    x = network.E[network.windows(faces[mark])]
    return (layer.trace(x).c[:, -1, unit] > 0.5).mean()


pairs = [np.random.default_rng(seed).choice(128, 2, replace=False)
         for seed in range(20)]
print("     opens a bracket  without 2 weights  20 random pairs, most")
for mark in faces:
    most = max(opens(without_weights(other), mark) for other in pairs)
    print(f"{mark + '(':4} {opens(network.first, mark):12.0%}",
          f"{opens(without_weights(pair), mark):18.0%} {most:18.0%}")


# %% [markdown]
# Without two weights `:(` opens a bracket, and real brackets are as they were. But it is a sum that tips: without
# the next three, of units 8, 46 and 71, a bracket opens too. A sad face with a nose the network does not know.
#
# ## What could fool us
#
# **A window.** We read each line in one window, whose step 40 is always its end: a cell may count the steps to it (one
# does, a test finds it). The network reads every beginning in a window of its own. A test asks the bracket cell there, too:
# its AUC is 1.00 again.
#
# **A cell that follows.** Held as outside, unit 80 keeps the network from closing a bracket too. But held as
# inside it closes nothing. What does unit 80 do when unit 14 is held?

# %%
def follower(texts: list[str], value: float | None) -> float:
    """Return the mean c of the other unit, unit 14 held at a value."""
    c, layer = np.zeros(128), network.first
    if value is not None:
        c[unit], layer = value, held(layer, unit)
    read = replace(network, first=layer).read(texts, c)
    return read.first.c[:, -1, low].mean()


for texts, value in ((open_lines, without), (free_lines, within)):
    means = follower(texts, None), follower(texts, value[unit])
    print("as it is {:z.1f}, unit 14 held {:z.1f}".format(*means))

# %% [markdown]
# Unit 80 follows unit 14, and the answer needs both: with 14 held inside and 80 outside, `)` gets 0.03 where it got
# 0.23. So a cell that does not decide can stop the network; ask for the opposite as well.
#
# **One network.** Another one may keep its brackets in ten units.
#
# ## One open question
#
# :::{admonition} Exercise 4 · Put it back (open)
# :class: exercise
# Difficulty 4 of 5, 20 minutes. Practises: *Cut*, *Hold*. Alone, the unit has the right bit mostly. Is it
# good enough for the network? In layer 1, set all weights in $U$ from other units onto unit 14 to 0, in all four
# gates, then in one gate at a time. Predict which gate matters. Measure the probability of `)` where a bracket is
# open, and where none is. Choose a control. Say what your result does not show.
# :::

# %% [markdown] nbgrader={"grade_id": "put-back", "solution": true, "grade": true, "points": 3}
# *Your answer here: your prediction, the numbers with their control, and what they do not show.*

# %% [markdown]
# :::{dropdown} One answer
# A unit speaks through $h$, and its output gate needs to know when. With all four gates cut off `)` falls from 0.20
# to 0.06 where a bracket is open; with one gate, to 0.09 (output), 0.13 (forget), 0.18 (input, candidate). Where none is
# open it stays below 0.001. So the bit is mostly there, and most of its
# use is lost. The control, the same cut for every fourth other unit, gives 0.06 to 0.29: two of 32 come nearly as low
# (0.063 and 0.067 against 0.059). So this does not show that the cut harms this unit's work alone, nor what each gate is
# for: they feed one another.
# :::

# %% [markdown]
# ## What we saw
#
# - *Hold*: two cells of 128, held as outside, leave less than a tenth of a closing bracket's probability. One of them,
#   held as inside, closes one that nobody opened.
# - *Cut*: one unit out of its layer is a flip-flop of one bit, by its weight on its own $h$. It holds at 96% of the
#   characters in our brackets, at 75% of those in the network's, and never sets a wrong bit there.
# - *Trace*: without two weights a sad face is a bracket; without the next three too.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`karpathy2015`: cells for brackets, quotes and line length, found by eye in networks of their own.
# - {cite:t}`radford2017`: one unit for the mood of a review; fixed at a value, it sets the mood of what is written.
# - {cite:t}`lakretz2019`: units of a language model that carry singular and plural, found by ablation.
# - {cite:t}`suzgun2019`: what a unit would have to do to count brackets.
