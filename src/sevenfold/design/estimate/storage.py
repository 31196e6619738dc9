"""What is kept: the log, the training set, lists, features by key: S1 to S9."""

from __future__ import annotations

from sevenfold.design.estimate import formulas
from sevenfold.design.estimate.number import Number, number, smaller, total
from sevenfold.design.estimate.sheet import SCALE, Sheet, size
from sevenfold.design.estimate.traffic import entries
from sevenfold.design.part import Part
from sevenfold.design.sections import Split

LIVE = {"count", "sum", "mean", "distinct", "last", "affinity", "closeness", "time_since", "ratio"}  # change with every event
WIDTHS = {"last": "n", "embed": "dimensions", "image": "dimensions"}
KEEP, HISTORY = "requirements.privacy.keep", "data.events.history"


def log(sheet: Sheet) -> None:
    """S1: events are impressions where those are logged."""
    shown = entries(sheet) if sheet.design.data.events.request and size(sheet.design) > 1 else None
    each = shown or (number(1) if sheet.design.data.events.request else sheet.default("events_per_request"))
    events = sheet.line("S1", "events", sheet.of("Q1") * each, "/s", key="events")
    kept = sheet.given(KEEP) or sheet.default("retention")
    sheet.line("S1", "log of events", events * kept * sheet.default("row_bytes") * sheet.default("log_replicas")
               * (1 + sheet.default("log_index")), "B")


def training_set(sheet: Sheet) -> None:
    """S2: not more than are drawn, and not more than there are."""
    span = sheet.given(HISTORY) or sheet.default("learning_span")
    rows = sheet.line("S2", "examples", smaller(_events(sheet) * span * kept(sheet), sheet.default("examples")), key="examples")
    sheet.line("S2", "training set", rows * values(sheet) * sheet.default("feature_bytes"), "B")


def ahead(sheet: Sheet) -> None:
    """S7: a list for each user."""
    if sheet.design.serving.batch is not None:
        users = sheet.stated(f"{SCALE}.users", "lists computed ahead (S7)")
        sheet.line("S7", "lists", formulas.lists(users, entries(sheet), sheet.default("pair_bytes"),
                                                 sheet.default("kv_replicas")), "B")


def history(sheet: Sheet) -> None:
    """S9: the longest window, what a label waits for, and the gap; the spans of validation and test take their shares."""
    split, label = sheet.design.data.split, sheet.design.framing.label
    if split.by != "time" or sheet.design.data.events.time in (None, "none"):
        return
    wait = (label.within or 0) + label.delay
    window = max((float(part.params["over"]) for group in sheet.design.data.features.values() for part in group.values()
                  if isinstance(part.params.get("over"), int | float)), default=0.0)
    parts = (window, wait, wait if split.embargo is None else split.embargo)
    if any(parts):
        days = total(number(part, "s") for part in parts if part)
        sheet.line("S9", "history that is needed", days / (1 - _spans(split)) if _spans(split).value else days, "s")


def stores(sheet: Sheet) -> None:
    """S3: users are fetched by key, items lie in the memory of every replica."""
    each, groups = sheet.default("feature_bytes"), sheet.design.data.features
    if groups.get("user"):
        copies = sheet.default("kv_overhead"), sheet.default("kv_replicas")
        sheet.line("S3", "features of users", formulas.user_store(users(sheet), values(sheet, "user"), each, *copies), "B")
    if groups.get("item"):
        sheet.line("S3", "features of items, in each replica",
                   sheet.stated(f"{SCALE}.items", "features of items (S3)") * values(sheet, "item") * each, "B", key="items")


def reads(sheet: Sheet) -> None:
    """S5: what a store would have to answer, were items fetched as users are."""
    if sheet.design.data.features.get("item") and any(one.rank for one in sheet.design.solutions.values()):
        cases = sheet.given("serving.retrieve.keep") or sheet.default("candidates")
        sheet.line("S5", "keys read, were items fetched by key", sheet.of("Q2") * (1 + cases), "/s")


def writes(sheet: Sheet) -> None:
    """S6: features that change with every event."""
    live = sum(part.name in LIVE for group in sheet.design.data.features.values() for part in group.values())
    if live:
        sheet.line("S6", "features updated", _events(sheet) * live, "/s")


def users(sheet: Sheet) -> Number:
    """All users: as stated, else those of a day over their usual share."""
    return sheet.given(f"{SCALE}.users") or sheet.of("Q3") / sheet.default("daily_share")


def values(sheet: Sheet, group: str = "") -> Number:
    """Values of a case's features, or of one group's; a text counts its words."""
    parts = [part for name, features in sheet.design.data.features.items() if group in ("", name) for part in features.values()]
    plain = [part for part in parts if part.name not in ("words", "characters")]
    width = number(max(1, sum(map(_width, plain))))
    texts = len(parts) - len(plain)
    return width + texts * sheet.default("words") if texts and plain else texts * sheet.default("words") if texts else width


def kept(sheet: Sheet) -> Number:
    """The share of examples that stays when negatives are thinned out."""
    label = sheet.design.framing.label
    keep = label.negatives.params.get("keep", 1.0) if label.negatives else 1.0
    if label.positives is None or keep == 1.0:
        return number(keep, "%")
    positives = number(label.positives, "%")
    return positives + (1 - positives) * number(keep, "%")


def _events(sheet: Sheet) -> Number:
    return sheet.of("events")


def _width(part: Part) -> int:
    width = part.params.get(WIDTHS.get(part.name, ""), 16 if part.name in ("embed", "image") else 1)
    return int(width) if isinstance(width, int) else 1


def _spans(split: Split) -> Number:
    return number(sum(share for share in (split.validate, split.test) if isinstance(share, float)), "%")


STORAGE = (log, training_set, ahead, history)
FEATURES = (stores, reads, writes)
