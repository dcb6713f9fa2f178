"""Take the types of our resources from Microsoft's: `python tests/bicep/refresh_types.py AZMCP`.

AZMCP is the program of npm's @azure/mcp-linux-x64, which carries the types that Bicep is compiled
against. What nobody here checks (descriptions, types of other resources) is left out.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bicep.files import all_files
from bicep.schemas import TYPES, UNTYPED


def main(program: str) -> int:
    """Write one file per type that infra/bicep names; 1 when Microsoft has no such type."""
    resources = [found for file in all_files().values() for found in file.of("resource").values()]
    wanted = {found.target.partition("@")[0] for found in resources} - UNTYPED
    for kind in sorted(wanted):
        found = _ask(program, kind)
        if found is None:
            sys.stderr.write(f"there are no types of {kind}\n")
            return 1
        path = TYPES / f"{kind.replace('/', '.')}.json"
        path.write_text(json.dumps(_short(found), indent=0, sort_keys=True) + "\n")
    return 0


def _ask(program: str, kind: str) -> list[dict[str, Any]] | None:
    quiet = {"AZURE_MCP_COLLECT_TELEMETRY": "false", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    told = subprocess.run(
        [program, "bicepschema", "get", "--resource-type", kind],
        stdout=subprocess.PIPE,
        env={**os.environ, **quiet},
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(told.stdout)["results"]["BicepSchemaResult"]
    except (ValueError, KeyError):
        return None
    return found


def _short(found: list[dict[str, Any]]) -> dict[str, Any]:
    resource = next(item for item in found if item["$type"] == "Resource")
    kinds = {item["name"]: item for item in found if "Object" in item["$type"]}
    body = _object(resource["bodyType"])
    types: dict[str, Any] = {}
    waiting = _named(body)
    while waiting:
        name = waiting.pop()
        if name in kinds and name not in types:
            types[name] = _object(kinds[name])
            waiting += _named(types[name])
    return {"version": resource["name"].partition("@")[2], "body": body, "types": types}


def _object(item: dict[str, Any]) -> dict[str, Any]:
    if item["$type"] == "DiscriminatedObject":
        by = item["discriminator"]
        cases = [_properties(element["properties"]) for element in item["elements"]]
        return {
            "properties": _properties(item["baseProperties"]),
            "by": by,
            "cases": {case[by][0].strip("'"): case for case in cases},
        }
    short: dict[str, Any] = {"properties": _properties(item["properties"])}
    if item.get("additionalPropertiesType"):
        short["rest"] = item["additionalPropertiesType"]
    return short


def _properties(items: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {item["name"]: [item["type"], item.get("flags") or ""] for item in items}


def _named(short: dict[str, Any]) -> list[str]:
    groups = [short["properties"], *short.get("cases", {}).values()]
    named = [kind for group in groups for kind, _ in group.values()]
    return [kind.removesuffix("[]") for kind in [*named, short.get("rest", "")]]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
