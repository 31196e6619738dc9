from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold import units
from sevenfold.errors import DesignError

UNITS = {name: hint.__metadata__[0] for name, hint in units.TYPES.items() if name != "Range"}
POSITIVE = st.floats(min_value=0, max_value=1e15, allow_nan=False)


@pytest.mark.parametrize(("kind", "text", "value"), [
    ("Duration", "120ms", 0.12), ("Duration", "24h", 86400.0), ("Duration", "7d", 604800.0), ("Duration", 0, 0.0),
                                                     ("Duration", "2min", 120.0),
    ("Count", "40M", 4e7), ("Count", "2bn", 2e9), ("Count", "10k", 1e4), ("Count", 7, 7.0), ("Count", "1e3", 1000.0),
    ("Rate", "12/d", 12 / 86400), ("Rate", "120/s", 120.0), ("Rate", "5k/h", 5000 / 3600),
    ("Money", "$40k/month", 40_000.0), ("Money", "$5k/mo", 5000.0), ("Money", "$12/year", 1.0),
    ("Bytes", "4GiB", 4 * 2.0**30), ("Bytes", "1.5KB", 1500.0), ("Bytes", "10B", 10.0),
    ("Share", "5%", 0.05), ("Share", 0.05, 0.05), ("Share", 1, 1.0), ("Share", "99.5%", 0.995)])
def test_reads(kind: str, text: object, value: float) -> None:
    assert units.parse(text, UNITS[kind]) == value


@pytest.mark.parametrize(("kind", "text", "problem", "hint"), [
    ("Duration", "120m", "'120m' is ambiguous: minutes, milliseconds or millions?", "120min, 120ms or 120M"),
    ("Count", "40m", "'40m' is ambiguous", "40M"),
    ("Money", "$40m/month", "'$40m/month' is ambiguous", "Write"),
    ("Rate", "12m/d", "ambiguous", "Write"),
    ("Duration", 120, "'120' has no unit, but a duration needs one", "120ms"),
    ("Duration", "7 d", "'7 d' is no duration", "without a space: 7d"),
    ("Duration", "-7d", "'-7d' is no duration", "cannot be negative"),
    ("Duration", "1e400s", "no duration", "too large"),
    ("Duration", "1e308y", "no duration", "too large"),
    ("Duration", float("nan"), "'nan' is no duration", "finite"),
    ("Duration", float("inf"), "'inf' is no duration", "finite"),
    ("Duration", True, "'True' is no duration", "120ms"),
    ("Duration", "7days", "the unit 'days' is not known here", "Did you mean 'd'?"),
    ("Count", "500K", "the unit 'K' is not known here", "Did you mean 'k'?"),
    ("Duration", "", "'' is no duration", "120ms"),
    ("Count", "40B", "the unit 'B' is not known here", "B means bytes"),
    ("Bytes", "4gb", "the unit 'gb'", "4GiB"),
    ("Bytes", 4000, "has no unit", "4GiB"),
    ("Rate", "12", "does not say per what", "12/d"),
    ("Rate", "12/fortnight", "does not say per what", "period is one of"),
    ("Money", "40k/month", "'40k/month' is no money a month", "$40k/month"),
    ("Money", "$40k", "does not say per what", "$40k/month"),
    ("Duration", "$5", "is no duration", "120ms"),
    ("Share", "120%", "'120%' is no share", "0 and 1"),
    ("Share", 5, "'5' is no share", "Did you mean 5%?"),
    ("Share", "5m", "is no share", "percentage"),
    ("Share", "٥%", "is no share", "5%")])
def test_refuses(kind: str, text: object, problem: str, hint: str) -> None:
    with pytest.raises(DesignError) as caught:
        units.parse(text, UNITS[kind])
    assert problem in caught.value.problem
    assert hint in caught.value.hint


@given(value=POSITIVE, kind=st.sampled_from(["Duration", "Count", "Rate", "Money", "Bytes"]))
def test_round_trip(value: float, kind: str) -> None:
    assert units.parse(units.write(value, UNITS[kind]), UNITS[kind]) == value


@given(value=st.floats(min_value=0, max_value=1, allow_nan=False))
def test_round_trip_of_shares(value: float) -> None:
    assert units.parse(units.write(value, UNITS["Share"]), UNITS["Share"]) == value


@given(ends=st.tuples(st.floats(allow_nan=False, allow_infinity=False),
                      st.floats(allow_nan=False, allow_infinity=False)))
def test_round_trip_of_ranges(ends: tuple[float, float]) -> None:
    interval = units.Range(min(ends), max(ends))
    assert units.parse_range(units.write_range(interval)) == interval


@given(text=st.text(max_size=12), kind=st.sampled_from(sorted(UNITS)))
def test_any_text_is_read_or_refused(text: str, kind: str) -> None:
    with contextlib.suppress(DesignError):
        assert 0 <= units.parse(text, UNITS[kind]) < math.inf


@pytest.mark.parametrize(("value", "text"),
                         [(0.12, "120ms"), (86400.0, "1d"), (604800.0, "7d"), (0.0, "0"), (5400.0, "90min")])
def test_writes_as_a_person_would(value: float, text: str) -> None:
    assert units.write(value, UNITS["Duration"]) == text


@pytest.mark.parametrize("text", ["5..1", "1...5", "1-5", "nan..1", 3])
def test_refuses_what_is_no_range(text: object) -> None:
    with pytest.raises(DesignError, match="is no range"):
        units.parse_range(text)
