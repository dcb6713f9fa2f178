"""The history of a service: what was done in words, and what was live at a time that may come."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from meanwhile import meanwhile

from scienceops.adapters.local import connect
from scienceops.cli.history import history
from scienceops.cli.session import app
from scienceops.config import Settings
from scienceops.core.ledger_words import words_of
from scienceops.core.versions import MADE_LIVE, Service, Version
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.describe import describe_history, live_at
from scienceops.usecases.flag_rows import flag_rows, undo_flag
from scienceops.usecases.manage_keys import create_key, revoke_key
from scienceops.usecases.promote import share_traffic
from scienceops.usecases.records import Stored, number_key, read_service, save, utc_now

NAME = "iris"


@pytest.fixture
def ports(tmp_path):
    """Versions 1, which was made live a minute ago, and 2, both proved."""
    ports = connect(Settings(home=tmp_path))
    service = Service(name=NAME, live=1)
    save(
        ports.registry,
        Stored(service, NAME, "service"),
        service,
        at=utc_now() - timedelta(minutes=1),
        action="version made live",
        details={"version": 1},
    )
    for number in (1, 2):
        version = Version(
            service=NAME,
            number=number,
            digest="d",
            state="proved",
            uploaded_at="",
            uploaded_key="",
            manifest={},
        )
        stored = Stored(version, NAME, number_key("version", number))
        save(ports.registry, stored, version, at=utc_now())
    return ports


def told(ports, action):
    """The words of every entry with this action, oldest first."""
    entries = describe_history(NAME, None, ports)
    return [words_of(entry) for entry in entries if entry["action"] == action]


@pytest.fixture
def shown(ports, tmp_path):
    """What `history iris` with some options prints."""
    app.cache_clear()

    def run(*words):
        done = CliRunner(env={"SCIENCEOPS_HOME": str(tmp_path)}).invoke(history, [NAME, *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    yield run
    app.cache_clear()


def test_a_change_of_policy_says_which_keys_from_what_to_what(ports, shown):
    values = {"margin": "0.1", "tolerance": "0.05", "alert_quality_below": "0.9"}
    change_policy(NAME, values, "eva", ports, utc_now)
    change_policy(NAME, {"alert_quality_below": "none"}, "eva", ports, utc_now)
    assert told(ports, "policy changed") == [
        "margin 0.0 → 0.1, alert_quality_below none → 0.9",
        "alert_quality_below 0.9 → none",
    ]
    assert "policy changed: margin 0.0 → 0.1" in shown()


def test_a_change_of_traffic_says_the_weights_before_and_after(ports):
    def share(weights, shadow):
        share_traffic(NAME, weights, shadow, "eva", ports, utc_now, drain_seconds=0)

    share({1: 90, 2: 10}, None)
    share({}, 2)
    assert told(ports, "traffic changed") == [
        "all to the live version → 1=90 2=10",
        "1=90 2=10 → all to the live version, shadow 2",
    ]


def test_a_key_is_told_by_its_slot_and_hint(ports):
    made = create_key(NAME, "secondary", "eva", ports, utc_now)
    revoke_key(NAME, "secondary", "eva", ports, utc_now)
    hint = made["key"][:7] + "…"
    assert told(ports, "key created") == told(ports, "key revoked") == [f"secondary {hint}"]


def test_a_flag_is_told_by_what_it_covers(ports):
    day = datetime(2026, 11, 25, tzinfo=UTC)
    window = {"since": day, "until": day + timedelta(days=1)}
    flag_rows(NAME, "wrong", "eva", ports, utc_now, **window)
    undo_flag(NAME, 1, "eva", ports, utc_now)
    words = told(ports, "data flagged")
    assert words == ["flag 1, wrong: 2026-11-25"]
    assert told(ports, "flag undone") == ["flag 1"]


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("2026-11-25T00:00:00.000Z", "2026-11-28T00:00:00.000Z", "2026-11-25 to 2026-11-27"),
        ("2026-11-25T09:30:00.000Z", "2026-11-26T00:00:00.000Z", "2026-11-25 09:30 to 2026-11-26"),
    ],
)
def test_the_window_of_a_flag_is_told_as_days_where_it_is_of_whole_ones(since, until, says):
    details = {"flag": 1, "kind": "wrong", "since": since, "until": until, "requests": 0}
    assert says in words_of({"action": "data flagged", "details": details})


def test_an_entry_without_what_was_before_tells_what_it_has():
    entry = {"action": "policy changed", "details": {"margin": "0.1"}}
    assert words_of(entry) == "margin = 0.1"
    assert words_of({"action": "key created", "details": {"hint": "so_abcd…"}}) == "so_abcd…"


def test_a_day_that_is_not_over_is_told_as_of_now(ports, shown):
    (entry,) = describe_history(NAME, None, ports)
    since = entry["at"][:10]
    today, tomorrow = (utc_now().date() + timedelta(days=n) for n in (0, 1))
    printed = shown("--at", today.isoformat())
    assert f"{today} is not over; as of now:\nversion 1 is live now, {since}" in printed
    assert f"{tomorrow}" not in printed.splitlines()[1]


def test_a_day_to_come_is_told_as_of_now(shown):
    assert "2199-01-01 00:00 UTC is still to come; as of now:\nversion 1 is live now" in shown(
        "--at", "2199-01-01"
    )


def test_a_day_that_is_over_is_told_at_its_end(shown):
    assert "nothing was live at 2020-01-02 00:00 UTC" in shown("--at", "2020-01-01")


def test_how_calls_were_divided_then_is_told(ports, shown):
    begun = utc_now()
    share_traffic(NAME, {1: 90, 2: 10}, None, "eva", ports, utc_now, drain_seconds=0)
    divided = utc_now()
    share_traffic(NAME, {1: 100}, 2, "eva", ports, utc_now, drain_seconds=0)
    shadowed = utc_now()
    share_traffic(NAME, {}, None, "eva", ports, utc_now, drain_seconds=0)

    def calls(at):
        printed = shown("--at", at.isoformat())
        assert printed.startswith("version 1 was live at")
        return [line for line in printed.splitlines() if line.startswith("calls: ")]

    assert calls(begun) == []
    assert calls(divided) == ["calls: 90 to version 1, 10 to version 2"]
    assert calls(shadowed) == ["calls: shadow 2"]
    assert calls(utc_now()) == []


def test_making_a_version_live_ends_how_calls_were_divided(ports, shown):
    share_traffic(NAME, {1: 90, 2: 10}, None, "eva", ports, utc_now, drain_seconds=0)
    stored = read_service(ports.registry, NAME)
    details = {"version": 2}
    at = utc_now()
    save(ports.registry, stored, stored.value, at=at, action=MADE_LIVE, details=details)
    printed = shown("--at", utc_now().isoformat())
    assert printed.startswith("version 2 was live")
    assert "calls: " not in printed


def test_an_alert_is_told_by_its_rule_and_what_it_found():
    details = {"rule": "no_traffic", "version": 2, "hours": 24.0}
    began = words_of({"action": "alert began", "details": details})
    assert began == "no traffic (version 2 is live, and no row was captured for 24 hours)"
    for action in ("alert ended", "alert given up"):
        assert words_of({"action": action, "details": details}) == "no traffic"


def test_a_division_of_what_goes_live_meanwhile_is_not_told_of_what_was_live(ports, monkeypatch):
    def go_live_and_divide():
        stored = read_service(ports.registry, NAME)
        live = stored.value.model_copy(update={"live": 2, "previous": 1})
        at, details = utc_now(), {"version": 2}
        save(ports.registry, stored, live, at=at, action=MADE_LIVE, details=details)
        share_traffic(NAME, {2: 90, 1: 10}, None, "eva", ports, utc_now, drain_seconds=0)

    looks = []
    meanwhile(
        monkeypatch,
        ports.registry,
        "ledger",
        go_live_and_divide,
        lambda *_, action, **__: looks.append(action) or len(looks) == 2,
    )
    found = live_at(NAME, None, ports)
    assert len(looks) == 2
    assert (found["details"]["version"], found["division"]) == (2, "")
