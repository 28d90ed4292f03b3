"""The small networks: what they learn, and that a seed decides them alone.

What the row networks learn is tested with chapters 9 and 12, which train them anyway.
"""

import numpy as np
import pytest

from course_utils.data import counting_strings, flip_flop, legal_next, symbols
from course_utils.networks import counting_networks, flip_flops, row_lstm, row_rnn
from course_utils.training import seed_everything


def answers(network, texts):
    import torch

    x = torch.tensor(symbols(texts)).double()
    with torch.no_grad():
        return (network["readout"](network["cell"](x)[0]) > 0).numpy()


def test_a_third_of_the_training_is_enough_to_continue_the_strings():
    """What all of it gives is held to more by the tests of chapter 6."""
    (network,) = counting_networks([17], updates=500)
    texts = counting_strings(10)
    read = symbols(texts).any(axis=-1)
    assert (answers(network, texts)[read] == legal_next(texts)[read]).all()
    (untrained,) = counting_networks([17], updates=0)
    assert not (answers(untrained, texts)[read] == legal_next(texts)[read]).all()


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_a_network_trained_beside_others_is_the_one_trained_alone(cell):
    together = counting_networks([5, 3], cell, units=3, updates=30)
    for network, seed in zip(together, (5, 3), strict=True):
        (alone,) = counting_networks([seed], cell, units=3, updates=30)
        for ours, theirs in zip(network.parameters(), alone.parameters(), strict=True):
            np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-9)


def test_one_update_is_that_of_adam_on_the_single_network():
    import torch

    (before,), (after,) = (counting_networks([1], updates=n) for n in (0, 1))
    texts = counting_strings(10)
    x, y = (torch.tensor(a).double() for a in (symbols(texts), legal_next(texts)))
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    logits = before["readout"](before["cell"](x)[0])
    read = x.any(-1)
    (3 * loss(logits[read], y[read])).backward()
    optimiser = torch.optim.Adam(
        [weight for name, weight in before.named_parameters() if "bias_hh" not in name], lr=0.02
    )
    optimiser.step()
    for ours, theirs in zip(after.parameters(), before.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-9)


def test_the_gate_that_keeps_starts_one_higher():
    from course_utils.gates import Gates

    for cell, keeps in (("LSTM", "forget"), ("GRU", "update")):
        (network,) = counting_networks([0], cell, updates=0)
        for name, block in Gates.from_torch(network["cell"]).blocks.items():
            raised = block.bias - (name == keeps)
            assert (np.abs(raised) <= 0.5).all()
        assert not network["readout"].bias.detach().any()


def test_counting_networks_leave_the_global_generators_alone():
    import torch

    seed_everything(4)
    want = float(torch.rand(())), np.random.rand()
    seed_everything(4)
    counting_networks([0], updates=1)
    assert (float(torch.rand(())), np.random.rand()) == want


def test_counting_networks_learn_what_they_are_given():
    texts = ["$ab", "$aab"]
    targets = np.zeros((2, 4, 3))
    targets[..., 2] = 1
    (network,) = counting_networks([0], texts=texts, targets=targets, updates=200)
    assert (answers(network, ["$aab"]) == targets[1:]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"texts": ["$ba"]}, "not the beginning"),
        (
            {"targets": np.zeros((2, 3))},
            r"targets should have shape \(10, 21, 3\), got \(2, 3\)",
        ),
        ({"targets": np.full((10, 21, 3), 2)}, r"targets should lie in 0 \.\. 1"),
        ({"targets": np.full((10, 21, 3), np.nan)}, "targets should be finite"),
    ],
)
def test_what_nothing_can_be_learnt_from_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        counting_networks([0], **options)


def arrays(network):
    """Return the weights of an LSTM, or of a network that is written as a dictionary."""
    return [network[k] for k in "WUbVc"] if isinstance(network, dict) else network.parameters()


@pytest.mark.parametrize("network", [row_lstm, row_rnn])
def test_a_row_network_rests_on_its_seed_alone(network):
    import torch

    seed_everything(4)
    want = float(torch.rand(())), np.random.rand()
    seed_everything(4)
    threads = torch.get_num_threads()
    drawn = [arrays(network(seed, updates=2)) for seed in (3, 3, 4)]
    assert torch.get_num_threads() == threads
    assert (float(torch.rand(())), np.random.rand()) == want
    for first, again, other in zip(*drawn, strict=True):
        assert torch.equal(first, again)
        assert not torch.equal(first, other) or not first.any()


def test_the_row_lstm_keeps_its_second_bias_at_zero():
    network = row_lstm(updates=2)
    assert not network["cell"].bias_hh_l0.any()
    assert network["cell"].bias_ih_l0[64:128].min() > 0.8


def test_a_flip_flop_trained_beside_others_is_the_one_trained_alone():
    together = flip_flops([5, 3], units=6, updates=20)
    for network, seed in zip(together, (5, 3), strict=True):
        (alone,) = flip_flops([seed], units=6, updates=20)
        for ours, theirs in zip(network.parameters(), alone.parameters(), strict=True):
            np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-9)


def test_an_update_of_a_flip_flop_is_that_of_adam_on_the_single_network():
    import torch

    (trained,), (network,) = flip_flops([2], updates=1), flip_flops([2], updates=0)
    x, y = map(torch.tensor, flip_flop(32, seed=0))
    network["cell"].bias_hh_l0.requires_grad_(False)
    adam = torch.optim.Adam(network.parameters(), 0.01)
    ((network["readout"](network["cell"](x)[0]) - y) ** 2).mean().backward()
    adam.step()
    for ours, theirs in zip(network.parameters(), trained.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-9)


def test_a_flip_flop_starts_with_the_spreads_it_names():
    for gain in (0.5, 1.5):
        (network,) = flip_flops([0], units=100, gain=gain, updates=0)
        cell, out = (
            {name: weight.detach().numpy() for name, weight in network[part].named_parameters()}
            for part in ("cell", "readout")
        )
        assert abs(10 * cell["weight_hh_l0"].std() - gain) < 0.05
        assert abs(cell["weight_ih_l0"].std() - 3**-0.5) < 0.05  # it varies by 0.024
        assert abs(10 * out["weight"].std() - 1) < 0.1
        assert not any(bias.any() for bias in (cell["bias_ih_l0"], cell["bias_hh_l0"]))
        assert not out["bias"].any()
