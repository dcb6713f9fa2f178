"""SecretStore: small secrets by name."""

from typing import Protocol


class SecretStore(Protocol):
    """Names are like service names with dots allowed; values are text up to 24 KiB."""

    def get(self, name: str) -> str:
        """The value as last put; raises SecretNotFound."""
        ...

    def put(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """Store the value and return the one in force.

        With if_absent a value that is already there stays, and is returned: the first of two
        concurrent writers wins.
        """
        ...
