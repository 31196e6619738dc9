"""What MovieLens folds into one column, or spreads over many: steps from its files to tidy tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sevenfold.data.formats import lists


def year_of_title(films: pa.Table) -> pa.Table:
    """`Toy Story (1995)` → title `Toy Story`, year 1995; a title without a year keeps its text."""
    title = films.column("title").combine_chunks()
    year = pc.struct_field(pc.extract_regex(title, r"\((?P<year>\d{4})\)"), "year").cast(pa.int64())
    bare = pc.replace_substring_regex(title, r"\s*\(\d{4}\)", "")
    return films.set_column(films.column_names.index("title"), "title", bare).append_column("year", year)


def release_date(films: pa.Table) -> pa.Table:
    """`01-Jan-1995` → a timestamp; the address and the video's date, nearly always empty, are left out."""
    released = pc.strptime(films.column("released"), format="%d-%b-%Y", unit="s")
    films = films.set_column(films.column_names.index("released"), "released", released)
    return films.drop_columns(["video_released", "url"])


def genres_of_flags(films: pa.Table) -> pa.Table:
    """Nineteen columns of 0 and 1, from `unknown` to `Western` → one list of genres."""
    first = films.column_names.index("unknown")
    names = films.column_names[first:first + 19]
    flags = np.stack([films.column(name).to_numpy() for name in names], axis=1) != 0
    return films.drop_columns(names).append_column("genres", lists(flags, names))


def genres_of_text(films: pa.Table) -> pa.Table:
    """`Animation|Comedy` → a list of genres."""
    genres = pc.split_pattern(films.column("genres"), "|")
    return films.set_column(films.column_names.index("genres"), "genres", genres)


STEPS = {step.__name__: step for step in (year_of_title, release_date, genres_of_flags, genres_of_text)}
