"""Bicep as a tree: what a file declares, refers to and sets. Microsoft's compiler is not needed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

BICEP = Path(__file__).parents[2] / "infra" / "bicep"

_KINDS = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
}


@dataclass(frozen=True)
class Expression:
    """A value that is known only when it is deployed, as it is written."""

    text: str


@dataclass(frozen=True)
class Choice:
    """One of two values."""

    yes: Any
    no: Any


@dataclass(frozen=True)
class Loop:
    """An array with one such value for each item of another."""

    body: Any
    items: Any = None


@dataclass(frozen=True)
class Declaration:
    """One declared name. `target` is a resource's type or a module's file, `value` what it is."""

    kind: str
    name: str
    line: int
    node: Node
    target: str = ""
    existing: bool = False
    conditional: bool = False
    value: Any = None

    @property
    def body(self) -> dict[str, Any]:
        """What a resource or module sets; of one in a loop, of each."""
        found = self.value.body if isinstance(self.value, Loop) else self.value
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class BicepFile:
    """One file. `mistakes` are the lines that are no Bicep."""

    path: Path
    declared: tuple[Declaration, ...]
    mistakes: tuple[str, ...] = field(default=())

    def of(self, kind: str) -> dict[str, Declaration]:
        """The declarations of one kind, by name."""
        return {found.name: found for found in self.declared if found.kind == kind}


def read_file(path: Path) -> BicepFile:
    """A file, or the parameters of a stage, whose `param` lines then count as variables."""
    text = path.read_text()
    if path.suffix == ".bicepparam":
        lines = text.splitlines()
        text = "\n".join(
            "" if line.startswith("using ") else line.replace("param ", "var ", 1) for line in lines
        )
    return read_text(text, path)


def read_text(text: str, path: Path = Path("text.bicep")) -> BicepFile:
    """A file of this content."""
    root = _parser().parse(text.encode()).root_node
    mistakes = [
        f"{path.name}:{node.start_point[0] + 1}: {_text(node)[:60]!r} is no Bicep"
        for node in walk(root)
        if node.type == "ERROR" or node.is_missing
    ]
    declared = [_declaration(node) for node in root.children if node.type in _KINDS]
    return BicepFile(path, tuple(declared), tuple(mistakes))


def all_files() -> dict[Path, BicepFile]:
    """Every template of this project, by path."""
    return {path: read_file(path) for path in sorted(BICEP.rglob("*.bicep"))}


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for child in node.children:
        yield from walk(child)


def literals(value: Any) -> Iterator[str]:
    """Every text and expression in a value, in any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from literals(item)
    elif isinstance(value, list):
        for item in value:
            yield from literals(item)
    elif isinstance(value, Choice):
        yield from literals([value.yes, value.no])
    elif isinstance(value, Loop):
        yield from literals([value.items, value.body])
    elif isinstance(value, Expression):
        yield value.text
    elif isinstance(value, str):
        yield value


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bicep.language()))


def _declaration(node: Node) -> Declaration:
    named = [child for child in node.named_children if child.type != "comment"]
    kind = _KINDS[node.type]
    target = _read(named[1]) if kind in ("resource", "module") else ""
    last = named[-1]
    conditional = last.type == "if_statement"
    if conditional:
        last = last.named_children[-1]
    valued = any(child.type == "=" for child in node.children)
    return Declaration(
        kind=kind,
        name=_text(named[0]),
        line=node.start_point[0] + 1,
        node=node,
        target=target,
        existing=any(child.type == "existing" for child in node.children),
        conditional=conditional,
        value=_read(last) if valued else None,
    )


def _read(node: Node) -> Any:
    if node.type == "object":
        pairs = [child.named_children for child in node.named_children if child.type != "comment"]
        return {_key(pair[0]): _read(pair[-1]) for pair in pairs}
    if node.type == "array":
        return [_read(child) for child in node.named_children if child.type != "comment"]
    if node.type == "string" and all(
        child.type in ("string_content", "escape_sequence", "'") for child in node.children
    ):
        return _text(node)[1:-1].replace("\\'", "'")
    if node.type == "number":
        return int(_text(node))
    if node.type == "boolean":
        return _text(node) == "true"
    if node.type == "null":
        return None
    if node.type == "ternary_expression":
        _, yes, no = node.named_children
        return Choice(_read(yes), _read(no))
    if node.type == "for_statement":
        *_, items, body = node.named_children
        return Loop(_read(body), _read(items))
    return Expression(_text(node))


def _key(node: Node) -> str:
    text = _text(node)
    return text[1:-1] if node.type == "string" else text


def _text(node: Node) -> str:
    return (node.text or b"").decode()
