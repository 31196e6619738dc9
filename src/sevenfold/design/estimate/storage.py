"""What is kept: the log, the training set, lists, features by key: S1 to S9."""

from __future__ import annotations

from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number, smaller, total
from sevenfold.design.estimate.sheet import SCALE, Absent, Sheet, Write, row
from sevenfold.design.estimate.traffic import entries
from sevenfold.design.facts import features, gap, thinning, timed, wait
from sevenfold.design.part import Part

LIVE = {"count", "sum", "mean", "distinct", "last", "affinity", "closeness", "time_since", "ratio"}  # change with every event
WIDTHS = {"last": "n", "embed": "dimensions", "image": "dimensions"}


def users(sheet: Sheet) -> Number:
    """All users: as stated, else those of a day over their usual share."""
    return sheet.given(f"{SCALE}.users") or sheet.of("Q3") / sheet.default("daily_share")


def values(sheet: Sheet, group: str = "") -> Number:
    """Values of a case's features, or of one group's; a text counts its words."""
    parts = of_group(sheet, group)
    plain = [part for part in parts if part.name not in ("words", "characters")]
    texts, width = len(parts) - len(plain), number(max(1, sum(map(_width, plain))))
    words = texts * sheet.default("words") if texts else None
    return width if words is None else width + words if plain else words


def of_group(sheet: Sheet, group: str = "") -> list[Part]:
    """The features of a group, or all."""
    return [part for path, _, part in features(sheet.design) if group in ("", path.split(".")[2])]


def kept(sheet: Sheet) -> Number:
    """The share of examples that stays when negatives are thinned out."""
    keep, rate = thinning(sheet.design), sheet.design.framing.label.positives
    if rate is None or keep == 1.0:
        return number(keep, "%")
    return number(rate, "%") + (1 - number(rate, "%")) * number(keep, "%")


def _width(part: Part) -> int:
    width = part.params.get(WIDTHS.get(part.name, ""), 16 if part.name in ("embed", "image") else 1)
    return int(width) if isinstance(width, int) else 1


def _events(sheet: Sheet) -> Number:
    """Impressions where those are logged."""
    answer, logged = sheet.design.framing.answer, sheet.design.data.events.request
    each = number(1) if logged else sheet.default("events_per_request")
    return sheet.of("Q1") * (entries(sheet) if logged and (answer.items or answer.users or 1) > 1 else each)


def _history(sheet: Sheet) -> Number:
    """The longest window, what a label waits for, and the gap; the spans of validation and test take their shares."""
    split = sheet.design.data.split
    windows = [part.params.get("over") for part in of_group(sheet)]
    window = max((float(one) for one in windows if isinstance(one, int | float)), default=0.0)
    parts = [number(part, "s") for part in (window, wait(sheet.design), gap(sheet.design)) if part]
    if not parts or split.by != "time" or not timed(sheet.design):
        raise Absent
    apart = sum(share for share in (split.validate, split.test) if isinstance(share, float))
    return total(parts) / (1 - number(apart, "%")) if apart else total(parts)


STORAGE: tuple[Write, ...] = (
    row("S1", "events", _events, "/s", "events"),
    row("S1", "log of events", lambda sheet: sheet.of("events") * sheet.either("requirements.privacy.keep", "retention")
        * sheet.default("row_bytes") * sheet.default("log_replicas") * (1 + sheet.default("log_index")), "B"),
    row("S2", "examples", lambda sheet: smaller(  # not more than are drawn, and not more than there are
        sheet.of("events") * sheet.either("data.events.history", "learning_span") * kept(sheet), sheet.default("examples")),
        key="examples"),
    row("S2", "training set", lambda sheet: sheet.of("examples") * values(sheet) * sheet.default("feature_bytes"), "B"),
    row("S7", "lists", lambda sheet: formulas.lists(
        sheet.stated(f"{SCALE}.users", "lists computed ahead (S7)"), entries(sheet), sheet.default("pair_bytes"),
        sheet.default("kv_replicas")), "B", when=lambda sheet: sheet.design.serving.batch),
    row("S9", "history that is needed", _history, "s"),
)
FEATURES: tuple[Write, ...] = (  # users are fetched by key, items lie in the memory of every replica
    row("S3", "features of users", lambda sheet: formulas.user_store(
        users(sheet), values(sheet, "user"), sheet.default("feature_bytes"), sheet.default("kv_overhead"),
        sheet.default("kv_replicas")), "B", when=lambda sheet: of_group(sheet, "user")),
    row("S3", "features of items, in each replica", lambda sheet: sheet.stated(f"{SCALE}.items", "features of items (S3)")
        * values(sheet, "item") * sheet.default("feature_bytes"), "B", "items", when=lambda sheet: of_group(sheet, "item")),
    row("S5", "keys read, were items fetched by key",
        lambda sheet: sheet.of("Q2") * (1 + sheet.either("serving.retrieve.keep", "candidates")), "/s",
        when=lambda sheet: of_group(sheet, "item") and any(one.rank for one in sheet.design.solutions.values())),
    row("S6", "features updated", lambda sheet: sheet.of("events") * sum(part.name in LIVE for part in of_group(sheet)), "/s",
        when=lambda sheet: any(part.name in LIVE for part in of_group(sheet))),
)
