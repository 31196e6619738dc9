"""The command line: a file per verb (`what-if` is `what_if.py`), imported only when its verb is used.

A verb's file has `HELP`, `arguments(parser)` and `run(arguments) -> exit status`. Errors are drawn here and nowhere
else: 1 for what the user can mend, 130 for an interruption; a finished step survives both.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from sevenfold.errors import SevenfoldError, nearest

VERBS = {
    "Design": {
        "new": "a design to start from, or one drafted from your own table",
        "check": "every problem of a design at once, each with its line and its mend",
        "show": "the design with every default filled in",
        "estimate": "requests, bytes, servers, dollars: each formula with its numbers",
        "outline": "a 45-minute whiteboard session, its follow-up questions, an examination",
        "schema": "JSON Schema of a design, for editors",
    },
    "Build": {
        "data": "public data sets and the simulated world",
        "run": "features, solutions, comparison, decision, report",
        "compare": "what a changed line did to quality, latency and cost",
        "what-if": "where the decision flips",
        "answer": "one answer from a run's bundle",
        "demo": "the main job on a simulated world, and one planted leak stopped",
    },
    "Serve": {
        "serve": "answers, events and explanations over HTTP",
        "batch": "every user's list, computed ahead and swapped in at once",
        "export": "the ranker for a model server, and what a deployment needs",
        "ingest": "append events to a run's log, each once",
    },
}


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns its exit status."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if words[0] == "--version":
        print(f"sevenfold {importlib.import_module('importlib.metadata').version('sevenfold')}")
        return 0
    verb = words[0]
    known = [name for group in VERBS.values() for name in group]
    if verb not in known:
        return complain(SevenfoldError("", f"no verb is called '{verb}'", nearest(verb, known)))
    return perform(verb, words[1:])


def processes(text: str) -> int:
    """A number of processes as a word of the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of processes from 1 on, got '{text}'")
    return int(text)


def perform(verb: str, words: list[str]) -> int:
    """Parse a verb's words, run it and draw its errors."""
    module = importlib.import_module(f"sevenfold.cli.{verb.replace('-', '_')}")
    parser = argparse.ArgumentParser(prog=f"sevenfold {verb}", description=module.HELP)
    module.arguments(parser)
    arguments = parser.parse_args(words)
    try:
        return int(module.run(arguments))
    except SevenfoldError as error:
        return complain(error)
    except KeyboardInterrupt:
        print("\ninterrupted: finished steps are kept, the same command goes on from them", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0


def complain(error: SevenfoldError) -> int:
    """Draw an error as two lines on standard error."""
    print(error, file=sys.stderr)
    return 1


def overview() -> str:
    """All verbs by group, a line each."""
    lines = ["sevenfold: write the design of a machine-learning system once, check it, build it, prove it.", ""]
    for group, verbs in VERBS.items():
        lines += [f"{group if i == 0 else '':9}{verb:10}{text}" for i, (verb, text) in enumerate(verbs.items())]
    return "\n".join([*lines, "", "sevenfold VERB --help says more."])
