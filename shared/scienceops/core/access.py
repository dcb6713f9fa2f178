"""Access: keys and tokens are random, kept as hashes, and compared in constant time."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["viewer", "operator", "admin"]

#: What each role may do includes what the roles before it may.
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")


@dataclass(frozen=True)
class Caller:
    """Who asks. A service key has the role `scorer` for its service alone."""

    name: str
    role: Role | Literal["scorer", "nobody"]
    service: str = ""

    def may(self, role: Role) -> bool:
        """Whether the caller has at least this role."""
        return self.role in ROLES and ROLES.index(self.role) >= ROLES.index(role)

    def may_score(self, service: str) -> bool:
        """Whether the caller may score rows with this service."""
        return self.may("operator") or (self.role == "scorer" and self.service == service)


NOBODY = Caller("nobody", "nobody")


def hash_key(key: str) -> str:
    """sha256 of a key in hex. A key holds 256 random bits, so no slow hash is needed.

    >>> hash_key("x")[:8]
    '2d711642'
    """
    return hashlib.sha256(key.encode()).hexdigest()


def matches(given: str, hashes: Iterable[str]) -> bool:
    """Whether a key's hash is one of the hashes; looks at all, each in constant time."""
    found = False
    for known in hashes:
        found |= hmac.compare_digest(given, known)
    return found


def derive_key(secret: str, service: str, version: int) -> str:
    """The key with which the gateway calls one version's scorer, from the platform's secret."""
    return hmac.new(secret.encode(), f"{service}:{version}".encode(), "sha256").hexdigest()
