"""Retraining through the command line: flags, candidates, decisions, traffic, lineage, policy."""

import json
import threading
from datetime import UTC, datetime

import pytest
from labelled_week import day, send_day, send_week
from models import TRAIN, iris_rows, pack_iris, pack_trainable_iris
from platform_process import running_platform, wait_for


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        yield platform


@pytest.fixture(scope="module")
def iris(platform, tmp_path_factory):
    package = pack_trainable_iris(tmp_path_factory.mktemp("package"))
    platform.cli("push", str(package), "--wait")
    send_week(platform, "iris", poisoned=(6, 5, 4))
    return "iris"


def retrain(platform, name="iris", *more):
    window = ["--from", day(6).isoformat(), "--to", day(1).isoformat()]
    return platform.json("retrain", name, *window, "--wait", *more)


def test_a_poisoned_week_loses_until_the_bad_days_are_flagged(platform, iris):
    lost = retrain(platform)
    assert lost["report"]["flagged_wrong"] == 0
    assert lost["comparison"]["better"] is False
    assert platform.json("status", iris)["service"]["live"] == 1
    window = ["--from", day(6).isoformat(), "--to", day(4).isoformat()]
    flag = platform.json("flag", iris, "wrong", *window, "--comment", "labels mixed up")
    won = retrain(platform)
    assert won["report"]["flagged_wrong"] == 450
    assert won["comparison"]["better"] is True, won["comparison"]["why"]
    replay = won["comparison"]["replay"]
    assert replay["rows"] > 0
    assert 0 < replay["agreement"] < 1
    assert replay["changed"][0]["live"] != replay["changed"][0]["candidate"]
    assert replay["quality"]["candidate"]["accuracy"] > replay["quality"]["live"]["accuracy"]
    # Policy candidates = manual: better or not, a person decides.
    assert platform.json("status", iris)["service"]["live"] == 1
    approved = platform.json("approve", iris, str(won["version"]), "--comment", "drift learned")
    assert (approved["live"], approved["previous"]) == (won["version"], 1)
    today = datetime.now(UTC).date().isoformat()
    told = platform.cli("history", iris, "--at", today).stdout
    assert "drift learned" in told
    assert won["training_set"][:12] in told
    answer = platform.score("iris", iris_rows()[:1], platform.owner_token())[2]
    lineage = platform.json("lineage", answer["request_id"])
    assert lineage["version"] == won["version"]
    assert lineage["training_set"]["flags"][0]["number"] == flag["number"]
    assert lineage["made_live"][-1]["why"] == "drift learned"
    assert won["training_set"] in platform.cli("lineage", answer["request_id"]).stdout
    rejected = platform.cli("reject", iris, str(lost["version"]), "--comment", "poisoned")
    assert "rejected" in rejected.stdout
    again = platform.cli("approve", iris, str(lost["version"]), "--comment", "?", check=False)
    assert (again.returncode, "rejected" in again.stderr) == (1, True)


def test_a_rollback_is_one_step_and_forth_again(platform, iris):
    live = platform.json("status", iris)["service"]["live"]
    back = platform.json("rollback", iris, "--comment", "just to see")
    assert (back["live"], back["previous"]) == (1, live)
    forth = platform.json("rollback", iris)
    assert (forth["live"], forth["previous"]) == (live, 1)


def test_two_people_approving_at_once_one_wins_and_the_other_is_told(platform, iris):
    versions = ["1", "2"]
    live = platform.json("status", iris)["service"]["live"]
    others = [v for v in versions if int(v) != live][:1] * 2
    done = []

    def approve(version):
        done.append(platform.cli("approve", iris, version, "--comment", "me", check=False))

    people = [threading.Thread(target=approve, args=(v,)) for v in others]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(d.returncode for d in done) == [0, 1]
    (told,) = [d.stderr for d in done if d.returncode]
    assert "live" in told
    platform.cli("rollback", iris)


def test_weights_and_shadow_divide_calls_and_a_shadow_is_captured_never_heard(platform, iris):
    live = platform.json("status", iris)["service"]["live"]
    platform.cli("traffic", iris, f"{live}=50", "1=50")

    def deployed(number):
        versions = platform.read(f"services/{iris}")["versions"]
        return next(v for v in versions if v["version"] == number)["deployment"]["observed"]

    wait_for(lambda: deployed(1) == "ready", 30, "version 1 to run")

    def versions_of(calls):
        key = platform.owner_token()
        return [
            platform.score("iris", iris_rows()[:1], key)[1]["X-ScienceOps-Version"]
            for _ in range(calls)
        ]

    wait_for(lambda: set(versions_of(10)) == {"1", str(live)}, 20, "both to answer")
    platform.cli("traffic", iris, "--shadow", "1")
    # While both are known still, one of them answers twenty in a row by chance once in a million.
    wait_for(lambda: set(versions_of(20)) == {str(live)}, 20, "one to answer")
    before = len([r for r in platform.captured("iris") if r["version"] == 1])
    answer = platform.score("iris", iris_rows()[:3], platform.owner_token())[2]

    def shadowed():
        rows = [r for r in platform.captured("iris") if r["version"] == 1]
        return [r for r in rows if r["correlation_id"] == answer["request_id"]]

    rows = wait_for(shadowed, 20, "the shadow's captures")
    assert len(rows) == 3
    assert len([r for r in platform.captured("iris") if r["version"] == 1]) > before
    platform.cli("traffic", iris, "--reset")
    wait_for(lambda: deployed(1) == "stopped", 30, "the shadow to stop")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["traffic", "iris", "9=1"], "version 9"),
        (["traffic", "iris", "1=0"], "1 to 1000"),
        (["traffic", "iris", "x"], "VERSION=WEIGHT"),
        (["policy", "iris", "set", "promotoin=auto"], "promotion"),
        (["policy", "iris", "set", "candidates=sometimes"], "auto_if_better"),
        (["policy", "iris", "set", "retrain_cron=daily"], "five cron fields"),
        (["policy", "iris", "set", "retrain_cron"], "KEY=VALUE"),
        (["flag", "iris", "wrong", "--from", "2026-13-01"], "2026-13-01"),
        (["flag", "iris", "--undo", "77"], "no flag 77"),
        (["retrain", "iris", "--from", "2020-01-01"], "no captures"),
        (["retrain", "iris", "--from", "2026-02-02", "--to", "2026-02-01"], "before it begins"),
        (["retrain", "iris", "--from", "2026-02-02", "--keep-original", "7"], "keep_original"),
        (["retrain", "iris", "--cancel", "99"], "no retraining 99"),
        (["lineage", "nonsense"], "request_id"),
        (["lineage", "018bcfe5-6800-7000-8000-000000000000"], "no service here"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_wanted(platform, iris, words, says):
    refused = platform.cli(*words, check=False)
    assert refused.returncode in (1, 3)
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_flag_is_undone_by_another_entry_and_both_are_kept(platform, iris):
    made = platform.json(
        "flag", iris, "retrain", "--from", day(2).isoformat(), "--to", day(2).isoformat()
    )
    platform.cli("flag", iris, "--undo", str(made["number"]), "--comment", "no need")
    flags = {f["number"]: f for f in platform.json("flag", iris)["flags"]}
    assert flags[made["number"]]["holds"] is False
    assert flags[made["number"] + 1]["of"] == made["number"]
    again = platform.cli("flag", iris, "--undo", str(made["number"]), check=False)
    assert "already" in again.stderr
    actions = [e["action"] for e in platform.json("history", iris)["entries"]]
    assert actions.count("flag undone") == 1


def test_flagged_requests_only_and_ages_and_a_share_of_the_original(platform, iris):
    answer = send_day(platform, iris, 2, drifted=True)
    platform.cli("flag", iris, "retrain", "--request", answer["request_id"])
    found = retrain(platform, iris, "--flagged-only", "--keep-original", "0.5", "--half-life", "3")
    report = found["report"]
    assert (report["flagged_retrain"], report["chosen"]) == (150, 150)
    assert 60 < report["original"] < 120
    log = platform.cli("retrain", iris)
    assert log.returncode == 0


def test_a_policy_change_is_all_or_nothing_and_in_the_ledger(platform, iris):
    bad = platform.cli("policy", iris, "set", "margin=0.1", "tolerance=-1", check=False)
    assert bad.returncode == 1
    assert platform.json("policy", iris)["policy"]["margin"] == 0.0
    platform.cli("policy", iris, "set", "margin=0.01", "retrain_quality_below=0.5")
    assert (
        platform.json("policy", iris, "set", "retrain_quality_below=none")["policy"]["margin"]
        == 0.01
    )
    entries = platform.json("history", iris)["entries"]
    assert next(e["details"] for e in entries if e["action"] == "policy changed") == {
        "margin": "0.01",
        "retrain_quality_below": "0.5",
        "was": {"margin": "0.0", "retrain_quality_below": "none"},
    }


def test_a_training_that_fails_or_takes_too_long_says_why_and_changes_nothing(platform, tmp_path):
    for name, body, minutes, says in (
        ("broken", "raise ValueError('no such column: petals')", 5, "no such column"),
        ("slow", "import threading; threading.Event().wait()", 0.1, "limit"),
        ("odd", "return 3", 5, "estimator"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        train = TRAIN.replace("from sklearn.ensemble", f"{body}\n    from sklearn.ensemble")
        package = pack_trainable_iris(folder, name=name, train=train, retrain_minutes=minutes)
        platform.cli("push", str(package), "--wait")
        send_day(platform, name, 1)
        words = ["retrain", name, "--from", day(1).isoformat(), "--wait"]
        failed = platform.cli(*words, check=False)
        assert failed.returncode == 1
        assert says in failed.stderr + failed.stdout, failed.stderr
        service = platform.json("status", name)["service"]
        assert (service["live"], service["versions_count"]) == (1, 1)
        assert "retraining failed" in [
            e["action"] for e in platform.json("history", name)["entries"]
        ]


def test_a_retraining_can_be_cancelled(platform, tmp_path):
    train = TRAIN.replace(
        "from sklearn.ensemble",
        "import threading; threading.Event().wait()\n    from sklearn.ensemble",
        1,
    )
    platform.cli("push", str(pack_trainable_iris(tmp_path, name="patient", train=train)), "--wait")
    send_day(platform, "patient", 1)
    platform.cli("retrain", "patient", "--from", day(1).isoformat())

    def state():
        return platform.read("services/patient/retrainings")[0]["state"]

    second = platform.cli("retrain", "patient", "--from", day(1).isoformat(), check=False)
    assert "retraining 1" in second.stderr
    wait_for(lambda: state() == "training", 40, "training")
    platform.cli("retrain", "patient", "--cancel", "1", "--why", "enough")
    assert state() == "cancelled"


def test_a_model_without_train_py_says_what_is_missing(platform, tmp_path):
    platform.cli("push", str(pack_iris(tmp_path, name="plain")), "--wait")
    refused = platform.cli("retrain", "plain", "--from", day(1).isoformat(), check=False)
    assert refused.returncode == 1
    assert "train.py" in refused.stderr


def test_rules_propose_and_cron_begins_and_a_better_candidate_goes_live_by_policy(
    platform, tmp_path
):
    name = "auto"
    package = pack_trainable_iris(tmp_path, name=name, candidates="auto_if_better")
    platform.cli("push", str(package), "--wait")
    send_week(platform, name)
    platform.cli("stats", name, "--run", "--engine", "inline")
    platform.cli("policy", name, "set", "retrain_drift_days=3", "retrain_drift_window=8")

    def proposals():
        made = platform.read(f"services/{name}/retrainings")
        return [found for found in made if found["state"] == "proposed"]

    (proposal,) = wait_for(proposals, 20, "the proposal")
    # The eighth is there for a midnight that has come since the week was sent.
    assert "drifted on 6 of the last 8 days" in proposal["why"]
    platform.cli("retrain", name, "--dismiss", str(proposal["number"]), "--why", "not now")
    platform.cli("policy", name, "set", "retrain_drift_days=0")
    platform.cli("policy", name, "set", "retrain_cron=* * * * *")
    wait_for(lambda: platform.live(name) == 2, 150, "version 2")
    platform.cli("policy", name, "set", "retrain_cron=")
    made_live = [
        e for e in platform.json("history", name)["entries"] if e["action"] == "version made live"
    ]
    assert "auto_if_better" in made_live[-1]["why"]
    assert json.dumps(made_live[-1]["details"]["training_set"])
