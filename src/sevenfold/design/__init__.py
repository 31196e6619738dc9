"""Steps 1 to 7 as one document: read, checked, shown and hashed.

document     text → plain values with lines          convert   plain values → records, by type hints
sections     the records                             read      files and mappings → designs and findings
vocabulary   which parts the language names          checks    a function for each rule
show         records → text, hash, plain values      schema    records → JSON Schema
expression   label expressions                       questions  what is asked of a design, and what it answers
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
