"""Describe alerts: how the rules of a service stand and what was sent, as plain values."""

from typing import Any

from scienceops.core.alerts import RULES, summary
from scienceops.core.policy import kept_policy
from scienceops.ports import Ports
from scienceops.usecases.clear_records import gone_before
from scienceops.usecases.records import read_service
from scienceops.usecases.watch_alerts import read_alert, read_deliveries


def describe_alerts(name: str, ports: Ports, most: int = 100) -> dict[str, Any]:
    """{"service", "url", "rules", "deliveries", "gone_before"}: every rule, and the newest events.

    A rule that fires has a sentence, `summary`, and what it is made of, `details`. One that is not
    watched has `watched` false. Events come newest first; some of those before
    `gone_before` are kept no more, if there is such a time. Raises ServiceNotFound.
    """
    policy = kept_policy(read_service(ports.registry, name).value.policy)
    alerts = [read_alert(name, rule, ports).value for rule in RULES]
    deliveries = [stored.value for stored in read_deliveries(name, ports)]
    deliveries.sort(key=lambda delivery: delivery.created_at, reverse=True)
    return {
        "service": name,
        "url": policy.alert_url,
        "rules": [
            {
                **alert.model_dump(mode="json", include={"rule", "firing", "since", "at"}),
                "watched": alert.rule in policy.alert_on,
                "summary": summary(alert.rule, alert.details) if alert.firing else "",
                "details": dict(alert.details) if alert.firing else {},
            }
            for alert in alerts
        ],
        "deliveries": [
            delivery.model_dump(mode="json", exclude={"service"}) for delivery in deliveries[:most]
        ],
        "gone_before": gone_before(ports, "deliveries", name),
    }
