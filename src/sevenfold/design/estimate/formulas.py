"""Sizing formulas that stand on their own; each takes numbers and gives the number with its text."""

from __future__ import annotations

from sevenfold.design.estimate.number import Number, Value, ceiling, number


def flat(items: Value, width: Value, each: Value) -> Number:
    """A1: bytes of all vectors as they are."""
    return number(items) * width * each


def graph_index(items: Value, width: Value, links: Value) -> Number:
    """A2: bytes of an HNSW index in single precision (FAISS, "Guidelines to choose an index")."""
    return number(items) * (4 * number(width) + 8 * number(links))


def graph_service(items: Value, width: Value, links: Value) -> Number:
    """A3: bytes of one copy of such an index in OpenSearch."""
    return 1.1 * graph_index(items, width, links)


def graph_table(items: Value, width: Value, each: Value, links: Value) -> Number:
    """A4: bytes of such an index in ScyllaDB."""
    return number(items) * (number(width) * each + 16 * number(links)) * 1.2


def compressed(items: Value, width: Value, code: Value, centres: Value) -> Number:
    """A5: bytes of an IVF-PQ index: codes with ids of 8 bytes, and the centres of its cells."""
    return number(items) * (number(code) + number(8, "B")) + number(centres) * width * number(4, "B")


def replicas(peak: Value, seconds: Value, at_a_time: Value, utilisation: Value) -> Number:
    """Q6: servers that answer so many requests a second (Little's law)."""
    return ceiling(number(peak) * seconds / (number(at_a_time) * utilisation))


def user_store(entities: Value, values: Value, each: Value, overhead: Value, copies: Value) -> Number:
    """S3: bytes of the features that are fetched by key."""
    return number(entities) * values * each * overhead * copies


def lists(keys: Value, entries: Value, each: Value, copies: Value) -> Number:
    """S7: bytes of lists computed ahead."""
    return number(keys) * entries * each * copies


def layers(parameters: Value, examples: Value, epochs: Value) -> Number:
    """F2: operations that train dense layers, forwards and backwards."""
    return 6 * number(parameters) * examples * epochs


def seconds(work: Value, speed: Value, share: Value, devices: Value = 1) -> Number:
    """F8: time for so many operations."""
    return number(work) / (number(devices) * speed * share)


def per_arm(rate: Value, effect: Value) -> Number:
    """T1: users in each arm, so that a relative change of a share is seen (80 % power at 5 %)."""
    return 16 * (1 - number(rate)) / (number(rate) * number(effect) ** 2)


def per_arm_of(variation: Value, effect: Value) -> Number:
    """T1 for a mean: `variation` is its standard deviation over it."""
    return 16 * (number(variation) / effect) ** 2


def recalibrated(predicted: Value, kept: Value) -> Number:
    """T4: the probability behind one predicted after keeping only a share of the negatives."""
    return number(predicted) / (number(predicted) + (1 - number(predicted)) / kept)
