"""The decisions API over HTTP: each route, who may call it, and what it refuses."""

import pytest
from labelled_week import day, send_day
from models import pack_trainable_iris
from platform_process import running_platform, wait_for

API = "/api/v1/services/iris"


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        package = pack_trainable_iris(tmp_path_factory.mktemp("p"))
        platform.cli("push", str(package), "--wait")
        yield platform


@pytest.fixture(scope="module")
def answer(platform):
    return send_day(platform, "iris", 1, drifted=True)


@pytest.fixture
def call(platform):
    def call(method, path, body=None):
        token = platform.owner_token()
        return platform.request(method, path, body, Authorization=f"Bearer {token}")[::2]

    return call


def test_a_flag_is_made_listed_and_undone(call, answer):
    ids = {"kind": "wrong", "request_ids": [answer["request_id"]], "comment": "by HTTP"}
    status, made = call("POST", f"{API}/flags", ids)
    assert (status, made["number"], made["by"]) == (200, 1, "owner")
    window = {"kind": "retrain", "since": f"{day(1)}T00:00Z", "until": f"{day(0)}T00:00Z"}
    assert call("POST", f"{API}/flags", window)[1]["number"] == 2
    assert call("POST", f"{API}/flags/2/undo", {"comment": "no"})[1]["of"] == 2
    assert [flag["holds"] for flag in call("GET", f"{API}/flags")[1]] == [True, False, False]
    assert call("POST", f"{API}/flags/2/undo")[0] == 409


def test_an_answer_is_traced(call, answer):
    status, found = call("GET", f"/api/v1/requests/{answer['request_id']}")
    assert (status, found["service"], found["version"]) == (200, "iris", 1)
    assert len(found["labels"]) == 150
    assert [flag["comment"] for flag in found["flags"]] == ["by HTTP"]
    assert call("GET", "/api/v1/requests/0192f0c1-2b3c-7def-8abc-0123456789ab")[0] == 404


def test_a_candidate_is_made_rejected_and_not_approved_after(call, answer):
    wanted = {"selection": {"since": str(day(1)), "until": str(day(1))}, "why": "by HTTP"}
    # The request's rows are flagged wrong, so that there is nothing to learn from.
    assert call("POST", f"{API}/retrainings", wanted)[0] == 200

    def resting():
        found = call("GET", f"{API}/retrainings")[1][0]
        return found if found["state"] in ("compared", "failed") else None

    assert "none of 150 captured rows" in wait_for(resting, 60, "the selection")["reason"]
    call("POST", f"{API}/flags/1/undo")
    assert call("POST", f"{API}/retrainings", wanted)[1]["number"] == 2
    found = wait_for(lambda: (f := resting()) and f["number"] == 2 and f, 90, "the comparison")
    assert call("GET", f"{API}/retrainings/2")[1]["version"] == found["version"] == 2
    status, told = call("POST", f"{API}/versions/2/approve", {"comment": "", "seen_live": 7})
    assert (status, "not 7" in told["detail"]) == (409, True)
    weights = {"weights": {"1": 3, "2": 1}, "shadow": None}
    assert call("PUT", f"{API}/traffic", weights)[1]["traffic"] == {"1": 3, "2": 1}
    assert call("POST", f"{API}/versions/2/reject", {"comment": "no"})[0] == 409
    assert call("PUT", f"{API}/traffic", {})[1]["traffic"] == {}
    assert call("POST", f"{API}/versions/2/reject", {"comment": "no"})[1]["state"] == "rejected"
    status, told = call("POST", f"{API}/versions/2/approve", {})
    assert (status, "only a proved version" in told["detail"]) == (409, True)


def test_a_policy_is_patched_in_one_go(call):
    assert call("PATCH", f"{API}/policy", {"margin": 0.1, "alert_on": ["drift"]})[0] == 200
    found = call("GET", API)[1]["policy"]
    assert (found["margin"], found["alert_on"]) == (0.1, ["drift"])
    assert call("PATCH", f"{API}/policy", {"margin": 0.2, "tolerance": "x"})[0] == 400
    assert call("GET", API)[1]["policy"]["margin"] == 0.1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", f"{API}/flags", {"kind": "odd", "request_ids": ["x"]}, 400, "wrong or retrain"),
        ("POST", f"{API}/flags", {"sort": "wrong"}, 400, "unknown key 'sort'"),
        ("POST", f"{API}/flags", {"kind": "wrong", "since": "noon"}, 400, "a time with a zone"),
        ("POST", f"{API}/flags", {"kind": "wrong", "request_ids": "a"}, 400, "a list of texts"),
        ("POST", f"{API}/flags/77/undo", {}, 404, "no flag 77"),
        ("POST", f"{API}/retrainings", {}, 400, '{"selection"'),
        ("POST", f"{API}/retrainings", {"selection": {"since": "x"}}, 400, "since"),
        ("POST", f"{API}/retrainings/77/start", {}, 404, "no retraining 77"),
        ("POST", f"{API}/retrainings/77/end", {}, 404, "no retraining 77"),
        ("POST", f"{API}/versions/77/approve", {}, 404, "no version 77"),
        ("POST", f"{API}/versions/1/approve", {"seen_live": "x"}, 400, "number of a version"),
        ("POST", f"{API}/rollback", {}, 409, "no other live version"),
        ("POST", f"{API}/rollback", {"to": "x"}, 400, "number of a version"),
        ("POST", f"{API}/rollback", {"to": True}, 400, "number of a version"),
        ("POST", f"{API}/rollback", {"comment": 7}, 400, "comment = 7: wanted a text"),
        ("PUT", f"{API}/traffic", {"weights": [1]}, 400, '"weights"'),
        ("PUT", f"{API}/traffic", {"weights": {"1": 12.7}}, 400, '"weights"'),
        ("PUT", f"{API}/traffic", {"weights": {"x": 1}}, 400, '"weights"'),
        ("PUT", f"{API}/traffic", {"shadow": True}, 400, '"weights"'),
        ("PATCH", f"{API}/policy", b"[]", 400, "a JSON object"),
        ("PATCH", f"{API}/policy", {"promotoin": "auto"}, 400, "promotion"),
        ("PATCH", f"{API}/policy", {"retrain_cron": "* *"}, 400, "'* *': wanted five cron fields"),
        ("POST", f"{API}/retrainings", {"selection": {}}, 400, "has no 'since': wanted a day"),
        ("POST", f"{API}/statistics?engine=fast", {}, 400, "'fast': wanted auto, inline or spark"),
        ("GET", f"{API}/rollback", None, 404, f"there is no GET {API}/rollback"),
        ("GET", "/api/v1/services/nope/flags", None, 404, "nope"),
    ],
)
def test_what_cannot_be_is_refused(call, method, path, body, status, says):
    found, told = call(method, path, body)
    assert (found, says in told["detail"]) == (status, True), told


def test_deciding_needs_an_operator(platform):
    token = platform.json("tokens", "create", "reader", "--role", "viewer")["token"]
    for method, path in [
        ("POST", "flags"),
        ("POST", "flags/1/undo"),
        ("POST", "retrainings"),
        ("POST", "retrainings/1/start"),
        ("POST", "retrainings/1/end"),
        ("POST", "versions/1/approve"),
        ("POST", "versions/1/reject"),
        ("POST", "rollback"),
        ("PUT", "traffic"),
        ("PATCH", "policy"),
    ]:
        status = platform.request(method, f"{API}/{path}", {}, Authorization=f"Bearer {token}")[0]
        assert status == 403, path
