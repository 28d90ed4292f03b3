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
# # What does a network without a label compute?
#
# Seven small networks, the boxes A to G. Each reads the letters a, b, c and d, and says a whole number after
# every letter. All were trained, none was built, and nobody has written on them what they compute. Type
# letters.
#
# :::{admonition} Predict first 1
# :class: predict
# Look at box G alone. Find its rule from short lines of letters. By your rule, what does it say after
# `abacabd`, and after five a's?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Seven boxes without labels. What differs from the line before is underlined, so that two lines which differ in a letter show what this letter does.", "name": "fig-mystery-networks-live"}} jupyter={"source_hidden": true}
from course_utils import dynamics, live, mystery, plotting

plotting.use_style()
boxes = mystery.boxes()
live.MysteryBoxes(boxes, "abacabdacaab")

# %% [markdown]
# :::{dropdown} Answer 1
# It counts the a's since the last d: 0 after `abacabd`, and 5 after five a's. The letters b and c do nothing, as far as one
# can see.
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Write* a program that says what a network says, on strings that nobody has tried.
# - *Doubt* it: find strings for which a rival would say something else.
# - *Push* the state of a network, and predict what it will say then.
# :::
#
# **Time:** about 25 minutes, and 150 for the exercises; the code runs in about 5 seconds.
# **Needs:** fixed points, as in [chapter 19](19_fixed_points.md); states merged into a machine, as in
# [chapter 20](20_memory_to_algorithm.md). Box G shows a way; A to F are yours.

# %% [markdown]
# ## A program
#
# A box is a recurrent cell with a readout: what it says is $h_t \cdot V + v$, rounded, or, where it says yes or no, 1 if
# that is above ½.

# %%
for name, box in boxes.items():
    print(name, box, box.sheet[0])

# %% [markdown]
# The last column is one of the strings that the box was trained on, of six on its `sheet`.
#
# A program has a state, too. `step` says how a letter changes it, `say` what is said then (`int`, where it says
# its state as it is). Another function may push the state once, after letter `t`; we need it later.

# %%
from course_utils.checks import mystery_networks as checks

import matplotlib.pyplot as plt
import numpy as np


# %%
def follow(step, say, state, text: str, t=0, push=None) -> list[int]:
    """Return what a program says after each letter."""
    said = []
    for place, letter in enumerate(text, 1):
        state = step(state, letter)
        state = push(state) if place == t else state
        said.append(say(state))
    return said


# %%
def counted(n: int, letter: str) -> int:
    """Return the a's since the last d after one more letter."""
    return 0 if letter == "d" else n + (letter == "a")


G = boxes["G"]
texts = checks.fresh(300, 10, seed=1)  # 300 strings, ten random letters
agree = [follow(counted, int, 0, text) == list(G.read(text).says)
         for text in texts]
print(f"program and box G agree on {sum(agree)} of {len(agree)} strings")

# %% [markdown]
# Never different in 300 strings. How often may it differ then? If it differed on a share $q$ of all such strings, 300
# would show nothing with probability $(1 - q)^{300}$, which is 5% for $q = 1/100$. So with 95% confidence it differs on
# less than 1% of them, the *rule of three*: $3 / n$ {cite:p}`hanley1983`. That holds for random strings of ten letters. For
# other strings it says nothing.
#
# ## Look inside
#
# A counter has to keep its number while letters pass that mean nothing. So hold the input at b, and look for
# states that stay where they are.

# %%
visited = G.run(texts).reshape(-1, G.size)
letter_b = mystery.one_hot("b")[0]
points = dynamics.fixed_points(G.cell, visited, letter_b)
value = points.states @ G.V + G.v

# %%
print("the readout says   largest |eigenvalue|")
for k in np.argsort(value):
    kind = "unstable" if points.unstable[k] else "stable"
    size = np.abs(points.eigenvalues[k, 0])
    print(f"{value[k]:16.1f} {size:13.2f}  {kind}")

# %% [markdown]
# :::{admonition} Predict first 2
# :class: predict
# A count that is to last needs a place that stays, one for each number. What will box G say if you give it $n$ a's and then 400 b's, for
# $n = 0, 1, \dots, 8$?
# :::

# %%
end = [int(G.read("a" * n + "b" * 400).says[-1]) for n in range(9)]
print("a's      ", *range(9))
print("box G    ", *end)

# %% tags=["hide-input"] mystnb={"figure": {"caption": "A count of three or more drifts to 6, a smaller one to 1. Box G keeps two numbers; what looks like the others is a slow way to one of them. Dashed are stable points, dotted unstable ones.", "name": "fig-mystery-networks-pause"}, "image": {"alt": "What the readout of box G gives after n a's and up to 400 b's, for n from 0 to 8, on a logarithmic axis of b's. The lines begin near n, that of 8 near 7. Those for n of 3 or more meet at 6.1 within 10 to 200 b's, those for 0 to 2 end at 1.1. Dashed lines mark the stable points, dotted lines the unstable ones between them."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
pause, at = np.arange(1, 402), -1.0
for n in range(9):
    line = G.read("a" * n + "b" * 401).states[n:] @ G.V + G.v
    ax.semilogx(pause, line, "-", color=plotting.COLOURS["blue"])
    at = max(line[0], at + 0.5)  # so that no label is upon another
    ax.text(0.9, at, str(n), ha="right", va="center")
for v, unstable in zip(value, points.unstable):
    ax.hlines(v, 1, 420, plotting.COLOURS["black"], linewidth=1,
              linestyle=":" if unstable else "--")
ax.set(xlabel="b's since the last a", ylabel="readout of box G",
       xlim=(0.7, 420), ylim=(-0.7, 8.3))
plt.show()


# %% [markdown]
# :::{dropdown} Answer 2
# 1, 1, 1, 6, 6, 6, 6, 6, 6. Two stable points are in reach, near 1 and near 6, and an unstable one between them, near 3. What
# starts above it ends at 6. (No count starts near the third, at -2.) With eigenvalues so near 1 that takes time: a count of 0, 2 or 3 lasts for 30 b's
# and more, one of 4 or 5 for five or six. Random strings of ten seldom have such pauses. (Try it in the figure: type `aaab`, and let the last letter come again.)
# :::
#
# So "it counts" is a program for short strings, and the points say what comes after. 300 random strings do not tell it from its
# rival "it counts up to seven": no count among them is higher. Ask where the two part: after eight a's box G says 7, and after twenty 8, so
# both are wrong.

# %% [markdown]
# ## Push
#
# A program says more than a table of answers: it says what would happen if its state were another one. If box G
# holds the count $n$ along some direction, then a vector $d$ added to its state once must make it say what a count of
# $n + 1$ would.
#
# :::{admonition} Exercise 1 · Push a state
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Push*. Write `pushed(box, text, t, d)`. The box reads the first `t` letters of
# `text`; then `d` is added to its state, once; then it reads the rest. Return what it says after each letter, a
# whole number for each; the answer after letter `t` is read from the pushed state. `t` is 1 or more.
# :::
#
# :::{dropdown} Hint 1
# `box.read(text)` has `states`, a row for each letter, and `says`. `box.read(rest, state)` goes on from a state.
# :::
#
# :::{dropdown} Hint 2
# `box.says(states)` turns states into whole numbers.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "pushed", "solution": true} jupyter={"source_hidden": true}
def pushed(box: mystery.Box, text: str, t: int, d: np.ndarray):
    """Return what a box says if d is added to its state after letter t."""
    ### BEGIN SOLUTION
    before = box.read(text[:t]).states
    before[-1] += d
    after = box.read(text[t:], before[-1])
    return np.concatenate([box.says(before), after.says])
    ### END SOLUTION


# %% nbgrader={"grade_id": "pushed-check", "grade": true, "points": 2}
checks.pushed(pushed)


# %% [markdown]
# Two candidates for $d$: what one letter does to the state, the mean change when a text ends in a and not in b; and
# the shortest vector that moves the readout by 1.

# %%
def swap(box, plus: str, minus: str, texts: list[str]) -> np.ndarray:
    """Return the mean change of the state if texts end in plus."""
    ends = [box.read(text + plus).states[-1]
            - box.read(text + minus).states[-1] for text in texts]
    return np.mean(ends, axis=0)


short = G.V / (G.V @ G.V)
long = swap(G, "a", "b", texts)
print(f"lengths {np.linalg.norm(long):.2f} and {np.linalg.norm(short):.2f}")

# %% [markdown]
# :::{admonition} Predict first 3
# :class: predict
# Add each vector after a letter of 50 new texts, and ask the program what a count of one more would say. In how many
# texts is it right? And how many of 500 random vectors of the same length do as well?
# :::

# %%
cases = [(text, 4 + k % 4)
         for k, text in enumerate(checks.fresh(50, 14, seed=2))]
said = [follow(counted, int, 0, text, t, lambda n: n + 1)
        for text, t in cases]


def right(d: np.ndarray):
    """Say of one text after another if a push does as predicted."""
    return (list(pushed(G, *case, d)) == says
            for case, says in zip(cases, said))


def share(d: np.ndarray) -> float:
    """Return in how many texts a push does what the program says."""
    return np.mean(list(right(d)))


# %%
def unit(rows: np.ndarray) -> np.ndarray:
    """Return each row at length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


rays = unit(np.random.default_rng(0).normal(size=(500, G.size)))
candidates = {"what an a does": long, "the shortest": short}
for name, d in candidates.items():
    length = np.linalg.norm(d)
    chance = np.mean([all(right(length * ray)) for ray in rays])
    print(f"{name:14}  right in {share(d):.2f} of the texts; "
          f"so are {chance:.1%} of the random vectors")

# %% [markdown]
# :::{dropdown} Answer 3
# Both vectors are right in all texts. But so are a few in a hundred random vectors as long as the first, and fewer than one in a hundred as
# long as the second. In eight dimensions the cosine of a random vector with a given one is 0 on average, with a standard deviation of
# 0.35, so a vector longer than it need be sometimes hits the mark by chance. The shorter a push that works, the fewer random vectors do as well.
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "What a push moves the readout by decides. All random vectors but one that move it by 0.6 or more do, in most texts, what a count of one more would.", "name": "fig-mystery-networks-push"}, "image": {"alt": "Share of texts as predicted against what a push moves the readout by, from -0.8 to 1.1. Forty random vectors, circles for the longer and crosses for the shorter ones, lie at 0 below 0.4 and, with one exception, between 0.8 and 1 above 0.5. The two chosen vectors, a square and a triangle, lie at 1 and 1."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
for (name, d), marks in zip(candidates.items(), (("o", "s"), ("x", "^"))):
    random = np.linalg.norm(d) * rays[:20]
    colour = plotting.COLOURS["blue" if d is long else "vermilion"]
    ax.plot(random @ G.V, [share(each) for each in random], marks[0],
            mfc="none", color=colour,
            label=f"random, as long as {name}")
    ax.plot(d @ G.V, share(d), marks[1], color=colour, ms=9, label=name)
ax.set(xlabel="what the push moves the readout by", ylim=(-0.05, 1.05),
       ylabel="share of texts as predicted")
ax.legend(loc="upper left", fontsize="small")
plt.show()

# %% [markdown]
# ## What could fool us
#
# **Is box G an accident?** We trained 20 others on the same task. Each agrees with the program on 299 or 300
# of the 300 strings. And after 400 b's none says more than four different numbers for $n$ from 0 to 8: none of them
# holds a count.
#
# **Does only the readout count?** We add to the shortest vector a part at right angles to V. It moves the readout by
# nothing at once.

# %%
across = unit(rays[:20] - np.outer(rays[:20] @ G.V, short))
for size in (0.3, 3):
    median = np.median([share(short + size * ray) for ray in across])
    print(f"a part of length {size} across: {median:.1f} of the texts")


# %% [markdown]
# A short one changes hardly any later answer, a long one does in most texts.
#
# **Does a push that fits prove the program?** Only within the texts it was tried in. They have 14 letters; after 400 b's the
# pushed box ends at 1 or 6 as well.

# %% [markdown]
# ## Six boxes
#
# Each of A to F was trained on strings of 8 to 24 letters. One of them cheats: it was to learn something else than it did, and no string of its sheet tells.
#
# Say what each box computes, and prove it twice: with a program that is right on strings nobody has seen, and with a
# push that does what the program says. If your teacher has given you a file, write `mystery.use("boxes-7.json")` and
# `boxes = mystery.boxes()` into a new cell: from there on it is about the six in the file.
#
# :::{admonition} Exercise 2 · Six programs
# :class: exercise
# Difficulty 3 of 5, 60 minutes. Practises: *Write*, *Doubt*. Write `program_a(text)` to `program_f(text)`. Each returns
# what its box says after each letter of a text: a list of whole numbers. The checks try them on 24 new strings of 10
# and 25 letters, some with long runs. Meanwhile all boxes are sealed: a program has to know by itself. (A copy of
# the weights would pass, and explain nothing.)
# :::
#
# :::{dropdown} Hint 1
# From outside. Change one letter. Which answers change: all later ones, those up to some letter, one of them? By
# how much? Does it matter where the letter stands, and what came before? What does the same letter do twice in a row? Then
# look for strings that are unlike the sheet.
# :::
#
# :::{dropdown} Hint 2
# From inside. Part I: with linear units each letter adds something, and the powers of U say how long it stays. Part II: a
# forget gate near 1 keeps a sum. Part VII: under one letter, two stable points in reach are a bit; the states after all
# short strings, merged, are a machine. If U is nearly useless, there is no memory.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "program_a", "solution": true} jupyter={"source_hidden": true}
def program_a(text: str) -> list[int]:
    """Return what box A says after each letter."""
    ### BEGIN SOLUTION
    def more(n, letter):
        return n + (letter == "b") - (letter == "c")

    return follow(more, lambda n: int(n > 0), 0, text)
    ### END SOLUTION


# %% nbgrader={"grade_id": "program_a-check", "grade": true, "points": 2}
checks.program_a(program_a)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "program_b", "solution": true} jupyter={"source_hidden": true}
def program_b(text: str) -> list[int]:
    """Return what box B says after each letter."""
    ### BEGIN SOLUTION
    return follow(lambda odd, letter: odd ^ (letter == "b"), int, 0, text)
    ### END SOLUTION


# %% nbgrader={"grade_id": "program_b-check", "grade": true, "points": 2}
checks.program_b(program_b)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "program_c", "solution": true} jupyter={"source_hidden": true}
def program_c(text: str) -> list[int]:
    """Return what box C says after each letter."""
    ### BEGIN SOLUTION
    worth = {"a": 1, "b": 4, "c": 0, "d": -2}
    return follow(lambda n, letter: n + worth[letter], int, 0, text)
    ### END SOLUTION


# %% nbgrader={"grade_id": "program_c-check", "grade": true, "points": 2}
checks.program_c(program_c)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "program_d", "solution": true} jupyter={"source_hidden": true}
def program_d(text: str) -> list[int]:
    """Return what box D says after each letter."""
    ### BEGIN SOLUTION
    return [int(letter in "ac") for letter in text]
    ### END SOLUTION


# %% nbgrader={"grade_id": "program_d-check", "grade": true, "points": 2}
checks.program_d(program_d)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "program_e", "solution": true} jupyter={"source_hidden": true}
def program_e(text: str) -> list[int]:
    """Return what box E says after each letter."""
    ### BEGIN SOLUTION
    worth = {"a": 2, "b": 1, "c": 0, "d": 3}
    return [0, 0, 0, *[worth[letter] for letter in text]][:len(text)]
    ### END SOLUTION


# %% nbgrader={"grade_id": "program_e-check", "grade": true, "points": 2}
checks.program_e(program_e)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "program_f", "solution": true} jupyter={"source_hidden": true}
def program_f(text: str) -> list[int]:
    """Return what box F says after each letter."""
    ### BEGIN SOLUTION
    bits = {"b": 0, "c": 1, "d": 0}
    return follow(lambda bit, letter: bits.get(letter, bit), int, 0, text)
    ### END SOLUTION


# %% nbgrader={"grade_id": "program_f-check", "grade": true, "points": 2}
checks.program_f(program_f)


# %% [markdown]
# :::{admonition} Exercise 3 · Six causes
# :class: exercise
# Difficulty 4 of 5, 50 minutes. Practises: *Push*. Write `cause_a(box)` to `cause_f(box)`. Each returns two things: a vector
# `d`, and a function `predict(text, t)` that returns what the box will say after each letter of the text if `d` is added
# to its state after letter `t`, as in Exercise 1. The state of an LSTM is h and c side by side. The checks push in 40 new
# texts of 16 letters, with all boxes sealed while they ask you. The prediction has to be right in 32 texts or more, for every letter. In
# 8 or more it has to differ from what the box says without the push; where the box has a memory, after letter `t`, not only at it. And at most
# one of 20 random vectors as long as `d` may do as well.
# :::
#
# :::{dropdown} Hint 1
# Which number does your program keep? Say what a push makes of it: one more, a bit that is set. `follow` takes it from
# there. If the program has no memory, the push lasts for one answer.
# :::
#
# :::{dropdown} Hint 2
# `swap` finds a vector. Choose its texts: those in which the letter makes a difference, such as those after which a bit is
# not set. To set a bit may show more often than to clear it. If random vectors do as well, try a shorter push where the box says yes or no, and a longer one where it says
# numbers.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cause_a", "solution": true} jupyter={"source_hidden": true}
def cause_a(box: mystery.Box):
    """Return a push for box A, and what the box says then."""
    ### BEGIN SOLUTION
    near = [text for text in texts
            if abs(text.count("b") - text.count("c")) < 2]

    def more(n, letter):
        return n + (letter == "b") - (letter == "c")

    def predict(text, t):
        return follow(more, lambda n: int(n > 0), 0, text, t,
                      lambda n: n + 1)

    return swap(box, "b", "a", near), predict
    ### END SOLUTION


# %% nbgrader={"grade_id": "cause_a-check", "grade": true, "points": 2}
checks.cause_a(cause_a)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cause_b", "solution": true} jupyter={"source_hidden": true}
def cause_b(box: mystery.Box):
    """Return a push for box B, and what the box says then."""
    ### BEGIN SOLUTION
    even = [text for text in texts if text.count("b") % 2 == 0]

    def predict(text, t):
        return follow(lambda odd, letter: odd ^ (letter == "b"), int, 0,
                      text, t, lambda odd: 1)

    return swap(box, "b", "c", even), predict
    ### END SOLUTION


# %% nbgrader={"grade_id": "cause_b-check", "grade": true, "points": 2}
checks.cause_b(cause_b)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cause_c", "solution": true} jupyter={"source_hidden": true}
def cause_c(box: mystery.Box):
    """Return a push for box C, and what the box says then."""
    ### BEGIN SOLUTION
    worth = {"a": 1, "b": 4, "c": 0, "d": -2}

    def predict(text, t):
        return follow(lambda n, letter: n + worth[letter], int, 0,
                      text, t, lambda n: n + 6)

    return swap(box, "b", "d", texts), predict
    ### END SOLUTION


# %% nbgrader={"grade_id": "cause_c-check", "grade": true, "points": 2}
checks.cause_c(cause_c)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cause_d", "solution": true} jupyter={"source_hidden": true}
def cause_d(box: mystery.Box):
    """Return a push for box D, and what the box says then."""
    ### BEGIN SOLUTION
    def predict(text, t):
        return follow(lambda bit, letter: letter in "ac", int, 0,
                      text, t, lambda bit: 1)

    return 0.7 * swap(box, "a", "d", texts), predict
    ### END SOLUTION


# %% nbgrader={"grade_id": "cause_d-check", "grade": true, "points": 2}
checks.cause_d(cause_d)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cause_e", "solution": true} jupyter={"source_hidden": true}
def cause_e(box: mystery.Box):
    """Return a push for box E, and what the box says then."""
    ### BEGIN SOLUTION
    worth = {"a": 2, "b": 1, "c": 0, "d": 3}

    def predict(text, t):
        kept = [0, 0, 0, *[worth[letter] for letter in text]]
        kept[t + 2] += 3
        return kept[:len(text)]

    return swap(box, "d", "c", texts), predict
    ### END SOLUTION


# %% nbgrader={"grade_id": "cause_e-check", "grade": true, "points": 2}
checks.cause_e(cause_e)


# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "cause_f", "solution": true} jupyter={"source_hidden": true}
def cause_f(box: mystery.Box):
    """Return a push for box F, and what the box says then."""
    ### BEGIN SOLUTION
    bits = {"b": 0, "c": 1, "d": 0}
    unset = [text for text in texts
             if "c" not in text or text.rfind("c") < max(
                 text.rfind("b"), text.rfind("d"))]

    def predict(text, t):
        return follow(lambda bit, letter: bits.get(letter, bit), int, 0,
                      text, t, lambda bit: 1)

    return swap(box, "c", "a", unset), predict
    ### END SOLUTION


# %% nbgrader={"grade_id": "cause_f-check", "grade": true, "points": 2}
checks.cause_f(cause_f)

# %% [markdown]
# ## What we saw
#
# - *Write*: "the a's since the last d" is right on 300 of 300 random strings of ten.
# - *Doubt*: five fixed points foretold where it is wrong: after a pause box G says 1 or 6.
# - *Push*: one vector adds a count. So do a few in a hundred random ones as long, and fewer if it is as short as can be.
#
# A program that passes every check is still a guess about strings that nobody tries. What it cannot say is why the
# network has learned this and nothing else: that stands in its training, not in its weights.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 4 · The one that cheats (open)
# :class: exercise
# Difficulty 4 of 5, 25 minutes. Practises: *Doubt*, *Write*. One of the six is right on its sheet for another reason than its
# trainer thinks. Which, and what was it to learn? Find the shortest string that shows it. Say before you count on what share of random
# strings of ten letters both rules differ. Are the other five what their trainers wanted? What does your answer not show?
# :::

# %% [markdown] nbgrader={"grade_id": "cheat", "solution": true, "grade": true, "points": 3}
# *Your answer here: the box, both rules, the string, the share said first and counted, and what it does not show.*

# %% [markdown]
# :::{dropdown} One answer
# Box D says whether the last letter is a or c. On its sheet it looks like a flip-flop: a sets it, d resets it, and between them
# b and c do nothing. But there c comes only while it is set, and b only while it is not. So the last letter tells, and the
# network has learned that. The shortest string that shows it is `c`. While the flip-flop is set, the rules differ after b alone; while it is not, after c
# alone. So one letter of four makes them differ, whatever came before: they differ in 1/4 of all answers, and agree on all of a
# string of ten with probability (3/4)^10, 6%. Of 2,000 strings 94% differ, in 25% of their answers. Nothing shows that the other five have learned what their trainers wanted: box A, a counter, is
# one letter early on `bbbbbbcccccccc`.
# :::

# %% [markdown]
# ## Further reading
#
# - {cite:t}`geiger2021`: when a program describes what a network does, tested by {term}`interventions <intervention>`.
# - {cite:t}`geirhos2020`: cues that fit the training data, and how to find them.
# - {cite:t}`hanley1983`: what "it never happened" says.
