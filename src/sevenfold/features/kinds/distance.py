"""How far: `{distance: place, to: here}`."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from sevenfold.errors import DataError
from sevenfold.features.columns import is_words, numbers
from sevenfold.features.kernel import Moment
from sevenfold.features.past import Fitted, Past, State
from sevenfold.features.present import Present, Reader
from sevenfold.nouns import F64, Array

LIMITS = [90, 180]  # degrees
RADIUS = 6371.0088  # km, the mean of the Earth's
SERIES = [math.comb(2 * k, k) / (4**k * (2 * k + 1)) for k in range(13)]  # of the arc sine, exact to 1e-9 up to a half


class Distance:
    """Kilometres along a great circle between two points; NaN where one of them is missing.

    A point is a column of texts `52.1,4.3`, or two columns `[latitude, longitude]`, in degrees, of the feature's group; of
    a pair it may be the user's, the item's or the request's.
    """

    def __init__(self, *, distance: tuple[str, ...], to: tuple[str, ...]) -> None:
        self.points = [list(distance), list(to)]

    def fit(self, past: Past) -> Fitted:
        """Whose point each is."""
        sources = [past.source(names[0]) for names in self.points]
        for names, source in zip(self.points, sources, strict=True):
            _refuse(past, names, [past.standing(name, source) for name in names])
        return Fitted({"sources": np.array(sources, dtype=np.str_)})

    def reader(self, group: str, state: State, present: Present) -> Reader:
        """[m] kilometres."""
        start, end = (present.standing(source, names, _points, np.nan)
                      for names, source in zip(self.points, state["sources"].tolist(), strict=True))

        def read(at: Moment) -> Array:
            return _kilometres(start(at) - end(at))

        return read


def _refuse(past: Past, names: list[str], columns: list[pa.ChunkedArray]) -> None:
    hint = "Name a column of texts like '52.1,4.3', or two columns of degrees: [latitude, longitude]."
    words = [is_words(column) and not pa.types.is_list(column.type) for column in columns]
    if words not in ([True], [False, False]):
        raise DataError(past.where, f"expected points, got {' and '.join(str(one.type) for one in columns)} in "
                        f"'{', '.join(names)}'", hint)
    missing = np.logical_or.reduce([np.asarray(column.is_null(nan_is_null=True)) for column in columns])
    wrong = np.flatnonzero(~missing & np.isnan(_degrees(*columns)).any(axis=1))
    if len(wrong):
        got = ", ".join(repr(column[int(wrong[0])].as_py()) for column in columns)
        raise DataError(past.where, f"expected points in degrees, got {got} in '{', '.join(names)}'", hint)


def _degrees(*columns: pa.ChunkedArray) -> F64:
    """[n, 2] latitudes and longitudes; NaN where there are none."""
    if len(columns) == 1:
        degrees = np.array([_read(text) for text in columns[0].to_pylist()], dtype=np.float64).reshape(-1, 2)
    else:
        degrees = np.column_stack([numbers(column, "") for column in columns])
    return np.where((np.abs(degrees) <= LIMITS).all(axis=1, keepdims=True), degrees, np.nan)


def _read(text: str | None) -> tuple[float, float]:
    try:
        latitude, longitude = map(float, (text or "").split(","))
    except ValueError:
        return math.nan, math.nan
    return latitude, longitude


def _points(*columns: pa.ChunkedArray) -> F64:
    """[n, 3] points of a ball of radius 1; sines one by one, since those of arrays may differ with their length."""
    return np.array([_point(math.radians(latitude), math.radians(longitude))
                     for latitude, longitude in _degrees(*columns).tolist()], dtype=np.float64).reshape(-1, 3)


def _point(latitude: float, longitude: float) -> tuple[float, float, float]:
    return math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude)


def _kilometres(difference: F64) -> F64:
    """[m] the arcs over chords [m, 3]: twice the arc sine of half a chord, the haversine formula."""
    x, y, z = difference.T
    half = np.minimum(np.sqrt(x * x + y * y + z * z) / 2, 1)
    far = half > 0.5  # there asin s = π/2 − 2 asin √((1 − s) / 2)
    sine = np.where(far, np.sqrt((1 - half) / 2), half)
    square, arc = sine * sine, np.zeros_like(sine)
    for coefficient in reversed(SERIES):
        arc = arc * square + coefficient
    arc *= sine
    return 2 * RADIUS * np.where(far, math.pi / 2 - 2 * arc, arc)  # type: ignore[no-any-return]
