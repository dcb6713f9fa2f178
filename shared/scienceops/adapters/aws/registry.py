"""EcrRegistry: opens the repository of this installation's images with a login that is good now."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from scienceops.adapters.oci.registry import OciRegistry
from scienceops.config import Settings

#: A login is asked for anew when it is good for less than this.
LEAST_LEFT = timedelta(minutes=30)


class EcrRegistry:
    """Makes OciRegistry of the repository PREFIXimages, whose address ECR itself tells.

    ecr: a boto3 client.
    """

    def __init__(
        self,
        settings: Settings,
        ecr: Any,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._ecr = ecr
        self._clock = clock
        self._login: dict[str, Any] = {}

    @property
    def repository(self) -> str:
        """`HOST/PATH` of the images."""
        host = str(self._authorization()["proxyEndpoint"]).partition("://")[2]
        return self._settings.images or f"{host}/{self._settings.aws.prefix}images"

    def open(self) -> OciRegistry:
        """The repository, with credentials."""
        given = base64.b64decode(self._authorization()["authorizationToken"]).decode()
        user, _, password = given.partition(":")
        return OciRegistry(self.repository, (user, password))

    def _authorization(self) -> dict[str, Any]:
        if not self._login or self._login["expiresAt"] - self._clock() < LEAST_LEFT:
            [self._login] = self._ecr.get_authorization_token()["authorizationData"]
        return self._login
