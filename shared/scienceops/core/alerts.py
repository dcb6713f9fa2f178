"""Alerts: which rules there are, where they may be sent, and the event that is sent.

An event is CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec, v1.0.2).
"""

from collections.abc import Mapping
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
            "details": dict(details),
            "link": f"{public_url.rstrip('/')}/services/{service}{_PAGES.get(rule, '')}",
        },
    }
