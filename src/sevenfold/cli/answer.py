"""`sevenfold answer RUN --user U`."""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

from sevenfold.run import answer

HELP = "one answer from a run's bundle"
WIDEST, LEAST = 130, 0.005  # columns; what moves a score less is not told
STAGES = {"proposed": "proposed", "kept_by_rank": "kept by rank", "shown": "shown"}
LEGEND = ("In brackets stands a feature's value (of a retriever: the place in its list), behind it how far the feature moved "
          "the ranker's score.")
WHY = {
    "seen": "it was seen already, so it may not come again",
    "not alive": "at the time of the answer it was not there yet",
    "not proposed": "no source had it far enough in front to be among the candidates",
    "not kept by rank": "ranked too low to be among the {kept} that go on",
    "capped": "enough of its kind stood before it ({at})",
    "blocked": "blocked by a rule ({at})",
    "dropped": "left out by {at}",
    "re-ranked away": "ranked among the first {shown}, but {at} put others before it",
    "ranked lower": "{shown} items stood before it",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("run", type=Path, help="a run's folder")
    parser.add_argument("--user", help="the user's id, as the data write it")
    parser.add_argument("--item", help="the item something is predicted of; of a list, tell this item's story, shown or not")
    parser.add_argument("--text", help="what is searched for, or judged")
    parser.add_argument("--likes", nargs="+", default=(), metavar="ITEM", help="items that a new user says to like")
    parser.add_argument("--k", type=int, help="how many items (default: the design's)")
    parser.add_argument("--explain", action="store_true", help="who proposed each item, what moved it, what fell out and why")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Answer from the bundle."""
    told = answer(arguments.run, arguments.user, arguments.k, item=arguments.item, text=arguments.text,
                  likes=arguments.likes, explain=arguments.explain)
    if arguments.json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return 0
    known = "" if told["known"] else " (nobody the log knows: answered as a new user)"
    for_whom = f"for user {told['user']}{known}, " if told["user"] is not None else ""
    say(f"{for_whom}by '{told['solution']}' (bundle {told['bundle']})")
    if "items" not in told:
        _prediction(told)
        return 0
    if arguments.explain:
        _lists(told)
    elif not arguments.item:
        for place, item in enumerate(told["items"], start=1):
            say(f"{place:>3}  {_name(item)}  {_score(item)}")
            if item.get("snippet"):
                say(_highlighted(item), 5)
    if arguments.item:
        _story(told)
    return 0


def _prediction(told: dict[str, Any]) -> None:
    """What is predicted, and what moved it."""
    for name in ("number", "probability", "decision"):
        if name in told:
            value = told[name]
            say(f"{name}: {('yes' if value else 'no') if isinstance(value, bool) else f'{value:.4g}'}")
    for item in told.get("why", ()):
        say(_moved(item), 5)


def _highlighted(item: dict[str, Any]) -> str:
    """The passage, each word that was asked for between asterisks."""
    text = item["snippet"]
    for low, high in reversed(item["highlights"]):
        text = f"{text[:low]}*{text[low:high]}*{text[high:]}"
    return " ".join(text.split())


def _lists(told: dict[str, Any]) -> None:
    """What was shown, what nearly was, and what each stage left."""
    if told["history"]:
        say("because of: " + ", ".join(_name(item) for item in told["history"][:5]))
    say("")
    for item in told["why"]:
        say(f"{item['place']:>3}  {_name(item)}  {_score(item)}")
        for line in _lines(item):
            say(line, 5)
    say(f"\n{LEGEND}\n\n{_counts(told['stages'])}")
    if told["nearly"]:
        say("\nnearly shown, by rank:")
    for item in told["nearly"]:
        reason = "" if item["fell_out"] == "ranked lower" else f"{_why(told, item)}; "
        say(f"{item['rank_place']:>3}  {_name(item)}  {_score(item)}: {reason}{_proposed(item)}")


def _story(told: dict[str, Any]) -> None:
    """One item, from the sources to its place."""
    item = told["story"]
    end = f"is not shown: {_why(told, item)}" if item["fell_out"] else f"is shown at place {item['place']}"
    say(f"\n{_name(item)} {end}")
    for name, source in item["sources"].items():
        stands = "it would stand" if item["excluded"] else "it stands"
        place = f"{stands} at place {source['place']:,} of {source['of']:,}" if source["place"] else "no score for this item"
        say(f"{name}: {place}" + (", proposed" if name in item["proposed_by"] else ""), 5)
    if "if_proposed" in item:
        what_if = item["if_proposed"]
        say(f"had it been proposed, it would have scored {_score(what_if)}: place {what_if['rank_place']:,} of the candidates", 5)
        say(_moved(what_if), 5)
    else:
        say(f"scored {_score(item)}", 5)
        for line in _lines(item)[1:]:
            say(line, 5)


def _lines(item: dict[str, Any]) -> list[str]:
    """Who proposed an item, where it stood after each stage, and what moved its score."""
    places = [item["rank_place"], *(place for place in item["after"].values() if place)]
    steps = [f"{name} {'kept it at' if after == before else 'moved it to'} {after}"
             for name, before, after in zip(item["after"], places, places[1:])]
    return [one for one in (_proposed(item), ", ".join([f"ranked {places[0]:,}", *steps]), _moved(item)) if one]


def _proposed(item: dict[str, Any]) -> str:
    return "proposed by " + ", ".join(f"{name} #{at}" for name, at in item["proposed_by"].items()) if item["proposed_by"] else ""


def _moved(item: dict[str, Any]) -> str:
    up = [_part(one) for one in item["moved_by"] if one["by"] >= LEAST]
    down = [_part(one) for one in item["moved_by"] if one["by"] <= -LEAST]
    return "; ".join(f"{word} by {', '.join(parts)}" for word, parts in (("raised", up), ("lowered", down)) if parts)


def _part(one: dict[str, Any]) -> str:
    value = one["value"]
    shown = ", ".join(value) if isinstance(value, list) else "" if value is None else f"{value:.4g}"
    return f"{one['feature']}{f' ({shown})' if shown else ''} {one['by']:+.2f}"


def _counts(stages: dict[str, int]) -> str:
    left = [f"{count:,} {STAGES.get(stage, f'left by {stage}')}"
            for stage, count in stages.items() if stage not in ("catalogue", "not_alive", "seen")]
    if "catalogue" not in stages:
        return " → ".join(left)
    return (f"{stages['catalogue']:,} items, of which {stages['seen']:,} seen already and {stages['not_alive']:,} not there yet: "
            + " → ".join(left))


def _why(told: dict[str, Any], item: dict[str, Any]) -> str:
    kept = told.get("stages", {}).get("kept_by_rank", "best")
    return WHY[item["fell_out"]].format(at=item["at"], shown=len(told["items"]), kept=kept)


def _name(item: dict[str, Any]) -> str:
    return f"{item['item']} {item['name']}".strip()


def _score(item: dict[str, Any]) -> str:
    return f"{item['score']:.4f}"


def say(text: str, indent: int = 0) -> None:
    """Print, wrapped to the terminal; what is continued hangs by as much as it is indented, and a little."""
    width = min(shutil.get_terminal_size().columns, WIDEST)
    for line in text.split("\n"):
        print(textwrap.fill(line, width, initial_indent=" " * indent, subsequent_indent=" " * (indent or 5)))
