"""Losses against what they stand for: an exact softmax, and loops over examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sevenfold.networks.losses import against_sample, cross_entropy, sampled_softmax, triplet, within_request

torch = pytest.importorskip("torch")
UTILITY = np.array([1.5, 0.5, 0.0, -0.5, 1.0, -1.0])
CHANCE = np.array([0.5, 0.25, 0.1, 0.08, 0.05, 0.02])


def gradient(log_q: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Of the loss by each item's utility, where every user has the same taste."""
    utility = torch.tensor(UTILITY, requires_grad=True)
    scores = utility[torch.tensor(items)].expand(len(items), len(items))
    same = torch.tensor(items[:, None] == items)
    sampled_softmax(scores, same, torch.tensor(log_q[items])).backward()
    return utility.grad.numpy()


def test_the_correction_gives_the_gradient_of_the_full_softmax() -> None:
    items = np.repeat(np.arange(6), (1000 * CHANCE).astype(int))
    softmax = np.exp(UTILITY) / np.exp(UTILITY).sum()
    exact = softmax - np.bincount(items, minlength=6) / len(items)
    log_q = np.log(CHANCE)
    np.testing.assert_allclose(gradient(log_q, items), exact, atol=0.002)
    for wrong in (np.zeros(6), -log_q):
        assert np.abs(gradient(wrong, items) - exact).max() > 0.1


def test_the_denominator_has_the_sum_over_the_catalogue_as_its_expectation() -> None:
    rng, own, size = np.random.default_rng(1), 3, 4
    found = []
    for _ in range(4000):
        items = np.append(own, rng.choice(6, size - 1, p=CHANCE))
        scores = torch.tensor(np.tile(UTILITY[items], (size, 1)))
        same = torch.tensor(items[:, None] == items)
        only_first = torch.full((size, size), -math.inf, dtype=torch.float64).fill_diagonal_(0.0)
        only_first[0] = scores[0]
        loss = size * float(sampled_softmax(only_first, same, torch.tensor(np.log(CHANCE)[items])))
        found.append(math.exp(loss + UTILITY[own]))
    assert np.mean(found) == pytest.approx(np.exp(UTILITY).sum(), rel=0.05)


def test_a_sample_is_weighed_by_how_it_was_drawn() -> None:
    rng = np.random.default_rng(4)
    scores, own, drawn = rng.normal(size=(3, 5)), rng.normal(size=3), np.array([4, 0, 0, 2, 1])
    item, log_q = np.array([0, 5, 4]), np.log(CHANCE[drawn])
    costs = []
    for row in range(3):
        others = [math.exp(scores[row, j]) / (5 * CHANCE[drawn[j]]) for j in range(5) if drawn[j] != item[row]]
        costs.append(-math.log(math.exp(own[row]) / (math.exp(own[row]) + sum(others))))
    found = against_sample(torch.tensor(own), torch.tensor(scores), torch.tensor(item[:, None] == drawn), torch.tensor(log_q))
    assert float(found) == pytest.approx(np.mean(costs))


def test_a_sample_has_the_full_softmax_as_its_limit_and_a_wrong_sign_has_not() -> None:
    rng, own = np.random.default_rng(5), 2
    drawn = rng.choice(6, 200_000, p=CHANCE)
    same, scores = torch.tensor(drawn == own)[None], torch.tensor(UTILITY[drawn])[None]
    exact = math.log(np.exp(UTILITY).sum()) - UTILITY[own]
    right, wrong = (float(against_sample(torch.tensor(UTILITY[[own]]), scores, same, sign * torch.tensor(np.log(CHANCE)[drawn])))
                    for sign in (1, -1))
    assert right == pytest.approx(exact, abs=0.01)
    assert abs(wrong - exact) > 0.5


def test_cross_entropy_is_the_mean_over_what_is_known() -> None:
    logits = torch.tensor([[0.5, -1.0], [2.0, 0.0], [1.0, 3.0]])
    label = torch.tensor([[1.0, math.nan], [0.0, 4.0], [math.nan, math.nan]])
    costs = [math.log1p(math.exp(-0.5)), math.log1p(math.exp(2.0)), math.log1p(math.exp(0.0))]
    assert float(cross_entropy(logits, label)) == pytest.approx(np.mean(costs), rel=1e-6)
    assert float(cross_entropy(logits[:, :1], label[:, 0])) == pytest.approx(np.mean(costs[:2]), rel=1e-6)
    nothing = torch.zeros(2, 2, requires_grad=True)
    cost = cross_entropy(nothing, torch.full((2, 2), math.nan))
    cost.backward()
    assert cost.item() == nothing.grad.abs().sum().item() == 0.0


def test_triplet_takes_the_nearest_negative_beyond_the_positive() -> None:
    rng = np.random.default_rng(2)
    items = rng.integers(0, 5, 12)
    users, vectors = rng.normal(size=(12, 3)), rng.normal(size=(5, 3))[items]
    users, vectors = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (users, vectors))
    costs = []
    for row in range(12):
        near = np.sum((users[row] - vectors[row]) ** 2)
        far = [np.sum((users[row] - vectors[j]) ** 2) for j in range(12) if items[j] != items[row]]
        beyond = [distance for distance in far if distance > near]
        costs.append(max(0.0, near - (min(beyond) if beyond else max(far)) + 0.7))
    found = triplet(torch.tensor(users @ vectors.T), torch.tensor(items[:, None] == items), 0.7)
    assert float(found) == pytest.approx(np.mean(costs))


def test_triplet_without_any_negative_costs_nothing() -> None:
    cosines = torch.zeros(3, 3, requires_grad=True)
    loss = triplet(cosines, torch.ones(3, 3, dtype=torch.bool), 0.5)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.isfinite(cosines.grad).all()


def test_softmax_within_a_request_against_a_loop() -> None:
    rng = np.random.default_rng(3)
    request = np.repeat([4, 2, 9, 7], [3, 1, 5, 2])
    logits, label = rng.normal(size=11), np.array([1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1.0])
    costs = []
    for one in (4, 2, 7):  # request 9 has no positive
        z, y = logits[request == one], label[request == one]
        costs.append(-(y / y.sum() * (z - np.log(np.exp(z).sum()))).sum())
    asked = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
    found = within_request(asked, torch.tensor(label, dtype=torch.float32), torch.tensor(request))
    found.backward()
    assert found.item() == pytest.approx(np.mean(costs), rel=1e-5)
    assert torch.isfinite(asked.grad).all()
