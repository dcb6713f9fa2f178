"""Role assignments against what the code does: nothing missing, and nothing that nobody needs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bicep.files import BicepFile, Expression, Loop, literals
from bicep.needs import BUILT_IN, Need

_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_DEFINITION = "Microsoft.Authorization/roleDefinitions"


@dataclass(frozen=True)
class Grant:
    """One assignment: who may do which permissions where."""

    who: str
    where: str
    role: str
    permissions: tuple[str, ...]
    at: str


def grants_of(files: Iterable[BicepFile]) -> list[Grant]:
    """Every role assignment of the files, one for each role of a loop."""
    return [grant for file in files for grant in _grants(file)]


def role_faults(grants: Sequence[Grant], needs: Sequence[Need]) -> list[str]:
    """Needs that no grant covers, and grants that no need explains."""
    missing = [
        f"{need.who} may not {need.permission} on {need.where or 'the group'}: {need.used_by}"
        for need in needs
        if not any(_covers(grant, need) for grant in grants)
    ]
    idle = [
        f"{grant.at}: nobody needs {grant.role} of {grant.who} on {grant.where or 'the group'}"
        for grant in grants
        if not any(_covers(grant, need) for need in needs)
    ]
    return missing + idle


def _covers(grant: Grant, need: Need) -> bool:
    here = (grant.who, grant.where) == (need.who, need.where)
    asked = need.permission.lower()
    return here and any(fnmatchcase(asked, given.lower()) for given in grant.permissions)


def _grants(file: BicepFile) -> list[Grant]:
    own = {
        found.name: found.body["properties"]["permissions"]
        for found in file.of("resource").values()
        if found.target.startswith(f"{_DEFINITION}@")
    }
    grants = []
    for found in file.of("resource").values():
        if not found.target.startswith(f"{_ASSIGNMENT}@"):
            continue
        properties = found.body["properties"]
        who = _first(r"(\w+?)(?:PrincipalId$|Id$|\.)", properties["principalId"])
        scope = found.body.get("scope")
        where = scope.text if isinstance(scope, Expression) else ""
        asked = [properties["roleDefinitionId"]]
        if isinstance(found.value, Loop):
            asked = list(found.value.items)
        at = f"{file.path.name}:{found.line}"
        for role in asked:
            name = _first(r"\brole\.(\w+)", role)
            custom = _first(r"^(\w+)\.id$", role)
            allowed = BUILT_IN[name] if name else _permissions(own[custom])
            grants.append(Grant(who, where, name or custom, tuple(allowed), at))
    return grants


def _permissions(sets: list[dict[str, Any]]) -> list[str]:
    return [text for allowed in sets for text in literals(list(allowed.values()))]


def _first(pattern: str, value: Expression) -> str:
    found = re.search(pattern, value.text)
    return found.group(1) if found else ""
