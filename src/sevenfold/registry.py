"""How a name in the document finds the code behind it.

A registry is a folder: the part called `two_tower` is the class `TwoTower` in `two_tower.py`, and the signature of its
`__init__` is the schema of its section. Names are listed, and signatures read, without importing anything: a design is
checked before NumPy is loaded. Another package offers a part by an entry point in the group `sevenfold.<kind>`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import inspect
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from sevenfold import units
from sevenfold.errors import DesignError, nearest

REQUIRED = inspect.Parameter.empty
TYPES: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool, **units.TYPES}


@cache
def installed() -> Any:
    """What all packages offer, looked for once; of two types, by the version of Python, both with `select`."""
    return importlib.metadata.entry_points()


class Registry:
    """Makers of one kind of part, by the name that a document uses."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._added: dict[str, Any] = {}

    @cached_property
    def _files(self) -> dict[str, Path]:
        folder = Path(__file__).parent.joinpath(*self.package.split(".")[1:])
        return {path.stem: path for path in folder.glob("[a-z]*.py")}

    @cached_property
    def _entry_points(self) -> Mapping[str, importlib.metadata.EntryPoint]:
        return {point.name: point for point in installed().select(group=f"sevenfold.{self.kind}")}

    def names(self) -> list[str]:
        """Every name that a document may use, sorted."""
        return sorted({*self._files, *self._entry_points, *self._added})

    def __contains__(self, name: str) -> bool:
        return name in self.names()

    def add(self, name: str, maker: Any) -> Any:
        """Offer a part from Python; a name is given once."""
        if name in self:
            raise DesignError(name, f"a {self.kind} of this name exists already", "Choose another name.")
        self._added[name] = maker
        return maker

    def remove(self, name: str) -> None:
        """Take back what `add` gave."""
        del self._added[name]

    def get(self, name: str) -> Any:
        """The class behind a name."""
        if name in self._added:
            return self._added[name]
        if name in self._files:
            module = importlib.import_module(f"{self.package}.{name}")
            return getattr(module, class_name(name))
        if name in self._entry_points:
            return self._entry_points[name].load()
        raise DesignError(name, f"no {self.kind} is called '{name}'", nearest(name, self.names()))

    def make(self, name: str, params: Mapping[str, Any]) -> Any:
        """A part made from its section of the document."""
        return self.get(name)(**params)

    def schema(self, name: str) -> dict[str, tuple[Any, Any]]:
        """Parameter → (type, default or `REQUIRED`); a built-in part is read, not imported."""
        if name in self._files:
            return dict(_read_signature(self._files[name], class_name(name)))
        return _inspect_signature(self.get(name))


def class_name(name: str) -> str:
    """`two_tower` → `TwoTower`."""
    return "".join(word.capitalize() for word in name.split("_"))


@cache
def _read_signature(path: Path, name: str) -> dict[str, tuple[Any, Any]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    maker = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    makes = [node for node in maker.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return _parameters(makes[0]) if makes else {}


def signature(text: str) -> dict[str, tuple[Any, Any]]:
    """The schema that `text`, keyword parameters as in a `def`, spells.

    >>> signature("n: int = 10")
    {'n': (<class 'int'>, 10)}
    """
    function = ast.parse(f"def part({text and '*, '}{text}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    return _parameters(function)


def _parameters(function: ast.FunctionDef) -> dict[str, tuple[Any, Any]]:
    pairs = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return {parameter.arg: (_type(parameter.annotation), REQUIRED if default is None else ast.literal_eval(default))
            for parameter, default in pairs}


def _inspect_signature(maker: Any) -> dict[str, tuple[Any, Any]]:
    read = {one.name: (one.annotation, one.default) for one in inspect.signature(maker).parameters.values()}
    return {name: (_type(ast.parse(hint, mode="eval").body) if isinstance(hint, str) else hint, default)
            for name, (hint, default) in read.items()}


def _type(node: ast.expr | None) -> Any:
    """The type that an annotation spells: a name, `X | Y`, `tuple[X, ...]`, `Mapping[X, Y]` or `Literal["a", "b"]`."""
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name):
            return TYPES[name]
        case ast.BinOp(left=left, right=right):
            return _type(left) | _type(right)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[item, *_])):
            return tuple[_type(item), ...]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[key, item])):
            return Mapping[_type(key), _type(item)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
            return Literal[ast.literal_eval(values)]
    raise TypeError(f"a part's parameter cannot be typed {ast.unparse(node) if node else 'with nothing'}")


FEATURES = Registry("feature", "sevenfold.features.kinds")
LEARNERS = Registry("learner", "sevenfold.models")
RETRIEVERS = Registry("retriever", "sevenfold.funnel.retrievers")
RERANKERS = Registry("reranker", "sevenfold.funnel.rerankers")
