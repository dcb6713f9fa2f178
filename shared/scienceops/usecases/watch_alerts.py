"""Watch alerts: judge every rule of every service, and put what changed on its way.

A change of an alert is one compare-and-set, and what is to be sent of it follows from the record:
whoever comes next makes the delivery that a killed watcher has left out. So no change is lost, and
none is announced twice.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from scienceops.core.alert_records import Alert, AlertDelivery, delivery_key
from scienceops.core.alerts import FIRING, RECOVERED, RULES, Rule, alert_event
from scienceops.core.messages import ALERTS, SendAlert
from scienceops.core.policy import Policy, kept_policy
from scienceops.core.versions import StatisticsRun
from scienceops.errors import RevisionConflict
from scienceops.ports import Ports
from scienceops.usecases.alert_rules import RULES as FINDERS
from scienceops.usecases.alert_rules import Finding, Scene
from scienceops.usecases.find_runs import current_runs
from scienceops.usecases.records import (
    Clock,
    Stored,
    find,
    find_all,
    read_service,
    save,
    service_names,
    stamp,
)

log = logging.getLogger(__name__)

#: A delivery overdue by this much has lost its message, unless its queue is merely long.
OVERDUE = timedelta(minutes=10)


def watch_alerts(ports: Ports, clock: Clock, environment: str, public_url: str) -> None:
    """Judge every service once; doing it twice does nothing the second time."""
    runs: Callable[[], list[StatisticsRun]] = cache(lambda: current_runs(ports))
    for name in service_names(ports.registry):
        try:
            Watcher(name, ports, clock(), environment, public_url).watch(runs)
        except RevisionConflict:
            # Another watcher was first, and does the rest.
            continue
        except Exception:  # What ails one service must not silence the others.
            log.exception("alerts not judged", extra={"service": name})


class Watcher:
    """Judges one service at one time."""

    def __init__(
        self, name: str, ports: Ports, now: datetime, environment: str, public_url: str
    ) -> None:
        self.name = name
        self.ports = ports
        self.now = now
        self.environment = environment
        self.public_url = public_url

    def watch(self, runs: Callable[[], list[StatisticsRun]]) -> None:
        """Judge every rule, announce what changed, send again what was lost."""
        service = read_service(self.ports.registry, self.name).value
        policy = kept_policy(service.policy)
        scene = Scene(service, policy, self.ports, self.now, runs)
        for rule in RULES:
            finding = FINDERS[rule](scene) if rule in policy.alert_on else None
            stored = read_alert(self.name, rule, self.ports)
            # First what the last watcher may have left, so that the next change hides nothing.
            self._announce(stored.value, policy)
            changed = self._change(stored, finding)
            if changed is not None:
                self._announce(changed, policy)
        self._send_lost_ones()

    def _change(self, stored: Stored[Alert], finding: Finding | None) -> Alert | None:
        alert = stored.value
        if finding is None and not alert.firing:
            return None
        if finding is not None and alert.firing and alert.content == finding.content:
            return None
        at = stamp(self.now)
        changes = {"firing": finding is not None, "at": at, "sequence": alert.sequence + 1}
        if finding is None:
            quiet = not self._was_told(alert)
            after = alert.changed(**changes, content="", since="", quiet=quiet)
            action, details = "alert ended", {"rule": alert.rule, **alert.details}
        else:
            since = alert.since if alert.firing else at
            after = alert.changed(
                **changes,
                content=finding.content,
                details=dict(finding.details),
                since=since,
                quiet=False,
            )
            # That it goes on in another way is told, but begins nothing.
            action = "" if alert.firing else "alert began"
            details = {"rule": alert.rule, **finding.details}
        save(self.ports.registry, stored, after, at=self.now, action=action, details=details)
        log.info(
            "alert changed",
            extra={"service": self.name, "rule": alert.rule, "firing": after.firing},
        )
        value: Alert = after
        return value

    def _was_told(self, alert: Alert) -> bool:
        deliveries = [stored.value for stored in read_deliveries(self.name, self.ports)]
        return any(d.rule == alert.rule and d.created_at >= alert.since for d in deliveries)

    def _announce(self, alert: Alert, policy: Policy) -> None:
        if not alert.sequence or alert.quiet or not policy.alert_url:
            return
        key = _key_of(alert)
        if self.ports.registry.get(self.name, key) is not None:
            return
        event = alert_event(
            self.environment,
            self.name,
            alert.rule,
            alert.sequence,
            FIRING if alert.firing else RECOVERED,
            alert.at,
            alert.details,
            self.public_url,
        )
        delivery = AlertDelivery(
            service=self.name,
            rule=alert.rule,
            sequence=alert.sequence,
            event=event,
            created_at=stamp(self.now),
            next_at=stamp(self.now),
        )
        save(self.ports.registry, Stored(delivery, self.name, key), delivery, at=self.now)
        self._send(delivery)

    def _send_lost_ones(self) -> None:
        idle: bool | None = None
        for stored in read_deliveries(self.name, self.ports):
            delivery = stored.value
            late = self.now - datetime.fromisoformat(delivery.next_at)
            if delivery.state != "pending" or late <= timedelta():
                continue
            idle = self.ports.queue.depth(ALERTS) == 0 if idle is None else idle
            if idle or late > OVERDUE:
                # Counted from now on, so that a long queue does not grow with every look.
                again = delivery.changed(next_at=stamp(self.now))
                save(self.ports.registry, stored, again, at=self.now)
                self._send(again)

    def _send(self, delivery: AlertDelivery) -> None:
        message = SendAlert(service=self.name, rule=delivery.rule, sequence=delivery.sequence)
        self.ports.queue.send(ALERTS, message.to_body())


def read_alert(name: str, rule: Rule, ports: Ports) -> Stored[Alert]:
    """How a rule stands; one that never fired is new, at revision 0."""
    key = f"alert/{rule}"
    found = find(ports.registry, name, key, Alert)
    return found or Stored(Alert(rule=rule), name, key)


def read_deliveries(name: str, ports: Ports) -> list[Stored[AlertDelivery]]:
    """Every event of a service that was or is to be sent, by rule, oldest first."""
    return find_all(ports.registry, name, "alert-delivery/", AlertDelivery)


def _key_of(alert: Alert) -> str:
    return delivery_key(alert.rule, alert.sequence)
