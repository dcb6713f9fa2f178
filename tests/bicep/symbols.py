"""Names in Bicep: those that nobody declares, nobody uses, or that modules do not agree on."""

from collections.abc import Mapping
from pathlib import Path

from tree_sitter import Node

from bicep.files import BicepFile, Declaration, walk

#: Functions of the language that need no declaration; a new one is added when it is used.
FUNCTIONS = frozenset(
    {
        *("concat", "empty", "guid", "json", "length", "loadJsonContent"),
        *("loadTextContent", "readEnvironmentVariable", "resourceGroup", "subscription"),
        *("string", "subscriptionResourceId", "take", "union", "uniqueString"),
    }
)


def symbol_faults(file: BicepFile, others: Mapping[Path, BicepFile] | None = None) -> list[str]:
    """What is wrong with the names of a file; `others` are the files that its modules may be."""
    faults = list(file.mistakes)
    declared = {found.name: found for found in file.declared if found.kind != "output"}
    used: set[str] = set()
    for found in file.declared:
        local = _loop_names(found.node)
        for node in walk(found.node):
            if not _is_reference(node):
                continue
            name = _name(node)
            used.add(name)
            if name not in declared and name not in local:
                faults.append(f"{_at(file, node)}: {name!r} is not declared")
        faults += _unknown_functions(file, found)
    faults += [
        f"{file.path.name}:{found.line}: {found.kind} {name!r} is never used"
        for name, found in declared.items()
        if found.kind in ("param", "var") and name not in used
    ]
    faults += [
        f"{file.path.name}:{found.line}: existing resource {name!r} is never used"
        for name, found in declared.items()
        if found.existing and name not in used
    ]
    if others is not None:
        for module in file.of("module").values():
            faults += _module_faults(file, module, others)
    return faults


def _module_faults(
    file: BicepFile, module: Declaration, others: Mapping[Path, BicepFile]
) -> list[str]:
    at = f"{file.path.name}:{module.line}: module {module.name!r}"
    target = others.get((file.path.parent / module.target).resolve())
    if target is None:
        return [f"{at} is no file: {module.target}"]
    params, given = target.of("param"), module.body.get("params", {})
    faults = [f"{at} has no param {name!r}" for name in given if name not in params]
    faults += [
        f"{at} needs param {name!r}"
        for name, param in params.items()
        if param.value is None and name not in given
    ]
    asked = _asked_outputs(file, module.name)
    outputs = target.of("output")
    faults += [f"{at} has no output {name!r}" for name in sorted(asked - set(outputs))]
    faults += [f"{at}: its output {name!r} is never used" for name in outputs if name not in asked]
    return faults


def _asked_outputs(file: BicepFile, module: str) -> set[str]:
    asked = set()
    for found in file.declared:
        for node in walk(found.node):
            if node.type != "member_expression":
                continue
            text = (node.text or b"").decode()
            if text.startswith(f"{module}.outputs.") and text.count(".") == 2:
                asked.add(text.rpartition(".")[2])
    return asked


def _unknown_functions(file: BicepFile, found: Declaration) -> list[str]:
    return [
        f"{_at(file, node)}: function {_name(node)!r} is not one that is known"
        for node in walk(found.node)
        if node.type == "identifier" and _is_called(node) and _name(node) not in FUNCTIONS
    ]


def _is_called(node: Node) -> bool:
    parent = node.parent
    return (
        parent is not None
        and parent.type == "call_expression"
        and parent.child_by_field_name("function") == node
    )


def _is_reference(node: Node) -> bool:
    if node.type != "identifier" or node.parent is None or _is_called(node):
        return False
    parent = node.parent
    if parent.type.endswith("_declaration"):
        return parent.named_children[0] != node
    if parent.type == "object_property":
        return parent.named_children[0] != node
    if parent.type == "for_statement":
        return parent.named_children[0] != node
    return parent.type not in ("loop_variable", "loop_enumerator", "for_loop_parameters", "type")


def _loop_names(root: Node) -> set[str]:
    names = set()
    for node in walk(root):
        if node.type != "for_statement":
            continue
        first = node.named_children[0]
        names |= {_name(part) for part in walk(first) if not part.named_children}
    return names


def _name(node: Node) -> str:
    return (node.text or b"").decode()


def _at(file: BicepFile, node: Node) -> str:
    return f"{file.path.name}:{node.start_point[0] + 1}"
