"""Score rows: from a caller's key to the live version's scorer and back."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from scienceops.core.access import Caller, derive_key
from scienceops.core.policy import read_policy
from scienceops.errors import BadInput, NotAllowed, NotAuthenticated, ServiceNotReady
from scienceops.ports import Ports
from scienceops.ports.service_runtime import Observed, Reply
from scienceops.usecases.manage_keys import recognise
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import read_deployment, read_service, stamp

#: How long a route or a caller is remembered; a replaced version answers for longer than this.
CACHE_SECONDS = 2.0
LONGEST_CORRELATION = 200


@dataclass(frozen=True)
class Route:
    """Where a service's live version answers, and the key it wants from the gateway."""

    version: int
    endpoint: str
    key: str
    simulated: bool


@dataclass
class Gateway:
    """Scores rows for callers; remembers routes and callers for CACHE_SECONDS."""

    ports: Ports
    _routes: dict[str, tuple[float, Route]] = field(default_factory=dict)
    _callers: dict[tuple[str, str], tuple[float, Caller]] = field(default_factory=dict)

    def score(
        self, name: str, body: bytes, *, key: str, correlation: str = "", captured_at: str = ""
    ) -> Reply:
        """The scorer's reply, with the version that gave it in `X-ScienceOps-Version`.

        captured_at: a time of the caller's own, for operators on a simulated service. Raises
        NotAuthenticated, NotAllowed, ServiceNotFound, ServiceNotReady and BadInput.
        """
        caller = self.caller(name, key)
        route = self._route(name)
        headers = {
            "Authorization": f"Bearer {route.key}",
            "Content-Type": "application/json",
        }
        if correlation:
            headers["X-ScienceOps-Correlation-Id"] = correlation[:LONGEST_CORRELATION]
        if captured_at:
            headers["X-ScienceOps-Captured-At"] = _own_time(captured_at, name, caller, route)
        reply = self.ports.runtime.call(
            route.endpoint, "POST", "/score", headers=headers, body=body
        )
        return Reply(
            reply.status, {**reply.headers, "X-ScienceOps-Version": str(route.version)}, reply.body
        )

    def caller(self, name: str, key: str) -> Caller:
        """Who calls the service; raises NotAuthenticated or NotAllowed unless they may score."""
        caller = self.recognise(key, name)
        if caller.role == "nobody":
            raise NotAuthenticated(
                f"calling {name!r} needs `Authorization: Bearer KEY`; "
                f"make a key with `scienceops keys {name} create`"
            )
        if not caller.may_score(name):
            raise NotAllowed(f"{caller.name} may not call service {name!r}")
        return caller

    def recognise(self, key: str, service: str = "") -> Caller:
        """Whose key this is, as of at most CACHE_SECONDS ago."""
        now = time.monotonic()
        known = self._callers.get((service, key))
        if known and now < known[0]:
            return known[1]
        caller = recognise(key, self.ports, service)
        if len(self._callers) > 10_000:
            # Wrong keys must not fill the memory.
            self._callers.clear()
        self._callers[service, key] = (now + CACHE_SECONDS, caller)
        return caller

    def _route(self, name: str) -> Route:
        now = time.monotonic()
        known = self._routes.get(name)
        if known and now < known[0]:
            return known[1]
        service = read_service(self.ports.registry, name).value
        if service.live is None:
            raise ServiceNotReady(
                f"service {name!r} has no live version yet; "
                f"`scienceops status {name}` says how far it is",
                retry_after_seconds=2,
            )
        deployment = read_deployment(self.ports.registry, name, service.live).value
        if deployment.observed != Observed.READY.value:
            raise ServiceNotReady(
                f"version {service.live} of {name!r} is {deployment.observed}; "
                "it is being started again",
                retry_after_seconds=2,
            )
        route = Route(
            service.live,
            deployment.endpoint,
            derive_key(gateway_secret(self.ports.secrets), name, service.live),
            read_policy(service.policy).simulated,
        )
        self._routes[name] = (now + CACHE_SECONDS, route)
        return route


def _own_time(text: str, name: str, caller: Caller, route: Route) -> str:
    if not caller.may("operator"):
        raise NotAllowed("a time of one's own needs an operator's token, not a service key")
    if not route.simulated:
        raise NotAllowed(
            f"service {name!r} is not simulated, so its captures keep the real time; "
            "its policy has simulated = true when it is"
        )
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadInput(
            f"{text!r} is not a time: wanted ISO 8601 with a zone, like 2026-11-23T09:30Z"
        )
    return stamp(at)
