"""Requests, and what they carry: Q1 to Q5, Q9."""

from __future__ import annotations

from sevenfold.design.estimate.number import Number
from sevenfold.design.estimate.sheet import MONTH, SCALE, Sheet, everything_ahead
from sevenfold.design.sections import Solution

INTO = {"rank": "serving.retrieve.keep", "rerank": "serving.rank.keep", "predict": ""}  # stage → what it is given


def daily(sheet: Sheet) -> None:
    """Q3: a share of all users, where nobody says how many come."""
    users, found = sheet.given(f"{SCALE}.users"), sheet.given(f"{SCALE}.daily_users")
    if found is None and users is not None:
        found = users * sheet.default("daily_share")
    sheet.line("Q3", "daily users", found or sheet.stated(f"{SCALE}.daily_users", "average requests (Q1)"))


def requests(sheet: Sheet) -> None:
    """Q1, Q2: as counted where only that is known."""
    counted, each = sheet.given(f"{SCALE}.requests"), sheet.given(f"{SCALE}.requests_per_user")
    if counted is None or (each is not None and sheet.has("Q3")):
        counted = sheet.of("Q3") * sheet.stated(f"{SCALE}.requests_per_user", "average requests (Q1)")
    average = sheet.line("Q1", "average requests", counted, "/s")
    peak = sheet.given(f"{SCALE}.peak")
    sheet.line("Q2", "peak requests", average * peak if peak else average, "/s")


def scored(sheet: Sheet) -> None:
    """Q4 by stage."""
    for stage in INTO:
        first = next((one for one in sheet.design.solutions.values() if getattr(one, stage)), None)
        if first and not everything_ahead(sheet.design):
            sheet.line("Q4", f"cases a second in {stage}", sheet.of("Q2") * into(sheet, stage, first), "/s", key=stage)


def in_flight(sheet: Sheet) -> None:
    """Q5: Little's law at the latency that is promised."""
    if limit := sheet.given("requirements.limits.p99"):
        sheet.line("Q5", "requests in flight at most", sheet.of("Q2") * limit)


def sent(sheet: Sheet) -> None:
    """Q9."""
    rate = sheet.line("Q9", "bytes sent", sheet.of("Q1") * entries(sheet) * sheet.default("entry_bytes"), "B/s")
    sheet.line("Q9", "bytes sent in a month", rate * MONTH, "B", key="sent")


def into(sheet: Sheet, stage: str, solution: Solution) -> Number:
    """How many cases a stage is given: what the one before it keeps."""
    path = INTO["rank"] if stage == "rerank" and not solution.rank else INTO[stage]
    return (sheet.given(path) if path else None) or sheet.default("candidates")


def entries(sheet: Sheet) -> Number:
    """Entries of one answer."""
    answer = "framing.answer.users" if sheet.design.framing.answer.users else "framing.answer.items"
    return sheet.given(answer) or sheet.default("candidates")


LINES = (daily, requests, scored, in_flight, sent)
