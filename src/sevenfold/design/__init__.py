"""Steps 1 to 7 as one document: read, checked, shown and hashed.

document     text → plain values with lines          convert   plain values → records, by type hints
sections     the records                             read      files and mappings → designs and findings
vocabulary   which parts the language names          schema    records → JSON Schema, in the words of `described`
show         records → text, hash, plain values      mapping   plain values by path: found, changed, on one line
facts        what follows from a design              checks    a function, or words and a condition, for each rule
expression   label expressions                       questions, followups, grade  what is asked, and how it was answered
"""

from __future__ import annotations

from sevenfold.design.checks import check, unbuilt
from sevenfold.design.findings import Finding
from sevenfold.design.read import examine, from_mapping, load, read
from sevenfold.design.schema import schema
from sevenfold.design.sections import Design
from sevenfold.design.show import hash_of, show

__all__ = ["Design", "Finding", "check", "examine", "from_mapping", "hash_of", "load", "read", "schema", "show",
           "unbuilt"]
