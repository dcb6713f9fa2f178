"""Alerts: which rules there are, where they may be sent, and the event that is sent.

An event is CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec, v1.0.2).
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from scienceops.core.names import model_id

Rule = Literal["drift", "quality", "failed_build", "failed_run", "no_traffic"]
RULES: tuple[Rule, ...] = get_args(Rule)

FIRING = "firing"
RECOVERED = "recovered"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

#: Features that a sentence names.
_MOST_NAMES = 5
#: The page on which each rule's cause is seen, below a service's own.
_PAGES: dict[Rule, str] = {"drift": "/data", "quality": "/models", "no_traffic": "/models"}


def check_alert_url(url: str) -> str:
    """`url` itself when alerts can be sent to it, or empty for none; raises ValueError.

    >>> check_alert_url("https://hooks.example/scienceops")
    'https://hooks.example/scienceops'
    """
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("wanted an address that starts with http:// or https://, or nothing")
    if parts.username is not None:
        raise ValueError("wanted no user or password, since everyone who may look sees the policy")
    if parts.fragment or not url.isascii() or any(c <= " " for c in url):
        raise ValueError("wanted printable ASCII without spaces and without a #fragment")
    # Reading the port is what checks it.
    _ = parts.port
    return url


def _split(rules: object) -> object:
    if isinstance(rules, str):
        return [rule.strip() for rule in rules.split(",") if rule.strip()]
    return rules


def _none_if_empty(bound: object) -> object:
    return None if bound in ("", "none") else bound


AlertUrl = Annotated[str, AfterValidator(check_alert_url)]
#: As text: names with commas between them.
AlertRules = Annotated[tuple[Rule, ...], BeforeValidator(_split)]
#: As text: a number, or `none`.
AlertBound = Annotated[float | None, Field(allow_inf_nan=False), BeforeValidator(_none_if_empty)]


def alert_event(
    environment: str,
    service: str,
    rule: Rule,
    sequence: int,
    state: str,
    at: str,
    details: Mapping[str, Any],
    public_url: str,
) -> dict[str, Any]:
    """The event of one change of one alert; the same change always gives the same one.

    sequence: which change of this alert it is, so that a receiver can put them in order. at: when
    it was noticed, which keeps the id apart from that of an earlier installation of this name.
    """
    source = f"/{environment}/{service}"
    told = summary(rule, details)
    version = details.get("version")
    identity = sha256(f"{source}/{rule}/{sequence}/{state}/{at}".encode()).hexdigest()[:32]
    return {
        "specversion": "1.0",
        "id": identity,
        "type": f"dev.scienceops.alert.{rule}.{state}",
        "source": source,
        "subject": model_id(service, version) if version else service,
        "time": at,
        "datacontenttype": "application/json",
        "data": {
            "service": service,
            "version": version,
            "rule": rule,
            "state": state,
            "sequence": sequence,
            "summary": told if state == FIRING else f"over: {told}",
            "details": dict(details),
            "link": f"{public_url.rstrip('/')}/services/{service}{_PAGES.get(rule, '')}",
        },
    }


def summary(rule: Rule, details: Mapping[str, Any]) -> str:
    """What a rule found, in a sentence of people; empty for one that has found nothing yet.

    >>> summary("no_traffic", {"version": 2, "hours": 24.0})
    'version 2 is live, and no row was captured for 24 hours'
    >>> found = {"version": 1, "day": "2026-11-21", "features": ["a"], "features_count": 9}
    >>> summary("drift", found)
    'a and 8 more drift in version 1 on 2026-11-21'
    """
    return _SENTENCES[rule](details) if details else ""


def _of_drift(found: Mapping[str, Any]) -> str:
    shown = found["features"][:_MOST_NAMES]
    more = found["features_count"] - len(shown)
    names = ", ".join(shown) + (f" and {more} more" if more else "")
    verb = "drift" if found["features_count"] > 1 else "drifts"
    return f"{names} {verb} in version {found['version']} on {found['day']}"


def _of_quality(found: Mapping[str, Any]) -> str:
    return (
        f"{found['statistic']} of version {found['version']} is {found['value']:.4g} on "
        f"{found['day']}, in {found['n']} labelled rows, below {found['below']:g}"
    )


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


_SENTENCES: Mapping[Rule, Callable[[Mapping[str, Any]], str]] = {
    "drift": _of_drift,
    "quality": _of_quality,
    "failed_build": lambda found: f"version {found['version']}: {_first_line(found['reason'])}",
    "failed_run": lambda found: f"statistics run {found['run']}: {_first_line(found['reason'])}",
    "no_traffic": lambda found: (
        f"version {found['version']} is live, and no row was captured for {found['hours']:g} hours"
    ),
}
