"""Microsoft's own types of resources: what a body may hold, must hold, and may not set.

tests/bicep/types/ has one file for each type that infra/bicep uses, taken by refresh_types.py from
the types that Bicep itself is compiled against.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from bicep.files import BicepFile, Choice, Declaration, Expression, Loop

TYPES = Path(__file__).with_name("types")
#: Not among the published types; the checks here and checkov's are all that they get.
UNTYPED = frozenset(
    {
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Insights/scheduledQueryRules",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateDnsZones/A",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    }
)
#: What the language adds to every resource.
_LANGUAGE = frozenset({"parent", "scope", "dependsOn"})
_PLAIN = {"string": str, "int": int, "bool": bool}


def type_faults(file: BicepFile) -> list[str]:
    """What in the resources of a file is not as their types want it."""
    faults = []
    for resource in file.of("resource").values():
        at = f"{file.path.name}:{resource.line}"
        kind, _, version = resource.target.partition("@")
        if not version:
            faults.append(f"{at}: {resource.target!r} has no version")
        elif kind not in UNTYPED:
            faults += [f"{at}: {fault}" for fault in _resource_faults(kind, version, resource)]
    return faults


def _resource_faults(kind: str, version: str, resource: Declaration) -> list[str]:
    document = _document(kind)
    if document is None:
        return [f"there is no type {kind!r}: run tests/bicep/refresh_types.py, or correct it"]
    if version != document["version"]:
        return [f"{kind} is at {document['version']}, not {version}"]
    body = {key: value for key, value in resource.body.items() if key not in _LANGUAGE}
    if resource.existing:
        return []
    return _faults(body, document["body"], document["types"], kind.rpartition("/")[2])


@cache
def _document(kind: str) -> dict[str, Any] | None:
    path = TYPES / f"{kind.replace('/', '.')}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _faults(value: Any, kind: Any, types: dict[str, Any], at: str) -> list[str]:
    if isinstance(value, Expression):
        return []
    if isinstance(value, Choice):
        return [
            fault
            for side in (value.yes, value.no)
            if side is not None
            for fault in _faults(side, kind, types, at)
        ]
    if isinstance(kind, str) and kind.endswith("[]"):
        items = [value.body] if isinstance(value, Loop) else value
        if not isinstance(items, list):
            return [] if isinstance(items, Choice) else [f"{at} is to be an array"]
        return [f for item in items for f in _faults(item, kind[:-2], types, f"{at}[]")]
    if isinstance(kind, str):
        return _named_faults(value, kind, types, at)
    return _object_faults(value, kind, types, at)


def _named_faults(value: Any, kind: str, types: dict[str, Any], at: str) -> list[str]:
    if kind in types:
        return _object_faults(value, types[kind], types, at)
    if kind in _PLAIN:
        fits = isinstance(value, _PLAIN[kind]) and (kind == "bool") == isinstance(value, bool)
        return [] if fits else [f"{at} is to be {kind}, not {value!r}"]
    if kind in ("any", "object"):
        return []
    choices = [choice.strip("'") for choice in kind.split(" | ")]
    if isinstance(value, str) and value not in choices and "string" not in choices:
        return [f"{at} is one of {', '.join(choices)}, not {value!r}"]
    known = [choice for choice in choices if choice != "string"]
    # Types leave room for what a service may learn later, and that is where misspellings hide.
    if isinstance(value, str) and known and "string" in choices and value not in known:
        return [f"{at} is one of {', '.join(known)}, as far as is known, not {value!r}"]
    return []


def _object_faults(value: Any, kind: Any, types: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at} is to be an object, not {value!r}"]
    properties = dict(kind["properties"])
    if "by" in kind:
        chosen = value.get(kind["by"])
        if isinstance(chosen, Expression):
            return []
        if chosen not in kind["cases"]:
            return [f"{at}.{kind['by']} is one of {', '.join(kind['cases'])}, not {chosen!r}"]
        properties |= kind["cases"][chosen]
    faults = [
        f"{at} needs {name!r}"
        for name, (_, flags) in properties.items()
        if "Required" in flags and "ReadOnly" not in flags and name not in value
    ]
    for name, item in value.items():
        if name not in properties:
            if kind.get("rest") is None:
                faults.append(f"{at} has no {name!r}")
            else:
                faults += _faults(item, kind["rest"], types, f"{at}.{name}")
            continue
        wanted, flags = properties[name]
        if "ReadOnly" in flags:
            faults.append(f"{at}.{name} is told by Azure, not set")
        else:
            faults += _faults(item, wanted, types, f"{at}.{name}")
    return faults
