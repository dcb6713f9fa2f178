"""What an operator chooses of a stage; what is left open stays as the last deployment had it.

Azure keeps the parameters of each deployment in its resource group, so they are read from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from infra.azure.az import Az

#: The name under which Azure keeps a stage's last deployment.
DEPLOYMENT = "scienceops"


class Administrator(NamedTuple):
    """Who administers a stage, as Entra ID knows them; kind: User or Group."""

    id: str
    name: str
    kind: str = "User"


@dataclass(frozen=True)
class Choices:
    """None: not chosen. No addresses and an empty email are choices, too."""

    location: str | None = None
    addresses: tuple[str, ...] | None = None
    email: str | None = None
    administrator: Administrator | None = None

    def over(self, had: "Choices") -> "Choices":
        """These, and for what is not chosen here, those of `had`.

        >>> Choices(email="a@example.org").over(Choices("westeurope", email="b@example.org"))
        Choices(location='westeurope', addresses=None, email='a@example.org', administrator=None)
        """
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(had, **{name: value for name, value in chosen.items() if value is not None})

    def variables(self) -> dict[str, str]:
        """What the stages' parameter files read from the environment."""
        told = {} if self.email is None else {"ALERT_EMAIL": self.email}
        if self.administrator:
            told |= {
                "ADMINISTRATOR_ID": self.administrator.id,
                "ADMINISTRATOR_NAME": self.administrator.name,
                "ADMINISTRATOR_KIND": self.administrator.kind,
            }
        return told


def last_choices(az: Az, group: str) -> Choices | None:
    """What the stage of this group was last deployed with; None when there is no such group."""
    named = ("group", "list", "--query", f"[?name=='{group}'].location")
    locations = az.ask(*named, otherwise=[])
    if not locations:
        return None
    last = az.ask(
        *("deployment", "group", "list", "--resource-group", group),
        *("--query", f"[?name=='{DEPLOYMENT}'].properties.parameters | [0]"),
        otherwise=None,
    )
    return choices_of(locations[0], last or {})


def choices_of(location: str, parameters: Mapping[str, Mapping[str, Any]]) -> Choices:
    """The choices in the parameters of a deployment; what they do not tell is not chosen.

    >>> choices_of("westeurope", {"alertEmail": {"type": "String", "value": ""}}).email
    ''
    """
    told = {name: parameter.get("value") for name, parameter in parameters.items()}
    addresses = told.get("allowedAddresses")
    who = [str(told.get(f"administrator{part}") or "") for part in ("Id", "Name", "Kind")]
    return Choices(
        location,
        None if addresses is None else tuple(addresses),
        told.get("alertEmail"),
        Administrator(*who) if all(who) else None,
    )


def describe(given: Choices, had: Choices, fixed: frozenset[str]) -> list[str]:
    """A line for each choice that is kept or changed, but for those that the stage's file makes.

    fixed: parameters that the file sets.
    """
    lines = []
    for field in fields(had):
        before, now = getattr(had, field.name), getattr(given, field.name)
        of_file = FILE_NAMES.get(field.name) in fixed
        if before is None or (of_file and now is None):
            continue
        if now is None or now == before:
            lines.append(f"{field.name} stays {_show(before)}")
        else:
            lines.append(f"{field.name} becomes {_show(now)}, and was {_show(before)}")
    return lines


#: The parameter that a choice goes to.
FILE_NAMES = {
    "addresses": "allowedAddresses", "email": "alertEmail", "administrator": "administratorId",
}  # fmt: skip


#: What a file reads a choice from, where it leaves it to the deployment.
_FROM = {"email": "ALERT_EMAIL", "administrator": "ADMINISTRATOR_ID"}


def need_open(given: Choices, fixed: frozenset[str], file: Path) -> None:
    """Raises SystemExit for a choice that the stage's file makes otherwise; addresses go before it.

    fixed: parameters that the file sets.
    """
    faults = []
    for name, variable in _FROM.items():
        parameter = FILE_NAMES[name]
        if getattr(given, name) is not None and parameter in fixed:
            faults.append(
                f"{name} {_show(getattr(given, name))}: {file} sets {parameter} itself. Leave the "
                f"choice to it, or let it read `readEnvironmentVariable('{variable}')`"
            )
    if faults:
        raise SystemExit("\n".join(faults))


def _show(value: Any) -> str:
    if isinstance(value, Administrator):
        return f"{value.name} ({value.kind} {value.id})"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return value or "none"
