"""Intervals cover what they promise, and a user's requests stay together."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.statistics import bootstrap


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(7), 0
    for repetition in range(400):
        users = np.repeat(np.arange(200), rng.integers(1, 6, 200))
        taste = rng.beta(2, 3, 200)  # the mean of a user, 0.4 on average
        values = (rng.random(len(users)) < taste[users]).astype(float)
        found = bootstrap.interval(values, users, seed=repetition, resamples=400)
        covered += found.low <= 0.4 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_paired_interval_covers_the_true_gain() -> None:
    rng, covered = np.random.default_rng(3), 0
    for repetition in range(400):
        users = np.repeat(np.arange(150), 3)
        common = rng.normal(size=150)[users]
        a = common + 0.2 + rng.normal(size=450)
        found = bootstrap.paired(a, common + rng.normal(size=450), users, seed=repetition, resamples=400)
        covered += found.low <= 0.2 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_pairing_is_sharper_than_two_intervals() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=2_000)
    users = np.arange(2_000)
    found = bootstrap.paired(common + 0.05, common + rng.normal(scale=0.01, size=2_000), users)
    alone = bootstrap.interval(common, users)
    assert found.low > 0.04
    assert found.high - found.low < (alone.high - alone.low) / 10


def test_repeated_requests_of_one_user_add_no_certainty() -> None:
    rng = np.random.default_rng(1)
    values = rng.random(100)
    once = bootstrap.interval(values, np.arange(100), seed=5)
    often = bootstrap.interval(np.repeat(values, 20), np.repeat(np.arange(100), 20), seed=5)
    assert once.low == pytest.approx(often.low)
    assert once.high == pytest.approx(often.high)
    assert often.requests == 2_000


def test_mean_weighs_requests_not_users() -> None:
    assert bootstrap.interval(np.array([1.0, 1, 1, 0]), np.array([0, 0, 0, 1])).value == 0.75


def test_seeds_widen_the_interval_and_match_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    one = rng.random(300)
    users = rng.integers(0, 60, 300)
    values = np.stack([one - 0.2, one, one + 0.2])
    found = bootstrap.interval(values, users, seed=9, resamples=4_000)
    assert found.value == pytest.approx(one.mean())
    loop, groups = [], [np.flatnonzero(users == user) for user in np.unique(users)]
    for _ in range(4_000):
        rows = np.concatenate([groups[n] for n in rng.integers(len(groups), size=len(groups))])
        loop.append(values[rng.integers(3), rows].mean())
    assert [found.low, found.high] == pytest.approx(np.quantile(loop, [0.025, 0.975]), abs=0.02)


def test_same_seed_same_bytes_in_blocks_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    values, users = np.random.default_rng(4).random((2, 500)), np.arange(500) // 3
    first = bootstrap.interval(values, users, seed=1)
    assert first == bootstrap.interval(values, users, seed=1)
    monkeypatch.setattr(bootstrap, "BLOCK", 1_000)
    blocked = bootstrap.interval(values, users, seed=1)
    assert blocked.low == pytest.approx(first.low, abs=0.01)


def test_quantile_interval_covers() -> None:
    rng = np.random.default_rng(0)
    true = -np.log(0.01)
    found = [bootstrap.quantile(rng.exponential(size=1_000), 0.99) for _ in range(400)]
    assert 0.93 <= np.mean([one.low <= true <= one.high for one in found]) <= 0.995


def test_quantile_says_when_too_few_values_reach_beyond() -> None:
    assert bootstrap.quantile(np.arange(367), 0.99).high is None
    assert bootstrap.quantile(np.arange(368), 0.99).high == 367
    assert bootstrap.quantile(np.arange(5), 0.5).low is None


def test_a_request_without_a_value_does_not_count() -> None:
    values, users = np.array([1.0, np.nan, 0.0, 1.0, np.nan]), np.array([0, 0, 1, 2, 3])
    found = bootstrap.interval(values, users)
    assert found.value == pytest.approx(2 / 3)
    assert found.requests == 3
    assert bootstrap.intervals({"none": np.full(5, np.nan)}, users) == {}


def test_measures_share_their_draws_and_their_order_does_not_matter() -> None:
    rng, users = np.random.default_rng(0), np.arange(200) // 2
    values = {"a": rng.random((3, 200)), "b": rng.random((1, 200))}
    found = bootstrap.intervals(values, users)
    assert found["b"] == bootstrap.interval(values["b"], users)
    assert found == bootstrap.intervals(dict(reversed(values.items())), users)


def test_values_without_users_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a value for each of 2 clusters, got 3"):
        bootstrap.interval(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="expected a value for some request, got none"):
        bootstrap.interval(np.empty(0), np.empty(0))
    with pytest.raises(ValueError, match="expected values of the same requests on both sides"):
        bootstrap.paired(np.array([1.0, np.nan]), np.ones(2), np.arange(2))
