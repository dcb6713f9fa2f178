"""An alert is told once when it begins, changes and ends, however often anybody looks or fails."""

import pytest

from scienceops.core.messages import SendAlert
from scienceops.errors import BadPolicy


def test_an_alert_is_told_once_when_it_begins_and_once_when_it_ends(scene):
    scene.day({"age": 1.0})
    assert scene.told() == ["drift.firing"]
    assert scene.told() == []
    scene.turn(hours=1)
    assert scene.told() == []
    scene.day({"age": 0.0})
    assert scene.told() == ["drift.recovered"]
    assert scene.told() == []
    assert scene.ledger() == ["alert began", "alert ended"]


def test_other_features_are_told_and_begin_nothing_new(scene):
    scene.day({"age": 1.0})
    assert scene.told() == ["drift.firing"]
    scene.day({"age": 1.0, "city": 1.0})
    assert scene.told() == ["drift.firing"]
    assert scene.ledger() == ["alert began"]


def test_each_change_has_an_id_and_a_place_of_its_own(scene):
    events = []
    for verdict in (1.0, 0.0, 1.0):
        scene.day({"age": verdict})
        scene.told()
        events += scene.seen
    assert len({event["id"] for event in events}) == 3
    assert [event["data"]["sequence"] for event in events] == [1, 2, 3]


def test_a_refused_event_is_tried_again_after_waits_that_double(scene):
    scene.day({"age": 1.0})
    scene.refusal = "the receiver answered 503"
    scene.told()
    waits = []
    for _ in range(10):
        (delivery,) = scene.deliveries()
        began = scene.now
        while scene.drain() == 0:
            scene.turn(seconds=1)
        waits.append((scene.now - began).total_seconds())
        assert delivery.reason == "the receiver answered 503"
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    scene.refusal = ""
    scene.turn(minutes=15)
    assert scene.told() == ["drift.firing"]
    assert scene.deliveries()[0].state == "delivered"


def test_an_event_that_nobody_takes_for_a_day_is_given_up_with_a_word_in_the_ledger(scene):
    scene.day({"age": 1.0})
    scene.refusal = "the receiver answered 500"
    scene.watch()
    for _ in range(120):
        scene.drain()
        scene.watch()
        scene.turn(minutes=15)
    (delivery,) = scene.deliveries()
    assert delivery.state == "given up"
    assert 90 < delivery.attempts < 120
    assert scene.ledger() == ["alert began", "alert given up"]
    assert scene.ports.queue.depth("alerts") == 0


def test_a_retried_event_is_the_same_event(scene):
    scene.day({"age": 1.0})
    scene.refusal = "no"
    scene.told()
    (before,) = scene.deliveries()
    scene.refusal = ""
    scene.turn(seconds=6)
    scene.told()
    assert scene.seen[0]["id"] == before.event["id"]


def test_a_message_that_comes_twice_is_sent_once(scene):
    scene.day({"age": 1.0})
    scene.watch()
    message = SendAlert(service="iris", rule="drift", sequence=1)
    scene.ports.queue.send("alerts", message.to_body())
    assert scene.drain() == 2
    assert len(scene.got) == 1


def test_a_message_that_comes_twice_makes_one_attempt_and_one_more_message(scene):
    scene.day({"age": 1.0})
    scene.refusal = "no"
    scene.watch()
    scene.ports.queue.send("alerts", SendAlert(service="iris", rule="drift", sequence=1).to_body())
    scene.drain()
    assert scene.deliveries()[0].attempts == 1
    assert scene.ports.queue.depth("alerts") == 1


def test_a_lost_message_is_sent_again(scene):
    scene.day({"age": 1.0})
    scene.watch()
    (lost,) = scene.ports.queue.receive("alerts")
    scene.ports.queue.acknowledge(lost)
    scene.turn(seconds=5)
    assert scene.told() == ["drift.firing"]


def test_a_watcher_killed_before_it_made_the_delivery_is_made_up_for(scene):
    """The change is stored, and nothing else: what a kill between the two leaves."""
    scene.policy(alert_url="")
    scene.day({"age": 1.0})
    scene.watch()
    assert scene.deliveries() == []
    scene.policy(alert_url="http://127.0.0.1:9/alerts")
    scene.day({"age": 0.0})
    assert sorted(scene.told()) == ["drift.firing", "drift.recovered"]


def test_without_a_receiver_alerts_are_kept_and_nothing_is_sent(scene):
    scene.policy(alert_url="")
    scene.day({"age": 1.0})
    scene.watch()
    scene.day({"age": 0.0})
    scene.watch()
    scene.policy(alert_url="http://127.0.0.1:9/alerts")
    assert scene.told() == []
    assert scene.ledger() == ["alert began", "alert ended"]


def test_a_receiver_named_later_hears_what_is_firing(scene):
    scene.policy(alert_url="")
    scene.day({"age": 1.0})
    scene.watch()
    scene.policy(alert_url="http://127.0.0.1:9/alerts")
    assert scene.told() == ["drift.firing"]


def test_an_emptied_address_ends_what_was_on_its_way(scene):
    scene.day({"age": 1.0})
    scene.refusal = "no"
    scene.told()
    scene.policy(alert_url="")
    scene.turn(minutes=1)
    scene.told()
    assert scene.deliveries()[0].state == "given up"


def test_what_ails_one_service_does_not_silence_another(scene):
    from scienceops.ports.model_registry import Record

    scene.ports.registry.put(Record("aster", "service", 0, {"is": "no service"}))
    scene.day({"age": 1.0})
    assert scene.told() == ["drift.firing"]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("alert_url", "ftp://files.example/", "http://"),
        ("alert_url", "file:///etc/passwd", "http://"),
        ("alert_url", "http://", "http://"),
        ("alert_url", "https://user:word@hooks.example/", "password"),
        ("alert_url", "https://hooks.example/a b", "ASCII"),
        ("alert_url", "https://hooks.example:99999/", "range"),
        ("alert_on", "drift,weather", "weather"),
        ("alert_no_traffic_hours", "-1", "greater"),
        ("alert_quality_below", "nan", "finite"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(scene, key, value, says):
    with pytest.raises(BadPolicy) as told:
        scene.policy(**{key: value})
    assert says in str(told.value)
    assert key in str(told.value)
