"""How numbers are written wherever a person reads them: one form each, in tables, prose and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable

from sevenfold.record import Estimate

LIMITS = {"p99": "p99", "cost": "cost", "memory": "memory", "min_coverage": "coverage"}


def three(value: float) -> str:
    """Three significant figures, never an exponent.

    >>> three(0.05), three(68.234), three(1234.5), three(0)
    ('0.05', '68.2', '1,234', '0')
    """
    if value == 0 or abs(value) >= 999.5:
        return f"{value:,.0f}"
    decimals = max(0, 2 - len(f"{abs(value):.0f}") + 1) if abs(value) >= 1 else 3 if abs(value) >= 0.01 else 5
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quality(value: float) -> str:
    """A metric's value: three decimals, as far as an interval on some thousand requests goes.

    >>> quality(0.3124), quality(12.34)
    ('0.312', '12.3')
    """
    return f"{value:.3f}" if abs(value) < 10 else three(value)


def gain(value: float) -> str:
    """A difference, with its sign; four decimals where it is small.

    >>> gain(0.0412), gain(-0.00213), gain(0.0)
    ('+0.041', '−0.0021', '+0.000')
    """
    decimals = 4 if 0 < abs(value) < 0.00995 else 3
    return f"{'−' if value < 0 else '+'}{abs(value):.{decimals}f}"


def _form(words: str, scale: float = 1.0) -> Callable[[float], str]:
    """Three figures within words.

    >>> ms(64.2), dollars(2958), megabytes(812), share(0.0712)
    ('64.2 ms', '$2,958/month', '812 MB', '7.12 %')
    """
    return lambda value: words.format(three(scale * value))


ms, dollars, megabytes, share = _form("{} ms"), _form("${}/month"), _form("{} MB"), _form("{} %", 100)
SETTINGS: dict[str, Callable[[float], str]] = {
    "p99": ms, "cost": dollars, "memory": megabytes, "min_coverage": share, "least_effect": three,
}


def span(estimate: Estimate, form: Callable[[float], str] = quality) -> str:
    """The interval of an estimate, its unit said once; empty where there is none.

    >>> span(Estimate(value=64.2, low=61.6, high=70.0), ms)
    '61.6 to 70 ms'
    """
    match (estimate.low, estimate.high):
        case (None, None):
            return ""
        case (None, float(high)):
            return f"up to {form(high)}"
        case (float(low), None):
            return f"{form(low)} or more"
    bare = re.sub(r"\D*$", "", form(estimate.low or 0.0))
    return f"{bare} to {form(estimate.high or 0.0)}"


def told(estimate: Estimate, form: Callable[[float], str] = quality) -> str:
    """A value with its interval, where there is one.

    >>> told(Estimate(value=0.112, low=0.109, high=0.115))
    '0.112 (0.109 to 0.115)'
    """
    interval = span(estimate, form)
    return f"{form(estimate.value)} ({interval})" if interval else form(estimate.value)


def apart(lower: Estimate, upper: Estimate) -> bool:
    """Whether the one interval lies below the other altogether."""
    return lower.high is not None and upper.low is not None and lower.high < upper.low


def names(words: tuple[str, ...] | list[str]) -> str:
    """A list in prose.

    >>> names(["popular", "trees", "deep"])
    'popular, trees and deep'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
