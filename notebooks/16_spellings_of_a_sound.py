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
# # Which spellings sound like this?
#
# *Ghoti*, goes an old joke, is a way to spell *fish* {cite:p}`zimmer2010`: gh as in *enough*, o as in
# *women*, ti as in *nation*. What does a network say that has learned to read English aloud?

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how it is asked", "code_prompt_hide": "Hide how it is asked"} jupyter={"source_hidden": true}
from course_utils import plotting, pretrained, training
from course_utils.checks import spellings_of_a_sound as checks

network = pretrained.spelling_network()
for word in ["fish", "phish", "ghoti", "yfhq"]:
    print(f"{word:6}", *network.pronounce([word])[0])

# %% [markdown]
# It does not fall for *ghoti*. But *yfhq*, which nobody taught it, is *fish*. The network is that of
# [chapter 15](15_letters_heard.md): a GRU reads the letters and an end mark, and its last
# {term}`hidden state` is all that a second GRU gets. That one says sound after sound, always the one that
# scores highest. The digit of a vowel is its stress.
#
# Now run it backwards. There are 26⁴ = 456,976 strings of four letters.
#
# :::{admonition} Predict first 1
# :class: predict
# How many of them does the network read exactly as it reads *fish*: 1, 10, 100 or 1,000? And as *knight*,
# N AY1 T? Write down three of each.
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *List* every input of a network that has a given output.
# - *Weigh* the inputs of the list by a prior.
# - *Search* where no list can be made, and say what the search has missed.
# :::
#
# **Time:** about 25 minutes, and 60 for the exercises; the code runs in about 25 seconds.
# **Needs:** Bayes' rule as in [chapter 11](11_sampling_inputs.md), and [chapter 15](15_letters_heard.md)'s network.

# %% [markdown]
# ## All strings, with shared beginnings
#
# [Chapter 11](11_sampling_inputs.md) found the inputs of an adder by listing them all. For the network
# that takes 456,976 runs. But *fish* and *fist* share their first three steps. So keep the states of all
# beginnings, and let each hear one more letter.

# %%
from itertools import product
from string import ascii_lowercase
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp

from course_utils.pretrained.spelling import LETTERS, SOUNDS

plotting.use_style()
alphabet = np.array([LETTERS.index(letter) for letter in ascii_lowercase])


# %% [markdown]
# :::{admonition} Exercise 1 · One more letter
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *List*. `hear(h, read)` takes states of shape (n, units) and a
# letter for each, numbers of shape (n,). It returns the n states after these letters. Write
# `expand(hear, h, letters)`: each beginning is continued with each letter, in the order of a dictionary:
# the first beginning with all letters, then the second. It returns the states, shape
# (beginnings × letters, units), and calls `hear` once. The chapter runs on it.
# :::
#
# :::{dropdown} Hint 1
# Each state occurs as often as there are letters, and each letter as often as there are states.
# :::
#
# :::{dropdown} Hint 2
# `np.repeat` gives 1, 1, 2, 2 and `np.tile` gives 1, 2, 1, 2.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "expand", "solution": true} jupyter={"source_hidden": true}
def expand(hear, h: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Return the states after each beginning and one more letter."""
    ### BEGIN SOLUTION
    beginnings = np.repeat(h, len(letters), axis=0)
    return hear(beginnings, np.tile(letters, len(h)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "expand-check", "grade": true, "points": 1}
checks.expand(expand)


# %%
def longer(h: np.ndarray, steps: int = 1) -> np.ndarray:
    """Return the states after each beginning and some more letters."""
    for _ in range(steps):
        h = expand(network.hear, h, alphabet)
    return h


# %%
def ended(h: np.ndarray) -> np.ndarray:
    """Return the states after the end mark."""
    return network.hear(h, np.full(len(h), LETTERS.index("</s>")))


# %% [markdown]
# Each of the 456,976 states is then said, sound by sound; a string drops out at its first sound that nobody wants. We
# want *fish*, *knight*, a few words that it reads wrongly, and 240 of the dictionary's 6,580 words of four letters, each
# as the dictionary says it.

# %%
dictionary = pretrained.words()
fours = [word for word in dictionary if len(word) == 4]
rng = np.random.default_rng(0)
words = [fours[i] for i in rng.permutation(len(fours))[:240]]
more = ["fish", "knight", "what", "busy", "iron", "many", "also"]
wanted = {said + ("</s>",) for word in words + more
          for said in dictionary[word]}
beginnings = {said[:k] for said in wanted for k in range(1, len(said))}


# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how sounds that nobody wants are dropped", "code_prompt_hide": "Hide how sounds that nobody wants are dropped"} jupyter={"source_hidden": true}
def read(h: np.ndarray) -> list:
    """Return place and sounds of the states that say what is wanted."""
    going, said, found = np.arange(len(h)), [()] * len(h), []
    last = np.full(len(h), SOUNDS.index("<s>"))
    while len(going):
        h, scores = network.say(h, last)
        last = scores.argmax(axis=1)
        said = [(*s, SOUNDS[k]) for s, k in zip(said, last)]
        found += [(i, s[:-1]) for i, s in zip(going, said) if s in wanted]
        on = [i for i, s in enumerate(said) if s in beginnings]
        going, h, last = going[on], h[on], last[on]
        said = [said[i] for i in on]
    return found


# %% [markdown]
# Small parts run faster: 676, one for each pair of first letters.

# %%
start = np.zeros((1, 256), np.float32)
pairs = ["".join(pair) for pair in product(ascii_lowercase, repeat=2)]
spellings = {said[:-1]: [] for said in wanted}
for first, h in zip(training.progress(pairs), longer(start, 2)):
    for place, said in read(ended(longer(h[np.newaxis], 2))):
        spellings[said].append(first + pairs[place])

# %%
for word in ["fish", "knight"]:
    found = spellings[dictionary[word][0]]
    print(fill(f"{word}, {len(found)}: {' '.join(found)}", 40))

# %% [markdown]
# :::{dropdown} Answer 1
# 11 and 16. This is no sample and no search: there is no twelfth.
# ([Chapter 15](15_letters_heard.md) reads what you type: try it.)
# :::
#
# Is that English? Put a k before all strings of n, a vowel or y, and a third letter: in 82% nothing changes
# (of the dictionary's words in kn and a vowel or y, 95% drop it). Before 13 other consonants it is in at most one of ten.
# But f, c and q, which no word of the dictionary drops before n, go there in 41, 38 and 54%. So not all of the silent k need be English.
#
# The network reads *what* wrongly. How would *what* have to be spelt?

# %%
lists = {word: sum((spellings[said] for said in dictionary[word]), [])
         for word in words + more}
for word in more[2:]:
    print(f"{word}: {len(lists[word]):2} spellings", *lists[word][:5])
right = [word for word in words if word in lists[word]]
print(f"of {len(words)} words it reads {len(right)} right;",
      f"{sum(not lists[word] for word in words)} have no spelling")


# %% [markdown]
# *Meny* and *bizy* are how a child might spell. Some lists are long: of all strings of three letters 57 share one
# reading, and thrown at as many readings by chance, a dozen would at most. (A test reads them all.)
#
# ## Which of them is English?
#
# *Fish* is one of 11, and half of the words that the network reads right are one of 8 or more. Drawing from
# the list finds the word itself one time in four. Let $x$ be a string and $y$ what is said. If all strings are
# equally probable, the {term}`posterior` $p(x \mid y)$ is the list: 1/11 for each that says *fish*. What is
# missing is what chapter 11 missed: the prior $p(x)$. Let us take a poor one, the pairs of neighbouring letters in
# the dictionary's words of *other* lengths.

# %%
def pair_logs(words) -> np.ndarray:
    """Return log p of each letter after each letter, 26 the blank."""
    counts = np.ones((27, 27))
    for word in words:
        at = [26, *map(ascii_lowercase.index, word), 26]
        np.add.at(counts, (at[:-1], at[1:]), 1)
    return np.log(counts / counts.sum(axis=1, keepdims=True))


logs = pair_logs(word for word in dictionary if len(word) != 4)


# %% [markdown]
# :::{admonition} Exercise 2 · How English is it?
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Weigh*. `logs[i, j]` is $\log p$ of letter $j$ after letter
# $i$; a is 0, z is 25, and 26 is the blank before a word and after it. Write `log_prior(word, logs)`, the
# logarithm of the word's probability, for words in lower case of any length.
# :::
#
# :::{dropdown} Hint 1
# A word of four letters has five pairs.
# :::
#
# :::{dropdown} Hint 2
# `ascii_lowercase.index` gives the number of a letter. Put 26 at both ends.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "log_prior", "solution": true} jupyter={"source_hidden": true}
def log_prior(word: str, logs: np.ndarray) -> float:
    """Return the log probability of a word by its pairs of letters."""
    ### BEGIN SOLUTION
    at = [26, *(ascii_lowercase.index(letter) for letter in word), 26]
    return float(logs[at[:-1], at[1:]].sum())
    ### END SOLUTION


# %% nbgrader={"grade_id": "log_prior-check", "grade": true, "points": 1}
checks.log_prior(log_prior)

# %%
found = lists["fish"]
prior = np.array([log_prior(word, logs) for word in found])
share = np.exp(prior - logsumexp(prior))
for i in np.argsort(-share)[:4]:
    print(f"{found[i]} {share[i]:.1%}")


# %% [markdown]
# A second opinion. Here let the network draw its sounds instead of taking the best; then $p(y \mid x)$ lies
# between 0 and 1, and says how sure it is.

# %%
def log_p(h: np.ndarray, sounds: tuple) -> np.ndarray:
    """Return log p(sounds) for each state, end mark included."""
    total, last = np.zeros(len(h)), SOUNDS.index("<s>")
    for sound in map(SOUNDS.index, sounds):
        h, scores = network.say(h, np.full(len(h), last))
        total += scores[:, sound] - logsumexp(scores, axis=1)
        last = sound
    return total


# %% [markdown]
# :::{admonition} Predict first 2
# :class: predict
# How often is the word the first of its list if we sort that by the pairs of letters? By how sure the network
# is? By both, as Bayes' rule has it?
# :::

# %%
places = {"sureness": [], "pairs": [], "both": []}
for word in right:
    said, = network.pronounce([word])
    found = spellings[said]
    sure = log_p(network.encode(found), said + ("</s>",))
    prior = np.array([log_prior(other, logs) for other in found])
    for name, score in zip(places, (sure, prior, sure + prior)):
        places[name].append((score > score[found.index(word)]).sum())

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The list alone finds one word in four. The network's own sureness doubles that, and a prior of letter pairs does slightly better. A dictionary, which has the answers, finds four in five.", "name": "fig-spellings-of-a-sound-first"}, "image": {"alt": "Share of words found against how many spellings of the list one looks at, 1 to 10. Drawn at random (dotted) rises from 0.25 to 0.8. Sureness (dashed), pairs (dash-dotted) and both (solid) begin at 0.5 to 0.65 and end near 0.97. Drawn from the words of the list that are in the dictionary (circles), it begins at 0.8 and is near 1 at 3."}} jupyter={"source_hidden": true}
looked = np.arange(1, 11)
said = network.pronounce(right)
every = [spellings[sounds] for sounds in said]
real = [[word for word in some if word in dictionary] for some in every]
shares = {}
for name, some in (("drawn", every), ("dictionary", real)):
    drawn = looked[:, np.newaxis] / [len(words) for words in some]
    shares[name] = np.minimum(drawn, 1).mean(axis=1)
for name, place in places.items():
    shares[name] = (np.array(place) < looked[:, np.newaxis]).mean(axis=1)
fig, ax = plt.subplots()
for (name, some), line in zip(shares.items(), (":", "o", "--", "-.", "-")):
    ax.plot(looked, some, line, label=name)
ax.set(xlabel="spellings looked at", ylabel="share of words found",
       ylim=(0, 1.03), xticks=looked)
ax.legend()
plt.show()
print("first of its list:", *(f"{name} {some[0]:.2f}"
                              for name, some in shares.items()))


# %% [markdown]
# :::{dropdown} Answer 2
# About three times in five by the pairs, half of the time by sureness, a little more than three in five by both:
# not by much, but in nearly every sample of 240 words. Over all 5,475 words of four letters that it reads right
# the four shares are 0.25, 0.53, 0.60 and 0.62. A dictionary, which has the answers, gives 0.80; others sound alike.
# :::
#
# So its sureness goes along with $p(x)$, a little: among strings that are in no dictionary the ranks of the two
# correlate by 0.31 within a list, on average.
#
# ## Where no list can be made
#
# Ten letters make 1.4 × 10¹⁴ strings. A {term}`beam search` keeps only the best beginnings of each length,
# as many as its *width*. But how good is a beginning? It cannot have the last sounds yet. So let the word
# end there, and take $\log p$ of as large a part of the sounds as the beginning is of the word.

# %%
def beam(sounds: tuple, length: int, width: int) -> list:
    """Return the spellings of a length that a beam search finds."""
    h, words = start, [""]
    for k in range(1, length + 1):
        h = longer(h)
        words = [word + letter for word in words
                 for letter in ascii_lowercase]
        if k < length and len(words) > width:
            part = sounds[:max(1, round(k * len(sounds) / length))]
            best = np.argsort(-log_p(ended(h), part))[:width]
            h, words = h[best], [words[i] for i in best]
    said = network.decode(ended(h))
    return [word for word, s in zip(words, said) if s == sounds]


# %% [markdown]
# For four letters we have the lists, and so know what it misses. The null: draw as many strings.

# %%
chosen = network.pronounce(right[:20])
total = sum(len(spellings[said]) for said in chosen)
hits = sum(len(beam(said, 4, 100)) for said in training.progress(chosen))
# all pairs; for the third and the fourth letter, 26 for each beginning
looks = 676 + 2 * 26 * 100
print(f"{looks:,} strings are {looks / 26**4:.1%} of all,",
      f"and hold {hits / total:.0%} of the spellings")

# %% [markdown]
# It is fifty times better than chance; the 5,876 strings that are most English by their pairs hold 5% of the
# spellings. So trust it with longer words?

# %%
said, = network.pronounce(["psychology"])
found = sorted(beam(said, 8, 100),
               key=lambda word: -log_prior(word, logs))
print(f"8 letters: {len(found)} found:", *found[:3])

# %% [markdown]
# ## What could fool us
#
# **A measure from where it is easy.** At five letters the list can still be made for a tenth of the beginnings,
# drawn at random. By it the same search finds a third of all spellings (0.25 to 0.5, a 95% interval over 40 words that the
# network reads right); a few long lists hold most of these. To beat chance, here hundreds of times, is not to find most. Of *psychology* it
# has found some, and nobody knows of how many.
#
# **A tie.** No decision in the list of *fish* hangs on rounding; a test checks.
#
# **A prior that has seen the answer.** Its pairs are from words of other lengths; with those of the words
# themselves 0.60 becomes 0.62.
#
# **A network that has.** It was trained on these words: what it reads right, and how sure it is, is no measure
# for new ones. And one spelling in ten is a dictionary word. That *yfhq* is *fish* says only that the network
# has to say something.

# %% [markdown]
# ## What we saw
#
# - *List*: 11 strings of four letters are *fish* to the network, and no twelfth. Before n it drops k in 82%, the
#   dictionary in 95%; f, c and q, which no word of it drops there, in 41, 38 and 54%.
# - *Weigh*: the right word is the first of its list one time in four by chance, three in five with a prior
#   of letter pairs, and four in five with a dictionary.
# - *Search*: a beam that finds two spellings of three at four letters finds one of three at five.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 3 · Down the slope of a mixture (open)
# :class: exercise
# Difficulty 4 of 5, 40 minutes. Practises: *Search*. [Chapter 8](08_input_reconstruction.md) changed the
# input until the output was right. Letters cannot be changed a little, but mixtures can: give each of four
# places 26 numbers, let their softmax mix the rows of `network.letters`, and descend on minus $\log p$ of
# the sounds of *fish*, from many random starts, in PyTorch. Then take the largest letter of each place. How
# many starts end in a spelling, and how many of the 11 are found? Compare with `beam` at the same number
# of runs, at two learning rates, and say what the loss at the end does and does not tell.
# :::

# %% [markdown] nbgrader={"grade_id": "mixture-descent", "solution": true, "grade": true, "points": 3}
# *Your answer here: what you ran, what was found, and what you compared with.*

# %% [markdown]
# :::{dropdown} One answer
# We took 200 starts, standard normal, and 60 updates of Adam: 12,000 runs forward and back. At a rate of
# 0.3 the loss falls to 0.01, and 3 starts end in a spelling, all in *fisz*. At a rate of 1 it ends at 0.04,
# higher, and 16 do, in 4 different ones. A beam of width 100 looks at 5,876 strings and finds 7. The
# mixture has found what the network reads as *fish*, as chapter 8 found sums that were no digits: between
# the letters. A loss of 0 says that the output is right, not that there is a word. A larger rate drives the
# softmax towards single letters, which helps; that is one explanation, and we have not tested it.
# :::

# %% [markdown]
# ## Further reading
#
# - {cite:t}`zimmer2010`: where *ghoti* comes from. It is from 1855, and not by Shaw.
# - {cite:t}`stahlberg2019`: exact search in a translating network. A beam had missed most of the best
#   answers, and the best was often the empty one.
# - {cite:t}`dingle2018`: why few outputs, the simple ones, often have most of the inputs.
# - {cite:t}`schuster1993`: the same for RNA and its shapes.
