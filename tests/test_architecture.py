"""The shape of the house: one way down, small files, small functions, no circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "sevenfold"
ORDER = (  # the parts that stand so far, top to bottom
    "errors", "units", "registry", "nouns", "record", "statistics", "design", "stores", "data", "features", "networks", "models",
    "funnel", "evaluation", "audit", "bundle", "report", "run", "serving", "cli", "designs", "testing",
)
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = {".".join(("sevenfold", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
           for path in FILES}
LINES_PER_FILE, LINES_PER_FUNCTION = 500, 50


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def modules_imported(path: Path) -> list[tuple[ast.AST, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: list[tuple[ast.AST, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(node, name if name in MODULES or node.module == "sevenfold" else node.module) for name in names]
        elif isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_imports_only_parts_above_its_own(path: Path) -> None:
    own = part_of(path)
    if own in ("__init__", "__main__"):
        return
    assert own in ORDER, f"the part '{own}' has no place in the order"
    for node, module in modules_imported(path):
        if module.startswith("sevenfold."):
            part = module.split(".")[1]
            assert ORDER.index(part) <= ORDER.index(own), f"line {node.lineno}: {own} imports {part} from below"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_import_of_our_own_inside_a_function(path: Path) -> None:
    if path == SOURCE / "__init__.py":
        return  # the public names are resolved lazily there
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        for node in ast.walk(function):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sevenfold"):
                pytest.fail(f"line {node.lineno}: an import inside {function.name}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LINES_PER_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LINES_PER_FUNCTION, f"{node.name} has {length} lines"


def test_there_is_no_circle_between_files() -> None:
    graph = {name: {module for _, module in modules_imported(path) if module.startswith("sevenfold")}
             for name, path in MODULES.items() if name != "sevenfold"}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name not in graph or state.get(name) == 2:
            return
        assert state.get(name) != 1, f"circle: {' → '.join((*trail, name))}"
        state[name] = 1
        for other in graph[name]:
            if other != name:
                visit(other, (*trail, name))
        state[name] = 2

    for name in graph:
        visit(name, ())
