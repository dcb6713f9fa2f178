"""The command line of `make deploy-azure`, and what of the environment belongs to it."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.azure.choices import Administrator, Choices
from infra.azure.option_forms import (
    NONE,
    address_faults,
    administrator_faults,
    email_faults,
    group_faults,
    location_faults,
)


@dataclass(frozen=True)
class Options:
    """What one deployment is told."""

    stage: str
    given: Choices
    what_if: bool = False
    dry_run: bool = False


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """The options of a command line; a variable that is empty is as one that is not set.

    Raises SystemExit with all that is wrong with them.

    >>> read(["dev", "--address", "none"], {"ALERT_EMAIL": "me@example.org"}).given
    Choices(location=None, addresses=(), email='me@example.org', administrator=None)
    """
    told = _parser().parse_args(arguments)
    email = environment.get("ALERT_EMAIL") or None
    faults = (
        *location_faults(told.location),
        *address_faults(told.address or ()),
        *group_faults(told.group),
        *email_faults(email),
        *administrator_faults(environment),
    )
    if faults:
        raise SystemExit("\n".join(faults))
    addresses = told.address and tuple(value for value in told.address if value != NONE)
    given = Choices(
        location=told.location,
        addresses=addresses,
        email="" if email == NONE else email,
        administrator=_administrator(told.group, environment),
    )
    return Options(told.stage, given, told.what_if, told.dry_run)


def _administrator(group: str | None, environment: Mapping[str, str]) -> Administrator | None:
    if group is not None:
        number, _, name = group.partition("=")
        return Administrator(number, name, "Group")
    number, name = (environment.get(f"ADMINISTRATOR_{part}") or "" for part in ("ID", "NAME"))
    kind = environment.get("ADMINISTRATOR_KIND") or "User"
    return Administrator(number, name, kind) if number and name else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make deploy-azure", description="Deploy a stage to Azure.", allow_abbrev=False
    )
    parser.add_argument("stage")
    parser.add_argument("--location", help="region of a new stage, like westeurope")
    parser.add_argument("--what-if", action="store_true", help="ask Azure what would change")
    parser.add_argument("--dry-run", action="store_true", help="show the commands, run none")
    parser.add_argument(
        "--group", metavar="ID=NAME", help="the group that administers, in Entra ID"
    )
    parser.add_argument(
        "--address", action="append", help="yours, for SQL and a closed bucket; none: nobody's"
    )
    return parser
