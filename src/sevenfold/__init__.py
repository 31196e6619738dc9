"""Sevenfold: one file in seven steps, checked, built, proved, served and watched.

The public names; each is found in its part when it is first used, so that importing Sevenfold costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.design import Design, check, load
    from sevenfold.errors import BundleError, DataError, DesignError, LeakError, SevenfoldError
    from sevenfold.record import Record
    from sevenfold.run import answer, execute

_HOMES = {
    "sevenfold.design": ("Design", "check", "load"),
    "sevenfold.errors": ("BundleError", "DataError", "DesignError", "LeakError", "SevenfoldError"),
    "sevenfold.record": ("Record",),
    "sevenfold.run": ("answer", "execute"),
}
__all__ = [
    "BundleError", "DataError", "Design", "DesignError", "LeakError", "Record", "SevenfoldError",
    "answer", "check", "execute", "load",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'sevenfold' has no attribute '{name}'")
