"""Score rows: from a caller's key to a version's scorer, chosen by weight, and back."""

import random
import time
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from scienceops.bodies import Body
from scienceops.core.access import Caller, derive_key
from scienceops.core.captures import LONGEST_CORRELATION
from scienceops.core.policy import kept_policy
from scienceops.errors import BadInput, NotAllowed, NotAuthenticated, ServiceNotReady
from scienceops.ports import Ports
from scienceops.ports.service_runtime import Observed, Reply
from scienceops.usecases.manage_keys import recognise
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import read_deployment, read_service, stamp
from scienceops.usecases.shadow_calls import ShadowCalls

#: How long a route or a caller is remembered; a replaced version answers for longer than this.
CACHE_SECONDS = 2.0

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Route:
    """Where a version answers, and the key it wants from the gateway."""

    version: int
    endpoint: str
    key: str


@dataclass(frozen=True)
class Routes:
    """The versions that answer a service's calls with their weights, and one that goes unheard."""

    shares: Sequence[tuple[int, Route]]
    shadow: Route | None
    simulated: bool

    def choose(self) -> Route:
        """One of the versions, by weight."""
        if len(self.shares) == 1:
            return self.shares[0][1]
        bounds = list(accumulate(weight for weight, _ in self.shares))
        return self.shares[bisect(bounds, random.random() * bounds[-1])][1]


@dataclass
class Gateway:
    """Scores rows for callers; remembers routes and callers for CACHE_SECONDS.

    reply_seconds: how long a scorer may take to answer.
    """

    ports: Ports
    reply_seconds: float
    _routes: dict[str, tuple[float, Routes]] = field(default_factory=dict)
    _shadows: ShadowCalls = field(default_factory=ShadowCalls)
    _callers: dict[tuple[str, str], tuple[float, Caller]] = field(default_factory=dict)

    def score(
        self,
        name: str,
        body: Body,
        caller: Caller,
        *,
        correlation: str = "",
        captured_at: str = "",
        path: str = "/score",
        method: str = "POST",
        passed: Mapping[str, str] = _JSON,
    ) -> Reply:
        """The scorer's reply, with the version that gave it in `X-ScienceOps-Version`.

        path: one of the scorer's that scores, or describes what does. passed: headers that it
        reads, as they came. captured_at: a time of the caller's own, for operators on a simulated
        service. Raises NotAuthenticated, NotAllowed, ServiceNotFound, ServiceNotReady and BadInput.
        """
        check_may_score(name, caller)
        routes = self._known_routes(name)
        route = routes.choose()
        headers = {
            **passed,
            "Authorization": f"Bearer {route.key}",
        }
        if correlation:
            headers["X-ScienceOps-Correlation-Id"] = correlation[:LONGEST_CORRELATION]
        if captured_at:
            own = _own_time(captured_at, name, caller, routes.simulated)
            headers["X-ScienceOps-Captured-At"] = own
        reply = self._call(route, method, path, headers, body)
        if routes.shadow is not None and reply.status == 200 and method == "POST":
            self._ask_shadow(routes.shadow, reply, headers, path, body)
        return Reply(
            reply.status, {**reply.headers, "x-scienceops-version": str(route.version)}, reply.body
        )

    def recognise(self, key_sha256: str, service: str = "") -> Caller:
        """Whose key has this hash, as of at most CACHE_SECONDS ago."""
        now = time.monotonic()
        known = self._callers.get((service, key_sha256))
        if known and now < known[0]:
            return known[1]
        caller = recognise(key_sha256, self.ports, service)
        if len(self._callers) > 10_000:
            # Wrong keys must not fill the memory.
            self._callers.clear()
        self._callers[service, key_sha256] = (now + CACHE_SECONDS, caller)
        return caller

    def _ask_shadow(
        self, shadow: Route, heard: Reply, headers: dict[str, str], path: str, body: Body
    ) -> None:
        # Its captures are found beside those of the answer that was heard by that answer's id.
        told = {
            **headers,
            "Authorization": f"Bearer {shadow.key}",
            "X-ScienceOps-Correlation-Id": heard.headers["x-scienceops-request-id"],
        }
        self._shadows.ask(lambda: self._call(shadow, "POST", path, told, body))

    def _call(
        self, route: Route, method: str, path: str, headers: Mapping[str, str], body: Body
    ) -> Reply:
        return self.ports.runtime.call(
            route.endpoint,
            method,
            path,
            headers=headers,
            body=body,
            timeout_seconds=self.reply_seconds,
        )

    def _known_routes(self, name: str) -> Routes:
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
        weights = {int(number): weight for number, weight in service.traffic.items()}
        shares = [
            (weight, route)
            for number, weight in (weights or {service.live: 1}).items()
            if (route := self._route(name, number)) is not None
        ]
        if not shares:
            raise ServiceNotReady(
                f"version {service.live} of {name!r} is not ready; it is being started again, "
                f"or its captures cannot leave: `scienceops status {name}`",
                retry_after_seconds=2,
            )
        shadow = None if service.shadow is None else self._route(name, service.shadow)
        routes = Routes(shares, shadow, kept_policy(service.policy).simulated)
        self._routes[name] = (now + CACHE_SECONDS, routes)
        return routes

    def _route(self, name: str, version: int) -> Route | None:
        """The way to a version; None while it is not ready."""
        deployment = read_deployment(self.ports.registry, name, version).value
        if deployment.observed != Observed.READY.value:
            return None
        key = derive_key(gateway_secret(self.ports.secrets), name, version)
        return Route(version, deployment.endpoint, key)


def check_may_score(name: str, caller: Caller, *, with_key: bool = False) -> None:
    """Raise NotAuthenticated or NotAllowed unless the caller may score with the service.

    with_key: that a key came. Whether there is such a service is not for strangers to know.
    """
    if caller.role == "nobody" and with_key:
        raise NotAuthenticated(
            f"the key that came is none of {name!r}, nor a token of this platform: it may be "
            f"misspelt, revoked or another service's; `scienceops keys {name} list` shows what "
            f"there is, and `scienceops keys {name} create` makes one"
        )
    if caller.role == "nobody":
        raise NotAuthenticated(
            f"calling {name!r} needs `Authorization: Bearer KEY`; "
            f"make a key with `scienceops keys {name} create`"
        )
    if not caller.may_score(name):
        raise NotAllowed(f"{caller.name} may not call service {name!r}")


def _own_time(text: str, name: str, caller: Caller, simulated: bool) -> str:
    if not caller.may("operator"):
        raise NotAllowed("a time of one's own needs an operator's token, not a service key")
    if not simulated:
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
