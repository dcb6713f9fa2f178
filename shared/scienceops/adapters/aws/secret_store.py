"""SecretsManagerStore: one secret of Secrets Manager per name."""

import random
import time
from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.core.names import check_secret_name
from scienceops.errors import BadInput, SecretNotFound

LARGEST_BYTES = 24 * 1024
#: Behind each value, so that an empty one can be stored; a value put in by hand may lack it.
_END = "\n"

#: A name is free again only some time after its secret was deleted.
_ATTEMPTS = 8
_PAUSE_SECONDS = 0.2


class SecretsManagerStore:
    """SecretStore in Secrets Manager; a secret's name is `prefix` and its name here."""

    def __init__(self, secretsmanager: Any, prefix: str) -> None:
        self._client = secretsmanager
        self._prefix = prefix

    def get(self, name: str) -> str:
        """The value."""
        try:
            reply = self._client.get_secret_value(SecretId=self._id(name))
        except ClientError as error:
            if not _is_missing(error):
                raise
            raise SecretNotFound(name) from None
        return str(reply["SecretString"]).removesuffix(_END)

    def put(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """Create the secret or, unless if_absent, give the one that is there a new value."""
        identity = self._id(name)
        if len(value.encode()) > LARGEST_BYTES:
            raise BadInput(f"secret {name!r} is too large: wanted {LARGEST_BYTES} bytes at most")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                if if_absent:
                    return self.get(name)
                self._client.put_secret_value(SecretId=identity, SecretString=value + _END)
            except (SecretNotFound, ClientError) as error:
                if isinstance(error, ClientError) and not _is_missing(error):
                    raise
            else:
                return value
            try:
                self._client.create_secret(Name=identity, SecretString=value + _END)
            except ClientError as error:
                # Another writer was first, or what was deleted is not quite gone.
                if error_code(error) not in ("ResourceExistsException", "InvalidRequestException"):
                    raise
                if attempt == _ATTEMPTS:
                    raise
            else:
                return value
            time.sleep(_PAUSE_SECONDS * random.random() * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _id(self, name: str) -> str:
        return self._prefix + check_secret_name(name)


def _is_missing(error: ClientError) -> bool:
    # Between its deletion and its end a secret answers InvalidRequestException.
    return error_code(error) in ("ResourceNotFoundException", "InvalidRequestException")
