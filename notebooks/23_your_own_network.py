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
# # How do I open a network of my own?
#
# A package that tells whether somebody is speaking holds a network with one LSTM of 128 units
# {cite:p}`silero2024`. Here it hears the same quiet second of a voice three times.

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The same quiet second, three times. Soon after a loud voice the network is deaf to it.", "name": "fig-your-own-network-deaf"}, "image": {"alt": "Two panels over 29 seconds. Above, the loudness of the sound in decibels: a quiet second near -62, five loud seconds near -15 from second 3 on, the same quiet second at second 9 and at second 27. Below, the probability of speech: up to 0.98 in the first quiet second, 1 in the loud voice, below 0.1 in the second quiet one, up to 0.87 in the third."}} jupyter={"source_hidden": true}
from course_utils import dynamics, plotting, pretrained, training
from course_utils.checks import your_own_network as checks
from course_utils.gates import Gates, list_gates, read_gates

import matplotlib.pyplot as plt
import numpy as np

plotting.use_style()
SECOND = 16000  # samples
STEP = 0.032  # seconds
network = pretrained.speech_network()


def silence(seconds: float) -> np.ndarray:
    """Return no sound."""
    return np.zeros(int(seconds * SECOND))


def probability(h: np.ndarray) -> np.ndarray:
    """Return the probability of speech in each state h."""
    return 1 / (1 + np.exp(-network.score(h)))


word, loud = pretrained.babble(1, seed=1001), pretrained.babble(5, seed=1)
quiet = word * 10 ** (-48 / 20)
sound = np.concatenate([silence(1), quiet, silence(1), loud, silence(1),
                        quiet, silence(17), quiet, silence(1)])
x = network.hear(sound)
steps = sound[:len(x) * 512].reshape(-1, 512)
time = np.arange(len(x)) * STEP
fig, (above, below) = plt.subplots(2, sharex=True, figsize=(7, 4))
power = np.maximum((steps**2).mean(axis=1), 1e-9)
above.plot(time, 10 * np.log10(power))
above.set(ylabel="loudness (dB)")
below.plot(time, probability(network.gates.trace(x[np.newaxis]).h[0]))
below.set(xlabel="seconds", ylabel="p of speech")
plt.show()

# %% [markdown]
# The voice is made by formula: syllables of a hiss and a vowel, no recording. The package's users
# [ask](https://github.com/snakers4/silero-vad/issues/725) how often to reset its state. One program resets it
# [every five seconds](https://github.com/pipecat-ai/pipecat/issues/2815). So: how long does it remember, and what?
#
# :::{admonition} Predict first 1
# :class: predict
# The LSTM carries 128 cells $c$. A second after the loud voice, put some of them back to what they were in
# silence. How many does it take until it hears as well as in silence? And which will they be: those that forget most slowly?
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Read* a layer from a file, and tell whether your reading runs like the original.
# - *Measure* how long each unit remembers, by its gates and by a push.
# - *Find* where a network rests.
# - *Tell* a memory that the answer uses from one that is only there.
# :::
#
# **Time:** about 30 minutes, and 80 for the exercises; the code runs in about 10 seconds.
# **Needs:** the gates of an LSTM ([chapter 5](05_lstm_gate_slicing.md)) and {term}`fixed points <fixed point>`
# ([chapter 19](19_fixed_points.md)).

# %% [markdown]
# ## Step 1: What is in the file?

# %%
path = pretrained.path("speech/silero_vad_16k_sequence.onnx")
print(list_gates(path))
gates = read_gates(path)
print(gates)

# %% [markdown]
# One LSTM. The file is of ONNX, whose gates lie in the order i, o, f, c; `read_gates` put them in their places.
# Its last words are for you: steps come first (`time_major`), and the model hands in the first states
# (`started`). A file of weights alone tells less. Then `read_gates` asks:

# %%
try:
    read_gates(gates.to_torch())  # a state dict, as torch.save keeps it
except ValueError as error:
    print(error)

# %% [markdown]
# `read_gates` takes files of Keras, PyTorch, ONNX and others; the
# [porting notes](A3_porting_notes.md) have their layouts.
#
# ## Step 2: Does it run like the original?
#
# Never skip this. Here the file can be run by itself; yours has the program it came from.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how the file is run by itself", "code_prompt_hide": "Hide how the file is run by itself"} jupyter={"source_hidden": true}
import onnxruntime

session = onnxruntime.InferenceSession(path)


def original(sound: np.ndarray) -> np.ndarray:
    """Return the probabilities that the file itself computes."""
    steps = sound[:len(sound) // 512 * 512].reshape(-1, 512)
    again = np.vstack([np.zeros(64), steps[:-1, -64:]])
    zero = np.zeros((1, 1, 128), "float32")
    x = np.hstack([again, steps]).astype("float32")
    feed = {"input": x, "h": zero, "c": zero}
    return session.run(["speech_probs"], feed)[0].ravel()


# %%
from dataclasses import replace

ours = replace(gates, time_major=False, started=False)
wrong = replace(ours, blocks=ours.blocks | {
    "forget": ours.blocks["output"], "output": ours.blocks["forget"]})

# %%
for name, layer in {"as read": ours, "f and o exchanged": wrong}.items():
    gap = np.abs(probability(layer.trace(x[np.newaxis]).h[0])
                 - original(sound)).max()
    print(f"{name}:", "within 1e-5" if gap < 1e-5 else f"off by {gap:.1f}")


# %% [markdown]
# The convolutions before the LSTM turn 512 samples, 32 milliseconds, into the 128 numbers of `x`; the package
# of this course computes them (`network.hear`).
#
# ## Step 3: How long does each unit remember, by its gates?
#
# As $c_t = f_t c_{t-1} + i_t g_t$, a step multiplies a small change of $c$ by $f_t$, as long as it changes nothing else. After $T$ steps
# $f_1 f_2 \cdots f_T = e^{-T/\tau}$ of it is left. That defines the {term}`time constant` $\tau$ of a unit, in steps.
#
# :::{admonition} Exercise 1 · Time constants from gates
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Measure*. Write `time_constants(forget)`. It gets the values of a forget gate, shape
# (steps, units), all above 0 and below 1, and returns $\tau$ of each unit, shape (units,).
# :::
#
# :::{dropdown} Hint 1
# Take the logarithm of both sides of the equation above.
# :::
#
# :::{dropdown} Hint 2
# A unit with $f = 1/2$ at one step and nearly 1 at the nine others of every ten keeps half in ten steps. Which mean gives that?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "time_constants", "solution": true} jupyter={"source_hidden": true}
def time_constants(forget: np.ndarray) -> np.ndarray:
    """Return the time constant of each unit in steps."""
    ### BEGIN SOLUTION
    return -1 / np.log(forget).mean(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "time_constants-check", "grade": true, "points": 2}
checks.time_constants(time_constants)


# %% [markdown]
# We let it hear the loud voice and then silence, and look at ten seconds that begin one second after the voice.

# %%
def after_voice(seed: int, seconds: float = 11):
    """Return x of a loud voice and silence, and its step 1 s later."""
    sound = np.concatenate([pretrained.babble(5, seed), silence(seconds)])
    return network.hear(sound)[np.newaxis], int(6 / STEP)


# %%
x, now = after_voice(1)
trace = ours.trace(x)
tau = STEP * time_constants(trace.gates["forget"][0, now:])
slowest = np.argsort(-tau)
for unit in slowest[:8]:
    seconds = "> 100" if tau[unit] > 100 else f"{tau[unit]:.0f}"
    print(f"unit {unit:3}: {seconds:>5} s")


# %% [markdown]
# In an LSTM fresh from PyTorch the gates are near ½: 1.4 steps, 0.05 seconds.
#
# ## Step 4: Push it
#
# The gates tell of one path only: from $c$ to the same $c$. A change also goes out through $h$, and may come back. So move $c$ of
# one unit, let the layer run on, and see what is left. The push is gone after the last step that leaves more than $1/e$ of it.
# Between the two stands `own`: what a unit's own gates leave of a push, step by step.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how a unit is pushed", "code_prompt_hide": "Hide how a unit is pushed"} jupyter={"source_hidden": true}
def forgotten(left: np.ndarray) -> np.ndarray:
    """Return after how many steps each push is gone for good."""
    large = np.abs(left) > np.exp(-1)
    last = len(left) - np.argmax(large[::-1], axis=0)
    return np.where(large.any(axis=0), last, 0)


def memory(trace) -> np.ndarray:
    """Return what a layer carries on: c of an LSTM, else h."""
    return trace.h if trace.c is None else trace.c


def pushed(layer: Gates, x: np.ndarray, *states, size=0.1):
    """Return the share of a push that is left, (steps, units)."""
    many = layer.units + 1  # the first is not pushed
    rows = [np.repeat(state, many, axis=0) for state in states]
    rows[-1][1:] += size * np.eye(layer.units)
    after = memory(layer.trace(np.repeat(x, many, axis=0), *rows))
    return np.diagonal(after[1:] - after[0], axis1=0, axis2=2) / size


# %%
voice = network.hear(pretrained.babble(10, seed=2))[np.newaxis]
start = trace.h[:, now - 1], trace.c[:, now - 1]
for name, given in {"silence": x[:, now:], "voice": voice}.items():
    forget = ours.trace(given, *start).gates["forget"][0]
    by_gates, own = time_constants(forget), forgotten(forget.cumprod(0))
    push = forgotten(pushed(ours, given, *start))  # all three in steps
    some = (by_gates > 30) & (by_gates < 150)  # 1 to 5 seconds
    by_gates, own, push = by_gates[some], own[some], push[some]
    print(f"{name}, {some.sum()} units:")
    for what, ratio in {"push / τ": push / by_gates,
                        "own / τ": own / by_gates,
                        "push / own": push / own}.items():
        spread = np.percentile(ratio, [10, 50, 90]).round(1)
        print(f"  {what:10}", spread)

# %% [markdown]
# For units of one to five seconds push and $\tau$ differ by up to a factor of three: up in silence, down while a voice goes on.
# In silence that takes no other unit: `own` differs from $\tau$ as much, for the gates move, and $\tau$ is their mean. While a voice
# goes on, what comes back through $h$ shortens a push. Neither measure says whether anybody reads the unit.
#
# ## Step 5: What does the answer use?
#
# Ask the network. How quiet may a voice be before it is missed? We play one second of a voice at 17 levels and find the
# level at which the best score crosses 0.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how the quietest voice is found", "code_prompt_hide": "Hide how the quietest voice is found"} jupyter={"source_hidden": true}
LEVELS = np.arange(24, 92, 4)  # decibels below the loud voice


def heard_at(word: np.ndarray) -> np.ndarray:
    """Return x of a word at each level, (levels, steps, 128)."""
    return np.stack([network.hear(np.concatenate(
        [silence(STEP), word * 10 ** (-level / 20)]))[1:]
        for level in LEVELS])


def quietest(words: np.ndarray, h: np.ndarray, C: np.ndarray):
    """Return, for each row c of C, how far down a word is heard (dB)."""
    each = len(LEVELS)
    H = np.repeat(np.broadcast_to(h, C.shape), each, axis=0)
    after = ours.trace(np.tile(words, (len(C), 1, 1)), H,
                       np.repeat(C, each, axis=0))
    best = network.score(after.h).max(axis=1).reshape(-1, each)
    last = each - 1 - np.argmax(best[:, ::-1] > 0, axis=1)
    a, b = (np.take_along_axis(best, k[:, None], 1)[:, 0]
            for k in (last, last + 1))
    return LEVELS[last] + 4 * a / (a - b)


# %%
rest = ours.trace(network.hear(silence(5))[np.newaxis])
rest_h, rest_c = rest.h[0, -1], rest.c[0, -1]


def case(seed: int):
    """Return h and c 1 s after a voice, and another voice to hear."""
    x, now = after_voice(seed, seconds=1)
    trace = ours.trace(x)
    words = heard_at(pretrained.babble(1, 1000 + seed))
    return trace.h[0, now - 1], trace.c[0, now - 1], words


# %%
h, c, words = case(1)
rows = np.array([c, rest_c])
print("after the voice, at rest:", quietest(words, h, rows).round(), "dB")


# %% [markdown]
# After the voice it misses what is more than 41 dB below the loud voice; at rest it hears down to 57 dB. Those 16 dB are a factor
# of six in amplitude. (Both rows keep the $h$ from after the voice: the memory is in $c$.)
# Now put back one unit at a time.
#
# :::{admonition} Exercise 2 · One at a time
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Tell*. Write `one_at_a_time(c, rest)`. Both have shape (units,): what the cells hold after the
# voice, and what they hold at rest. It returns shape (units + 1, units): first `c` as it is; then, a row for each unit, `c` with this unit
# alone put to its value at rest.
# :::
#
# :::{dropdown} Hint 1
# What are the four rows for `c` = 5, 6, 7 and `rest` = 1, 2, 3? Where do the values at rest stand?
# :::
#
# :::{dropdown} Hint 2
# `np.tile` repeats `c` as rows; `np.fill_diagonal` writes on the diagonal of an array. Which part of yours has the values at rest there?
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "one_at_a_time", "solution": true} jupyter={"source_hidden": true}
def one_at_a_time(c: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return c, then c with one unit after another at rest."""
    ### BEGIN SOLUTION
    rows = np.tile(c, (len(c) + 1, 1))
    np.fill_diagonal(rows[1:], rest)
    return rows
    ### END SOLUTION


# %% nbgrader={"grade_id": "one_at_a_time-check", "grade": true, "points": 2}
checks.one_at_a_time(one_at_a_time)


# %%
def gains(seed: int) -> np.ndarray:
    """Return by how many dB each unit, put back, restores hearing."""
    h, c, words = case(seed)
    found = quietest(words, h, one_at_a_time(c, rest_c))
    return found[1:] - found[0]


# %%
gain = np.mean([gains(seed) for seed in
                training.progress((1, 2), "voices")], axis=0)
three = np.sort(np.argsort(-gain)[:3])
print("units", three, "bring", gain[three].round(), "dB")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What makes the network deaf is in three cells. The two that forget most slowly have no part in it, and neither have others that are as slow as these three.", "name": "fig-your-own-network-units"}, "image": {"alt": "A scatter of 128 units. Across, the time constant by the gates in seconds, from 0.01 to 400 on a logarithmic axis; upwards, the decibels of hearing that come back with the unit put back. Nearly all units lie between -1 and 2, among them unit 31 at 380 seconds, 11 at 140, 93 and 120 near 30. Units 61 and 13, near 30 seconds, stand at 8 and 4, unit 73, at 10 seconds, at 5."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots(figsize=(7, 3.6))
ax.semilogx(tau, gain, "o", mfc="none")
ax.semilogx(tau[three], gain[three], "s", ms=8)
for unit in {*three, *slowest[:6]}:
    ax.annotate(f"{unit}", (tau[unit], gain[unit]), (0, 7),
                textcoords="offset points", ha="center")
ax.set(xlabel="time constant by the gates (seconds)",
       ylabel="hearing that comes back (dB)")
ax.margins(y=0.15)
plt.show()


# %% [markdown]
# ## What could fool us
#
# We chose the three among 128 by what they do in two cases. Take 20 others. Put back the three, or two of them; the 125 others, which
# leaves a network at rest but for these three cells (and $h$); four others that are slow; ten times three at random of the 20 others that a
# voice moved most, for it moved our three no further.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show the 20 cases", "code_prompt_hide": "Hide the 20 cases"} jupyter={"source_hidden": true}
def put_back(c: np.ndarray, units) -> np.ndarray:
    """Return c with some units as they are at rest."""
    changed = c.copy()
    changed[units] = rest_c[units]
    return changed


others = np.setdiff1d(np.arange(128), three)
four = [unit for unit in slowest if unit not in three][:4]
names = ("after the voice", f"{three} put back", f"{three[1:]} put back",
         "125 others put back", "four slow others put back",
         "best of 10 far-moved triples")
far = others[np.argsort(-np.abs(c - rest_c)[others])[:20]]
rng = np.random.default_rng(0)
triples = [rng.choice(far, 3, replace=False) for _ in range(10)]


def restored(seed: int) -> list[float]:
    """Return how quiet a voice is heard in each of the seven states."""
    h, c, words = case(seed)
    sets = [three, three[1:], others, four, *triples]
    rows = [c, rest_c, *(put_back(c, units) for units in sets)]
    found = quietest(words, h, np.array(rows))
    return [*found[:6], found[6:].max()]


seeds = training.progress(range(100, 120), "cases")
table = np.array([restored(seed) for seed in seeds])

# %%
against_rest = np.delete(table, 1, axis=1) - table[:, [1]]
print("dB against rest              least, median, most")
for name, column in zip(names, against_rest.T):
    low, middle, high = np.percentile(column, [0, 50, 100]).round()
    print(f"{name:28} {low:5.0f} {middle:7.0f} {high:5.0f}")

# %% [markdown]
# In 20 of 20 cases the three restore the hearing, and the 125 others do not: three cells are enough to deafen a network
# at rest. The three restore even too much: what the voice left elsewhere helps to hear. Two of them nearly reach rest.
#
# :::{dropdown} Answer 1
# Three in every case, units 13, 61 and 73; two, 61 and 73, come near. Units 31 and 11, which by their gates remember for minutes, do nothing for it, though the voice moved them
# too. The longest memory need not be the one that is used. Nor would a look at the
# weights do: ranked by how far the voice moved a cell, times its weight in the score, our three come 12th, 46th and 65th.
# :::
#
# ## Step 6: Where does it rest?
#
# :::{admonition} Predict first 2
# :class: predict
# If the network could stay at rest in two different states in silence, what would a user notice after a loud voice? And if in
# one only?
# :::

# %%
quiet_x = network.hear(silence(300))
five_minutes = np.stack([quiet_x, quiet_x])  # from nothing, from a voice
after = ours.trace(five_minutes, np.stack([0 * h, h]),
                   np.stack([0 * c, c]))
finals = np.hstack([after.h[:, -1], after.c[:, -1]])
starts = np.hstack([trace.h[0, ::60], trace.c[0, ::60]])
found = dynamics.fixed_points(ours, [*starts, *finals], quiet_x[-1])

# %%
print(len(found.states), "point, directions that grow:", found.unstable)
gap = np.abs(finals - found.states[0]).max()
print("after 5 minutes of silence within 0.1:", bool(gap < 0.1))
rates = np.abs(found.eigenvalues[0, :3])
print("seconds:", (-STEP / np.log(rates)).round().astype(int))


# %% [markdown]
# From nothing and from a voice, silence leads to the same stable point. Its eigenvalues foretell how a small push dies out
# beside it: to $1/e$ in 41, 7 and 5 seconds.
#
# :::{dropdown} Answer 2
# With two, a voice could leave it deaf until somebody resets it. With one, it recovers by itself, and a reset saves the wait.
# :::
#
# From most states on the way Newton's method gets nowhere, so the list need not be whole ([chapter 19](19_fixed_points.md)
# has a check). But both long runs ended there.
#
# ## Step 7: The same for your file
#
# All of this asked for a layer and an input only. Bring both: a file that `read_gates` reads, and `x` of shape (1, steps,
# features), as real as you can get it and without padding: what stands before the layer in your program, run on your data. Of a stack
# `read_gates` gives a list, of two directions a pair: take one layer, with the `x` that reaches it. Then:

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how a layer is made to read from first to last", "code_prompt_hide": "Hide how a layer is made to read from first to last"} jupyter={"source_hidden": true}
def forward(layer: Gates, x: np.ndarray) -> tuple[Gates, np.ndarray]:
    """Return the layer and x so that it reads x from first to last."""
    if not isinstance(layer, Gates) or layer.cell == "RNN":
        raise TypeError(f"take one LSTM or GRU, not {layer}")
    if len(x) != 1:
        raise ValueError(
            f"take x of shape (1, steps, {layer.features}), not {x.shape}")
    plain = replace(layer, reverse=False, time_major=False, started=False,
                    masked=False)
    return plain, x[:, ::-1] if layer.reverse else x


# %%
def worksheet(layer: Gates, x: np.ndarray) -> None:
    """Print what steps 3, 4 and 6 say of one LSTM or GRU."""
    layer, x = forward(layer, x)
    lstm, steps = layer.cell == "LSTM", x.shape[1]
    sizes = (layer.size, layer.units)[:1 + lstm]
    states = [np.zeros((1, n)) for n in sizes]
    trace = layer.trace(x, *states)
    kept = trace.gates["forget" if lstm else "update"][0].astype(float)
    tau = time_constants(np.clip(kept, 1e-6, 1 - 1e-6))  # float32 has 1
    left = forgotten(pushed(layer, x, *states))
    for k in np.argsort(-tau)[:3]:
        more = " or more" if left[k] == steps else ""
        print(f"unit {k}: {tau[k]:.1f} by gates, {left[k]}{more} by a push")
    visited = np.hstack([trace.h[0], trace.c[0]] if lstm else [trace.h[0]])
    starts = visited[::max(1, steps // 20)]
    print(dynamics.fixed_points(layer, starts, x[0].mean(axis=0)))


# %% [markdown]
# First try it where you know the answer: a GRU fresh from PyTorch, through a file.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

torch.manual_seed(0)
folder = TemporaryDirectory()
file = Path(folder.name) / "gru.pt"
torch.save(torch.nn.GRU(3, 16, batch_first=True).state_dict(), file)
layer = read_gates(file, time_major=False)
worksheet(layer, np.random.default_rng(0).normal(size=(1, 300, 3)))

# %% [markdown]
# It forgets within a few steps and has one resting state: what training adds, you see against this. A GRU keeps $z_t$ of its $h$,
# so the update gate takes the place of the forget gate.
#
# Which question comes next?
#
# | you want to know | chapter |
# |---|---|
# | which unit carries something you can label, and whether the output needs it | [17](17_bracket_cell.md) |
# | why your copy gives other numbers | [7](07_moving_weights.md) |
# | which inputs lead to an output, and how many there are | [8](08_input_reconstruction.md), [11](11_sampling_inputs.md) |
# | what a unit likes to see | [12](12_unit_visualization.md) |
# | whether its states are those of a rule | [20](20_memory_to_algorithm.md) |
#
# ## What these tools cannot tell
#
# - **Other inputs.** We made our voices by formula. After five seconds of noise the three units account for only part of a loss of
#   hearing, and so they do eight seconds after a voice. Ask again with your own sounds.
# - **What it is for.** That a voice after a louder one is missed may be a fault, or wanted: it may be somebody in the next
#   room. No weight says which.
# - **Why.** Training put it there; the file does not say what the data were.
# - **Other ways.** We moved cells to values that they had at rest, and these three suffice. Other units may do the same by other moves.
# - **Other networks.** It is one file.
#
# :::{admonition} Exercise 3 · A file of your own (open)
# :class: exercise
# Difficulty 5 of 5, 60 minutes. Practises: *Read*, *Measure*, *Find*, *Tell*. Take the seven steps on a file of yours. Say first which unit
# will remember longest, and whether the output needs it. Then put back, or hold, the units of your choice, with a control. If you have no
# file: silero-vad also holds `silero_vad_16k.safetensors`, of the same shapes.
# :::

# %% [markdown] nbgrader={"grade_id": "own-file", "solution": true, "grade": true, "points": 3}
# *Your answer here: how you know that you read it rightly, your prediction, the numbers with their control, and what they do not show.*

# %% [markdown]
# :::{dropdown} One answer
# `read_gates` takes `silero_vad_16k.safetensors` without a question: `lstm_cell`, 128 units. Yet for some sounds the probability differs from
# that of our file by 0.9. The reading is right: the arrays are like ours, by name, but moved by up to 1. It is another
# training of the same network, and no name says so. Put through step 5 with its own convolutions, it is as deaf after a voice
# (from 55 to 59 dB at rest down to 39 to 42, for five voices), and our three units put back restore it. One by one, 61 and 73 bring most
# again, then 35 and 21 before 13. Two trainings of one network: that says nothing about a network from another start.
# :::

# %% [markdown]
# ## What we saw
#
# - *Read*: the file's own run within $10^{-5}$; with two gates exchanged, off by 0.8, without an error.
# - *Measure*: by its gates a unit may remember for minutes; for one of seconds a push may last a third as long, or three times.
# - *Find*: in silence we found one stable state, and the deafness passes by itself.
# - *Tell*: a second after a loud voice three cells of 128 make the network deaf; others that keep the voice as long do not
#   matter for it.

# %% [markdown]
# ## Further reading
#
# - {cite:t}`tallec2018`: why a forget gate sets a time constant, and how to start one.
# - {cite:t}`silero2024`: the package, with what it is for.
