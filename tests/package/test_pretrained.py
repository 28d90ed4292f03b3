"""Networks that somebody else trained, as they are read from their files."""

import numpy as np
import pytest
import torch

from course_utils import pretrained
from course_utils.pretrained.characters import softmax
from course_utils.pretrained.spelling import LETTERS, SOUNDS


@pytest.fixture(scope="module")
def network():
    return pretrained.spelling_network()


def test_files_are_those_that_were_taken_over(tmp_path, monkeypatch):
    for name in pretrained.files:
        assert pretrained.path(name).is_file()
        folder = pretrained.path(name).parent
        assert (folder / "LICENSE").read_text().strip()
        assert name.split("/")[1] in (folder.parent / "README.md").read_text()
    name = "characters/textgenrnn_vocab.json"
    (tmp_path / "characters").mkdir()
    text = pretrained.path(name).read_bytes()
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="install course_utils again"):
        pretrained.path(name)
    (tmp_path / name).write_bytes(text[:-1] + b" ")
    with pytest.raises(ValueError, match="SHA-256 differs"):
        pretrained.path(name)
    with pytest.raises(ValueError, match="there are spelling"):
        pretrained.path("spelling/other.npz")


def test_words_and_their_pronunciations():
    words = pretrained.words()
    assert len(words) == 117_493
    assert words["read"] == (("R", "EH1", "D"), ("R", "IY1", "D"))
    assert words["aalto"] == (("AA1", "L", "T", "OW2"),)  # a remark follows in the file
    assert {sound for said in words.values() for way in said for sound in way} <= set(SOUNDS)


def test_the_network_computes_what_pytorch_computes(network):
    with np.load(pretrained.path("spelling/checkpoint20.npz")) as file:
        arrays = {name: torch.tensor(file[name]) for name in file.files}
    h, layers = {}, {}
    for part in ("enc", "dec"):
        layers[part] = torch.nn.GRU(256, 256, batch_first=True)
        for name in ("w_ih", "w_hh", "b_ih", "b_hh"):
            long = name.replace("w_", "weight_").replace("b_", "bias_") + "_l0"
            getattr(layers[part], long).data = arrays[f"{part}_{name}"]
    word = "antidisestablishmentarianism"
    x = arrays["enc_emb"][[*(LETTERS.index(letter) for letter in word), 2]][None]
    with torch.no_grad():
        h = layers["enc"](x)[1][0]
    np.testing.assert_allclose(network.encode([word]), h, atol=1e-5)  # 29 steps in float32
    said = [2]
    with torch.no_grad():
        for _ in range(5):
            h = layers["dec"](arrays["dec_emb"][said[-1:]][None], h[None])[1][0]
            said.append(int((h @ arrays["fc_w"].T + arrays["fc_b"]).argmax()))
    assert network.pronounce([word])[0][:5] == tuple(SOUNDS[i] for i in said[1:])


def test_words_side_by_side_are_said_as_one_by_one(network):
    words = ["a", "knight", "psychology", "rnn"]
    assert network.pronounce(words) == [network.pronounce([word])[0] for word in words]
    assert network.pronounce([]) == []
    assert network.pronounce(["rnn"]) == [("R", "EH1", "N")]


def test_sounds_are_in_the_order_of_the_read_out(network):
    assert len(SOUNDS) == len(network.b) == len(set(SOUNDS))
    some = list(pretrained.words())[::2000]
    said = zip(network.pronounce(some), some, strict=True)
    assert np.mean([sounds in pretrained.words()[word] for sounds, word in said]) > 0.5


def test_what_the_network_cannot_read_is_refused(network):
    with pytest.raises(ValueError, match=r"a to z in lower case, got \['K', 'é'\]"):
        network.pronounce(["Kné"])


def test_the_speech_network_computes_what_its_file_does():
    import onnxruntime

    network = pretrained.speech_network()
    sound = np.concatenate([pretrained.babble(2, seed=3), np.zeros(5000)])
    steps = sound[: len(sound) // 512 * 512].reshape(-1, 512)
    before = np.vstack([np.zeros(64), steps[:-1, -64:]])
    session = onnxruntime.InferenceSession(
        pretrained.path("speech/silero_vad_16k_sequence.onnx")
    )
    zero = np.zeros((1, 1, 128), np.float32)
    feed = {"input": np.hstack([before, steps]).astype(np.float32), "h": zero, "c": zero}
    theirs = session.run(["speech_probs"], feed)[0].ravel()
    scores = network.score(network.gates.trace(network.hear(sound)[np.newaxis]).h)[0]
    np.testing.assert_allclose(1 / (1 + np.exp(-scores)), theirs, atol=1e-5)
    assert theirs.max() > 0.99
    assert theirs.min() < 0.1


def test_babble_is_the_same_for_a_seed_and_stays_in_range():
    voice = pretrained.babble(1.5, seed=7)
    np.testing.assert_array_equal(voice, pretrained.babble(1.5, seed=7))
    assert np.abs(voice - pretrained.babble(1.5, seed=8)).max() > 0.1
    assert voice.shape == (24000,)
    assert np.abs(voice).max() == pytest.approx(0.7)
    with pytest.raises(ValueError, match="seconds"):
        pretrained.babble(0, seed=0)
    with pytest.raises(ValueError, match="sound should have shape"):
        pretrained.speech_network().hear(np.zeros((2, 512)))


def test_babble_has_its_energy_at_the_pitch_and_the_first_resonances():
    for seed in range(3):
        power = np.abs(np.fft.rfft(pretrained.babble(4, seed))) ** 2
        hertz = np.fft.rfftfreq(4 * 16000, 1 / 16000)
        share = np.diff(np.append(0, np.cumsum(power))[np.searchsorted(hertz, [0, 200, 1000])])
        pitch, vowels = share / power.sum()
        assert 0.2 < pitch < 0.45
        assert 0.5 < vowels < 0.75


def test_the_softmax_is_that_of_each_row():
    rows = np.array([[0.0, np.log(3)], [2000.0, 2000.0], [-2000.0, 0.0]])
    np.testing.assert_allclose(softmax(rows), [[0.25, 0.75], [0.5, 0.5], [0, 1]])
