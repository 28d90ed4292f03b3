"""Let the network of characters write lines with brackets, and print those that closed them.

    python -m tools.written_lines > course_utils/pretrained/characters/written.txt

Chapter 17 tests on these lines what it found on lines of its own. They are stored, since the
last digits of a probability, and so a character drawn, may differ between processors.
"""

import re

import numpy as np

from course_utils import pretrained
from course_utils.pretrained.characters import START, WINDOW, CharacterNetwork

BEGINNINGS = [
    *("a small library", "my old dog", "the new phone", "some good news", "this game"),
    *("our house", "one more trick", "her first book", "the last train", "free music"),
    *("a man", "my mom", "the best way", "I saw this", "what I did"),
]
UNFIT = re.compile(
    r"\b(fuck\w*|shit\w*|bitch|cock|sex|ass|abortion|drugs|germans|white)\b", re.I
)
"""Words of its training that do not belong in a classroom, as the lines printed have them."""
KEPT = re.compile(r"[A-Za-z ',.!?]+ \([A-Za-z ',.!?]{5,}\)[A-Za-z ',.!?]{3,}")


def written(
    network: CharacterNetwork, count: int, temperature: float, rng: np.random.Generator
) -> list[str]:
    """Return lines from beginnings with a bracket, that end or fill a window."""
    going = [f"{BEGINNINGS[k % len(BEGINNINGS)]} (" for k in range(count)]
    done = []
    while going:
        powers = network.read(going).next.astype(float) ** (1 / temperature)
        powers[:, 0] = 0  # none
        reached = powers.cumsum(axis=1)
        drawn = (reached < rng.random((len(going), 1)) * reached[:, -1:]).sum(axis=1)
        longer = []
        for line, row in zip(going, drawn, strict=True):
            character = network.characters[row]
            if character == START:
                done.append(line)
            else:
                longer.append(line + character)
        done += [line for line in longer if len(line) == WINDOW - 1]
        going = [line for line in longer if len(line) < WINDOW - 1]
    return done


def main() -> None:
    """Print the lines whose every word the dictionary of pronunciations has, in order."""
    network, rng = pretrained.character_network(), np.random.default_rng(0)
    known = set(pretrained.words())
    lines = [line for _ in range(6) for line in written(network, 250, 0.6, rng)]
    for line in sorted(
        {line for line in lines if KEPT.fullmatch(line) and not UNFIT.search(line)}
    ):
        *whole, last = re.findall(r"[a-z']+", line.lower())
        full = whole if len(line) == WINDOW - 1 else [*whole, last]  # a full line may break off
        if all(word.replace("'", "") in known for word in full):
            print(line.rstrip())


if __name__ == "__main__":
    main()
