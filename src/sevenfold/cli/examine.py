"""The examiner behind `sevenfold outline FILE --examine`: changes one requirement, waits for an edit, judges it.

It reads the file again after every answer and never writes it; each judgement comes from the checks and, where a limit
was measured, from the latest run's record.
"""

from __future__ import annotations

import random
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from sevenfold import design as documents
from sevenfold.design.findings import Finding
from sevenfold.design.followups import FollowUp, followups, new
from sevenfold.design.grade import cases, grade, reference, text
from sevenfold.design.mapping import said
from sevenfold.design.read import content
from sevenfold.design.sections import Design
from sevenfold.design.show import plain
from sevenfold.errors import DesignError
from sevenfold.record import Record
from sevenfold.report.outline import decided

PROMPT = "   edit, save, press Enter; s skips, q ends > "


def examine(file: Path, record: Record | None, named: str | None, seed: int) -> None:
    """Hold the whole dialogue; the end of the input ends it with what was reached."""
    design, begun = documents.load(file), content(file)
    name = named or (design.name if design.name in cases() else None)
    held = reference(name) if name else None
    left = followups(design)
    ahead = len(left)
    print(f"{design.name}: {ahead} questions, the one that breaks most first. Each changes one requirement: write that\n"
          f"into {file}, and whatever else must change with it. Your file is only read.\n")
    asked: dict[str, bool] = {}  # question → answered, or else skipped
    try:
        while one := following(left, set(asked), seed):
            print("\n".join([f"{len(asked) + 1}. {one.asks}", *(f"   {change.text}" for change in one.changes)]))
            asked[one.asks] = False
            before = content(file)
            if (edited := answered(file, one)) is not None:
                print("\n".join(f"   {line}" for line in judged(before, design, edited, one, record)))
                asked[one.asks], design, left = True, edited, followups(edited)
            print(textwrap.indent(textwrap.fill(f"a strong answer weighs: {one.think}", 110), "   "), end="\n\n")
    except EOFError:
        print()
    ended = content(file)
    print(closing(begun, ended, asked, ahead))
    print(f"\nheld against {name}\n{text(grade(ended, held))}" if held else "")


def following(known: tuple[FollowUp, ...], asked: set[str], seed: int) -> FollowUp | None:
    """Of the questions that are left, the one that breaks most; the seed draws among those that break as much."""
    left = [one for one in known if one.asks not in asked]
    random.Random(seed).shuffle(left)
    return max(left, key=lambda one: one.weight, default=None)


def answered(file: Path, one: FollowUp) -> Design | None:
    """The design once the changed requirement stands in it, None where the question is skipped; EOFError ends."""
    while True:
        word = asked_for()
        if word == "q":
            raise EOFError
        if word == "s":
            return None
        try:
            design = documents.load(file)
        except DesignError as error:
            print(f"   {error}")
            continue
        if not (lacks := list(_lacking(design, one))):
            return design
        print("\n".join(f"   not yet: {line}" for line in lacks))


def asked_for() -> str:
    """What is typed at the prompt; a new line is begun where no terminal did."""
    try:
        return input(PROMPT).strip().lower()
    finally:
        if not sys.stdin.isatty():
            print()


def _lacking(design: Design, one: FollowUp) -> Iterator[str]:
    """Each changed requirement that the document does not hold."""
    for change in one.changes:
        value = said(plain(design), change.path)
        if value != change.after:
            yield f"{change.path} is {value or 'not given'} in {design.source}, the question wants {change.after or 'it gone'}"


def judged(before: bytes, old: Design, edited: Design, one: FollowUp, record: Record | None) -> Iterator[str]:
    """What the edit did: findings new and mended, grades by step, and who wins where the limit was measured."""
    was, now = documents.check(old), documents.check(edited)
    fresh, mended = new(now, was), new([*was, *one.appears], now)
    yield from (f"new     {_told(found)}" for found in fresh)
    yield from (f"mended  {_told(found)}" for found in mended)
    if not fresh and not mended:
        yield "no check has anything to add: say why the design holds"
    yield f"grades  {grades(before, content(Path(edited.source)))}"
    yield f"run     {measured(record, edited, one)}"


def _told(found: Finding) -> str:
    return f"{found.severity} {found.code}  {found.where}: {found.problem}"


def grades(before: bytes, after: bytes) -> str:
    """The grade of each step, and what it was where that differs."""
    pairs = zip(grade(before).steps, grade(after).steps, strict=True)
    return ", ".join(f"{one.step} {was.letter + ' → ' if was.letter != one.letter else ''}{one.letter}" for was, one in pairs)


def measured(record: Record | None, edited: Design, one: FollowUp) -> str:
    """The decision of the latest run under the new limit, or why it says nothing."""
    if record is None:
        return "none was made of this design, so nothing is measured"
    again = decided(record, edited, one)
    return f"as measured before your edits, {again}" if again else "it did not measure this; run the design again to see"


def closing(begun: bytes, ended: bytes, asked: dict[str, bool], ahead: int) -> str:
    """What was reached."""
    done = sum(asked.values())
    return (f"reached: {done} answered, {len(asked) - done} passed over, of {max(ahead, len(asked))}\n"
            f"grades, first → last: {grades(begun, ended)}")
