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
# # Which letters does it hear?
#
# Somebody else trained this network, on the words of an American pronouncing dictionary. It reads a word
# letter by letter, and then says it: *knight* is `N AY1 T`, where the 1 marks the main stress. Nobody told it
# which letter makes which sound. Type a word and see.
#
# :::{admonition} Predict first 1
# :class: predict
# Leave one letter out of *knight*, *debt*, *hour*, *island*, *rate*. Which can go, and nothing changes?
# :::

# %% tags=["hide-input"] mystnb={"figure": {"caption": "The squares are an alignment that nobody taught. A letter with a circle can go, and the sounds stay.", "name": "fig-letters-heard-live"}} jupyter={"source_hidden": true}
from course_utils import gates, live, plotting, pretrained

plotting.use_style()
network = pretrained.spelling_network()
live.LettersHeard(network, "knight", ("debt", "hour", "island", "rate",
                                      "psychology", "photography"))

# %% [markdown]
# :::{dropdown} Answer 1
# The k and the h of *knight*, the b of *debt*, the h of *hour*. Without its g, *knight* becomes *knit*. The s
# of *island* cannot go, though nobody says it. Nor can the e of *rate*: without it the network says *rat*.
# (The page keeps each weight in eight bits; 97% of 500 words are read the same.)
# :::
#
# :::{admonition} What you will be able to do
# :class: objectives
# - *Measure* what each letter does to each sound in a network read from its file.
# - *Explain* what "silent" means in such a measurement, and what it does not.
# - *Test* on invented words whether a network knows a rule or its training words.
# :::
#
# **Time:** about 25 minutes, and 55 for the exercises; the code runs in 20 seconds.
# **Needs:** a recurrent layer as a box: old state and letter in, new state out.

# %% [markdown]
# ## Read it from its file
#
# The network is an {term}`encoder` and a {term}`decoder`, two GRUs of 256 units {cite:p}`park2019`. The encoder reads
# the letters and an end mark. Its last state $h_T$ is all the decoder gets {cite:p}`sutskever2014`. The
# decoder says a sound, reads it, says the next, until it says an end mark.

# %%
from course_utils.checks import letters_heard as checks
from course_utils.pretrained.spelling import LETTERS, SOUNDS

from collections import Counter
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

known = pretrained.words()

# %%
file = pretrained.path("spelling/checkpoint20.npz")  # compares its hash
encoder = gates.read_gates(file, "enc")
print(encoder)


# %% [markdown]
# A GRU has three sets of weights, stacked in one array; the file does not say in which order. A test gives the same
# arrays to PyTorch: all states agree to 1e-6, and differ by more than 0.1 with two sets swapped. The bars of the live
# figure are the encoder's mean {term}`update gate`: the share of the old state that a step keeps.
#
# The dictionary holds 117,493 words in plain letters. Of words with five letters 78% come out as in the dictionary,
# of fourteen a third. It learned from this dictionary, so this is no test on new words.
#
# ## What a letter does to a sound
#
# Say the word's own sounds from the state *without* a letter. The sound that needed the letter becomes
# improbable. A sound of probability $p$ costs $-\log_2 p$ **bits**; its price rises.
#
# :::{admonition} Exercise 1 · The price of a sound
# :class: exercise
# Difficulty 2 of 5, 15 minutes. Practises: *Measure*. Write `bits(say, h, said)`. `say(h, last)` returns
# the decoder's next states, (batch, units), and the scores of the next sound, (batch, sounds); `last` has
# the sound that each row of `h` read last. Their {term}`softmax` is the probability. `said` is a list of numbers: the
# start mark, then sounds. Return how many bits each sound after the start costs, shape (batch, sounds said), when
# the decoder reads exactly the sounds in `said` ({term}`teacher forcing`). For `said = [start, 5, 2]` it reads
# start and pays for 5, then reads 5 and pays for 2: two columns.
# :::
#
# :::{dropdown} Hint 1
# Step $k$ reads `said[k]` and prices `said[k + 1]`. What the network would rather say plays no part.
# :::
#
# :::{dropdown} Hint 2
# $-\ln p_j = \ln \sum_k e^{s_k} - s_j$ for scores $s$. Take the largest score off first, and change the
# base of the logarithm at the end.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "bits", "solution": true} jupyter={"source_hidden": true}
def bits(say, h: np.ndarray, said: list) -> np.ndarray:
    """Return what each sound costs in bits, (batch, len(said) - 1)."""
    ### BEGIN SOLUTION
    costs = []
    for last, sound in zip(said, said[1:]):
        h, scores = say(h, np.full(len(h), last))
        scores = scores - scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores).sum(axis=1))
        costs.append((total - scores[:, sound]) / np.log(2))
    return np.stack(costs, axis=1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "bits-check", "grade": true, "points": 2}
checks.bits(bits)


# %%
def without(word: str) -> list:
    """Return the word without its first letter, its second, ..."""
    return [word[:i] + word[i + 1:] for i in range(len(word))]


# %%
def heard(network, word: str, sounds: tuple) -> np.ndarray:
    """Return what each sound costs more, shape (letters, sounds)."""
    said = [SOUNDS.index(sound) for sound in ("<s>", *sounds)]
    h = network.encode([word, *without(word)])
    costs = bits(network.say, h, said)
    return costs[1:] - costs[0]


# %% tags=["hide-input"] mystnb={"figure": {"caption": "Each sound needs the letters that spell it; no colour is 0 bits, the strongest 15 or more. The e of rate makes no sound, and its bits go to the vowel.", "name": "fig-letters-heard-grid"}, "image": {"alt": "Three grids, letters as columns and sounds as rows, shaded by bits. In knight N needs n, AY1 needs i and g, T needs t. In rate R needs r, T needs t, and EY1 needs the last letter e. In phone F needs p and h, OW1 needs o and a little e, N needs n."}} jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 3, figsize=(plotting.WIDTH, 2.6))
for ax, word in zip(axes, ("knight", "rate", "phone")):
    (sounds,) = network.pronounce([word])
    ax.imshow(heard(network, word, sounds).T, cmap="Blues",
              vmin=0, vmax=15, aspect="auto")
    ax.set(xticks=range(len(word)), xticklabels=list(word),
           yticks=range(len(sounds)), yticklabels=sounds)
    ax.grid(False)
plt.show()


# %% [markdown]
# ## Ten words, then thousands
#
# Write down, for ten words, the letters nobody says. Then let the network say which can go, stress aside.

# %%
def plain(sounds: tuple) -> list:
    """Return sounds without their stress."""
    return [sound.rstrip("012") for sound in sounds]


def can_go(word: str, sounds: tuple) -> list:
    """Return for each letter whether the sounds stay without it."""
    then = network.pronounce(without(word))
    return [plain(other) == plain(sounds) for other in then]


# %%
ten = ("knight kgh debt b hour h gnome ge write we castle te psalm p "
       "island s phone e autumn n").split()
for word, guess in zip(ten[::2], ten[1::2]):
    (sounds,) = network.pronounce([word])
    pairs = zip(word, can_go(word, sounds))
    found = "".join(letter for letter, gone in pairs if gone)
    print(f"{word:7} {' '.join(sounds):13} guess {guess:4} found {found}")

# %% [markdown]
# "Silent" in this measure means: *the network says the same without it*. That is a claim about another string.
# Without its p, *psalm* is `S AA1 M`: it loses its l. Without its s, *island* is `IY0 L AA1 N D`. And *phon* gets
# another vowel than *phone*.
#
# Now 1,200 words of four to eight letters, of which those said right are used. Eleven letters have one usual
# sound. Where the letter and this sound both occur once, the letter nearly always makes the sound. (Not in
# *watched*: its T is the *ed*. Ask the network.) In *debt* the T can only be the t's: does it need the t most?

# %%
middle = [w for w in known if 4 <= len(w) <= 8]
drawn = list(np.random.default_rng(1).permutation(middle)[:1_200])
said = dict(zip(drawn, network.pronounce(drawn)))
words = [w for w in drawn if said[w] in known[w]]
own = {letter: letter.upper() for letter in "bdfklmnprtv"}


# %%
def known_pairs(word: str) -> list:
    """Return places of a letter and its sound where both occur once."""
    sounds = plain(said[word])
    return [(word.index(letter), sounds.index(sound))
            for letter, sound in own.items()
            if word.count(letter) == sounds.count(sound) == 1]


# %%
def aligned(network, words: list) -> np.ndarray:
    """Return for each pair whether the sound needs its letter most."""
    return np.array([costs[:, k].argmax() == i for w in words
                     for costs in [heard(network, w, said[w])]
                     for i, k in known_pairs(w)])


# %% [markdown]
# Two nulls. Without a network, spread the sounds evenly under the letters. And shuffle the weights within
# each array, five times.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how weights are shuffled", "code_prompt_hide": "Hide how weights are shuffled"} jupyter={"source_hidden": true}
def shuffled(seed: int) -> pretrained.SpellingNetwork:
    """Return the network with each array's weights in random places."""
    rng = np.random.default_rng(seed)

    def mix(array: np.ndarray) -> np.ndarray:
        return rng.permutation(array.ravel()).reshape(array.shape)

    def mixed(cell: gates.Gates) -> gates.Gates:
        return replace(cell, blocks={
            name: gates.Block(mix(part.kernel), mix(part.recurrent),
                              mix(part.bias), mix(part.recurrent_bias))
            for name, part in cell.blocks.items()})

    return pretrained.SpellingNetwork(
        mixed(network.encoder), mixed(network.decoder),
        mix(network.letters), mix(network.sounds), mix(network.W),
        mix(network.b))


# %%
even = [int((k + 0.5) / len(said[w]) * len(w)) == i
        for w in words for i, k in known_pairs(w)]
hits = aligned(network, words)
null = [aligned(shuffled(seed), words[:60]).mean() for seed in range(5)]
print(f"of more than 1,500 pairs, found: {hits.mean():.0%}")
print(f"evenly spread: {np.mean(even):.0%}; of what it misses, more than",
      f"95% found: {hits[~np.array(even)].mean() > 0.95}")
print(f"weights shuffled: {min(null):.0%} to {max(null):.0%}")

# %% [markdown]
# The even spread is a strong rule, and where it fails the network still knows. This is an alignment, from
# nothing but causes.
#
# ## Silent letters, and doubled ones
#
# In *bell* either l can go. So count letters that stand alone and doubled ones apart.

# %%
rows = []
for word in words:
    for i, gone in enumerate(can_go(word, said[word])):
        double = word[i] in word[max(i - 1, 0):i] + word[i + 1:i + 2]
        rows.append((word[i], double, gone))

# %%
print("letter  alone  doubled")
for letter in "ectlf":
    alone, doubled = (np.mean([gone for name, twice, gone in rows
                               if (name, twice) == (letter, double)])
                      for double in (False, True))
    print(f"{letter:4} {alone:8.0%} {doubled:8.0%}")

# %% [markdown]
# A t, an l or an f can go where it is doubled, and hardly anywhere else. But why not in
# every double? Keep this question.
#
# ## The letter that is never said
#
# One single e in three can go, but not that of *rate*: it makes no sound, yet its bits go to the vowel. A rule,
# or a memory of this word? Invent words:
# *smaz*, *twip*, *kof*. Keep those that are not in the dictionary, and are said with one short vowel, as in *rat*,
# *bed*, *sit*, *lot*, *cut*.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show how words are invented", "code_prompt_hide": "Hide how words are invented"} jupyter={"source_hidden": true}
short = {"a": ["AE"],  # the vowels of rat, bed, sit, lot and cut
         "e": ["EH"], "i": ["IH"], "o": ["AA", "AO"], "u": ["AH"]}
starts = ("b d f g h j k l m n p r s t v w z bl br cl cr dr fl fr gl gr "
          "pl pr sk sl sm sn sp st sw tr tw").split()


def vowels(sounds: tuple) -> list:
    """Return the vowels among sounds, without their stress."""
    return [sound[:-1] for sound in sounds if sound[-1].isdigit()]


def invented(ends: list, count: int, seed: int) -> list:
    """Return new words with one short vowel, also new with an e."""
    every = [a + v + c for a in starts for v in short for c in ends]
    new = [w for w in every if w not in known and w + "e" not in known]
    some = list(np.random.default_rng(seed).permutation(new)[:count])
    return [w for w, sounds in zip(some, network.pronounce(some))
            for v in short if v in w
            if len(vowels(sounds)) == 1 and vowels(sounds)[0] in short[v]]


# %% [markdown]
# :::{admonition} Predict first 2
# :class: predict
# Add an e to each. How often does the vowel change? How often is the e said? And with another letter in place
# of e?
# :::

# %%
def add(ending: str, words: list) -> tuple[float, float]:
    """Return how often the first vowel changes, and a sound is added."""
    before = network.pronounce(words)
    after = network.pronounce([word + ending for word in words])
    both = list(zip(before, after))
    return (np.mean([vowels(a)[0] != vowels(b)[0] for a, b in both]),
            np.mean([len(b) > len(a) for a, b in both]))


new = invented(list("bdfgklmnptvz"), 700, seed=0)
effects = {letter: add(letter, new) for letter in LETTERS[3:]}

# %%
print("e: vowel {:.0%}, sound {:.0%}".format(*effects["e"]))
changed = [effects[letter][0] for letter in LETTERS[3:]
           if letter not in "aeiouy"]
print(f"consonants: vowel {min(changed):.0%} to {max(changed):.0%}")

# %% tags=["hide-input"] mystnb={"figure": {"caption": "Twenty-six letters added to invented words. The e stands alone in its corner. It changes the vowel and is not said.", "name": "fig-letters-heard-e"}, "image": {"alt": "Twenty-six letters in a square. Across, how often the added letter adds a sound; up, how often the vowel changes. The letter e is alone at the upper left, 6 and 92 percent. The letters a, i, o, u and y are at the upper right, above 50 percent and at nearly 100. The consonants, dots, lie at the bottom, below 20 percent."}} jupyter={"source_hidden": true}
fig, ax = plt.subplots()
for letter, (changes, added) in effects.items():
    if letter in "aeiouy":
        ax.text(added, changes, letter, fontsize="x-large", ha="center",
                va="center", fontweight="bold" if letter == "e" else None)
    else:
        ax.plot(added, changes, ".", color="black")
ax.set(xlabel="share of words with a sound added", xlim=(-0.06, 1.06),
       ylabel="share whose vowel changes", ylim=(-0.06, 1.06))
plt.show()


# %% [markdown]
# :::{dropdown} Answer 2
# The vowel changes in 92%: *smaz* becomes *smaze*, with the vowel of *rate*. A sound is added in 6%, more often
# the Y of *mule* than the e. Other vowel letters change the vowel too, but are said; consonants
# change it in 3 to 17%, and most add a sound.
# :::
#
# Linguists call such a letter a *marker* {cite:p}`venezky1967`: it stands for no sound, and tells how another letter is
# said.
#
# :::{admonition} Exercise 2 · Nothing but the vowel
# :class: exercise
# Difficulty 2 of 5, 10 minutes. Practises: *Test*. The vowel changes, and what else? Write `only_vowel(before,
# after)` for two tuples of sounds. It returns `True` if, stress aside, exactly one sound differs, and is a vowel
# in both; else `False`. Vowels carry a digit, as in `AY1`.
# :::
#
# :::{dropdown} Hint 1
# When may two tuples be compared place by place at all?
# :::
#
# :::{dropdown} Hint 2
# Collect the pairs whose names without the digit differ. There must be one, and both of its sounds must end
# in a digit.
# :::

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"} nbgrader={"grade_id": "only_vowel", "solution": true} jupyter={"source_hidden": true}
def only_vowel(before: tuple, after: tuple) -> bool:
    """Say whether one vowel is all that changed, stress aside."""
    ### BEGIN SOLUTION
    if len(before) != len(after):
        return False
    changed = [(a, b) for a, b in zip(before, after)
               if a.rstrip("012") != b.rstrip("012")]
    return len(changed) == 1 and all(s[-1].isdigit() for s in changed[0])
    ### END SOLUTION


# %% nbgrader={"grade_id": "only_vowel-check", "grade": true, "points": 1}
checks.only_vowel(only_vowel)

# %%
before, shares = network.pronounce(new), {}
for letter in LETTERS[3:]:
    after = network.pronounce([word + letter for word in new])
    both = zip(before, after)
    shares[letter] = np.mean([only_vowel(*pair) for pair in both])
e = shares.pop("e")
print(f"nothing but the vowel changes: with e in {e:.0%},",
      f"with any other letter in {max(shares.values()):.0%} at most")

# %% [markdown]
# Most of the rest: the e softens a g too (*smag*, *smage*), or brings the Y of *mule*. How far does it reach? Over one
# consonant. Put a second one between, *twipp* and *twippe*:

# %%
twice = invented([2 * c for c in "bdfgklmnptvz"], 700, seed=0)
print(f"e after a double changes the vowel in {add('e', twice)[0]:.0%}")
double = network.pronounce([word + "e" for word in twice])
for gone, place in (("one p", -1), ("the t", 0)):
    less = network.pronounce([without(word)[place] + "e" for word in twice])
    other = np.mean([vowels(a) != vowels(b) for a, b in zip(less, double)])
    print(f"{gone} of twippe left out changes a vowel in {other:.0%}")

# %% [markdown]
# So the second letter of a double, which counted as silent, is heard too: it stops the e.
#
# ## What could fool us
#
# **The memory.** The words are new, but *-aze* is not: *maze*, *blaze*. Take endings that at most three words of the
# dictionary have after a consonant:

# %% tags=["hide-input"] mystnb={"code_prompt_show": "Show the rare endings", "code_prompt_hide": "Hide the rare endings"} jupyter={"source_hidden": true}
every = invented(list("bdfgklmnptvz"), 2_000, seed=0)
ends = Counter(w[-3:] for w in known if len(w) > 3 and w[-4] not in short)
rare = [word for word in every if ends[word[-2:] + "e"] <= 3]
print("endings:", *sorted({word[-2:] + "e" for word in rare}))
share, _ = add("e", rare)
print(f"an e changes the vowel in {share:.0%} of about",
      f"{round(len(rare), -1)} words")

# %% [markdown]
# So a few examples of the ending are enough, and *breeze* is not far. (An added t: 3%.)
#
# **One network.** All this is one network, one training, one accent. Tests of this book repeat the counts on 20
# samples that share no word, and with 20 shuffles.

# %% [markdown]
# ## What we saw
#
# - *Measure*: of sounds whose letter is as good as certain, 99% were found by leaving letters out; an even
#   spread finds 82%, shuffled weights at most 22%.
# - *Explain*: a letter that can go is not one that does nothing. Letters that say nothing can still be heard.
# - *Test*: on invented words the final e changes the vowel in 92% and adds a sound in 6%; after a double it changes 13%.

# %% [markdown]
# ## One open question
#
# :::{admonition} Exercise 3 · The reach of the e (open)
# :class: exercise
# Difficulty 4 of 5, 30 minutes. Practises: *Explain*, *Test*. Put other pairs of consonants between the vowel and the e: *st*,
# *nt*, *nd*, *ft*, *sk*, or three. And put other endings in place of the e: *y*, *ing*, *ed*, *er*. Before you measure,
# say which ones change the vowel, and why. Which words do you compare with, and what would the answer be for
# a network that only counts letters to the end? {cite:t}`venezky1967` describes the spelling that it had to learn.
# :::

# %% [markdown] nbgrader={"grade_id": "reach_of_e", "solution": true, "grade": true, "points": 3}
# *Your answer here: what you said beforehand, what you measured, and what you compared with.*

# %% [markdown]
# :::{dropdown} One answer
# We said beforehand that what decides is the number of consonants. On invented words with one short vowel an e
# changes it in 92% after one consonant, in 28% after *st*, 18% after *sk*, 12% after *nt*, and 5 or 6% after *nd*,
# *mp* and *ft*. The *st* stands out: think of *taste* and *paste*. With *ed* the vowel changes in 77%, with *er* in 80%, with *ing* in
# 72%, with *y* in 66%; after a doubled consonant each of them in 5 to 7%. So it is not the e, but one consonant and a
# vowel letter. The control is an added t or s: 5% and 3%. A network that made the third letter from the end long
# would fail on *ing*, and on *zatte* it would be right for the wrong reason. None of this says how a unit does it.
# :::

# %% [markdown]
# ## Further reading
#
# - {cite:t}`park2019`: the network, and its training.
# - {cite:t}`sutskever2014`: the encoder whose last state is all that the decoder gets.
# - {cite:t}`bahdanau2015`: attention, which learns an alignment because one vector is not enough.
# - {cite:t}`venezky1967`: the rules of English spelling, final e and doubled consonants among them.
