"""The forms of what a deployment on Azure is told: each fault names value, form and next step.

Azure finds most of these only after minutes, in the middle of a deployment.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from uuid import UUID

#: Takes away what a stage has, where leaving an option out keeps it.
NONE = "none"
LOCATION = re.compile(r"[a-z]+[0-9]*")
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
KINDS = ("User", "Group")
#: Nobody arrives from these at a server on the internet; and to SQL, 0.0.0.0 means all of Azure.
INSIDE = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
    )
)  # fmt: skip


def address_faults(addresses: Sequence[str]) -> Iterator[str]:
    """What is wrong with the values of --address.

    >>> list(address_faults(["203.0.113.7"]))
    []
    """
    if NONE in addresses and len(addresses) > 1:
        yield (
            f"--address {' --address '.join(addresses)}: wanted either {NONE} or addresses. "
            f"Leave out --address {NONE}: addresses that are named replace all others"
        )
    for address in addresses:
        if address == NONE:
            continue
        try:
            number = IPv4Address(address)
        except AddressValueError:
            yield (
                f"--address {address}: wanted one IPv4 address, like 203.0.113.7. "
                "Give each address in an --address of its own, without a mask"
            )
            continue
        if any(number in network for network in INSIDE):
            yield (
                f"--address {address}: wanted an address as the internet sees it, like "
                "203.0.113.7, and this one is of a network's inside. "
                "Ask whoever runs yours for its public address"
            )


def location_faults(location: str | None) -> Iterator[str]:
    """What is wrong with the value of --location."""
    if location is not None and not LOCATION.fullmatch(location):
        yield (
            f"--location {location}: wanted a region's short name, like westeurope. "
            'They are listed by: az account list-locations --query "[].name" --output tsv'
        )


def email_faults(email: str | None) -> Iterator[str]:
    """What is wrong with the value of ALERT_EMAIL."""
    if email and email != NONE and not EMAIL.fullmatch(email):
        yield (
            f"ALERT_EMAIL={email}: wanted one address, like you@example.org, or {NONE}. "
            "For more people take the address of a list"
        )


def group_faults(group: str | None) -> Iterator[str]:
    """What is wrong with the value of --group."""
    if group is not None:
        number, _, name = group.partition("=")
        if not (is_uuid(number) and name.strip()):
            yield (
                f"--group {group}: wanted ID=NAME, the object id of a group in Entra ID and its "
                "name. They are listed by: az ad group list --query '[].[id,displayName]' "
                "--output tsv"
            )


def administrator_faults(environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the variables that name an administrator."""
    number, name = (environment.get(f"ADMINISTRATOR_{part}") or "" for part in ("ID", "NAME"))
    kind = environment.get("ADMINISTRATOR_KIND") or KINDS[0]
    if (number or name) and not (is_uuid(number) and name.strip()):
        yield (
            f"ADMINISTRATOR_ID={number} ADMINISTRATOR_NAME={name}: wanted both, an object id of "
            "Entra ID and its name. Yours are told by: az ad signed-in-user show "
            "--query '[id,userPrincipalName]' --output tsv"
        )
    if kind not in KINDS:
        yield f"ADMINISTRATOR_KIND={kind}: wanted {' or '.join(KINDS)}. Set it to one of them"


def is_uuid(text: str) -> bool:
    """Whether a text is an object id as Entra ID shows it."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
