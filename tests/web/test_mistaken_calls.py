"""What a caller is told who has mistaken a path, a key, a model or a query argument."""

import json

import pytest
from face import Face
from models import pack_iris

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.config import Settings
from scienceops.web import create_app

CHURN = "/api/v1/service/churn"
HERE = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return create_app(App(connect(settings), settings), settings).test_client()


def ask(client, method, path, **headers):
    reply = client.open(
        path, method=method, headers=headers, environ_base=HERE, base_url="http://127.0.0.1"
    )
    return reply.status_code, reply.get_json()["detail"], reply.headers


@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
def test_a_misspelt_path_of_a_service_is_told_what_there_is(client, method):
    status, told, headers = ask(client, method, f"{CHURN}/scor")
    assert (status, "Allow" in headers) == (404, False)
    assert told.startswith(
        f"there is no {method} {CHURN}/scor (did you mean 'score'?): a service has"
    )


def test_another_path_that_is_none_is_not_found_by_any_method(client):
    assert ask(client, "POST", "/api/v1/servises")[:2] == (
        404, "there is no POST /api/v1/servises; docs/api.md lists what there is",
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/v1/services", f"{CHURN}/openapi.json", "/healthz"])
def test_a_path_that_is_there_says_which_methods_it_takes(client, path):
    status, _, headers = ask(client, "POST", path)
    assert (status, "GET" in headers["Allow"]) == (405, True)


def test_no_key_and_a_wrong_key_are_told_apart(client):
    status, told, _ = ask(client, "POST", f"{CHURN}/score")
    assert (status, "needs `Authorization: Bearer KEY`" in told) == (401, True)
    status, told, _ = ask(client, "POST", f"{CHURN}/score", Authorization="Bearer so_wrong")
    assert (status, "the key that came is none of 'churn'" in told) == (401, True)
    assert "so_wrong" not in told


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (
            "/api/v1/services/churn/statistics?verson=1",
            "'verson' (did you mean 'version'?): wanted",
        ),
        ("/api/v1/services/churn/statistics?version=one", "version: wanted a whole number"),
        ("/api/v1/services/churn/history?before=1", "'before': wanted at"),
        ("/api/v1/services/churn/flags?kind=wrong", "'kind': wanted none"),
        ("/api/v1/runs?service=churn", "'service': wanted none"),
    ],
)
def test_a_query_argument_that_is_not_read_is_refused(client, path, says):
    status, told, _ = ask(client, "GET", path)
    assert (status, says in told) == (400, True), told


def test_another_model_than_the_one_here_is_named(tmp_path):
    face = Face(tmp_path, pack_iris(tmp_path), fast=False, limit=10**7)
    for method, path in (("GET", "/v2/models/irsi"), ("POST", "/v2/models/irsi/infer")):
        status, _, body = face.ask(method, path)
        told = json.loads(body)["error"]
        assert (status, told) == (404, "there is no model 'irsi' here, this is 'iris'")


@pytest.mark.parametrize(
    ("identity", "status", "says"),
    [
        ("018bcfe5-6800", 400, "is no request id"),
        ("018bcfe5-6800-7000-8000-000000000000", 404, "018bcfe5-6800-7000-8000-000000000000"),
    ],
)
def test_a_request_id_that_is_none_is_told_beside_the_field_that_has_it(
    client, identity, status, says
):
    reply = client.get(f"/requests?request_id={identity}", environ_base=HERE)
    assert reply.status_code == status
    assert f'name="request_id" size="38" value="{identity}"' in reply.text
    assert says in reply.text.partition('<p class="bad">')[2].partition("</p>")[0]


#: Too deep for Python to read, and, further in, as deep as it can be.
DEEP = [b"[" * 100_000, *(b'{"labels": ' + b"[" * n + b"]" * n + b"}" for n in range(900, 1000, 5))]


@pytest.mark.parametrize("body", [b"", b"no JSON", DEEP[0]])
def test_who_has_no_key_is_told_that_before_the_labels_are_read(client, body):
    reply = client.post(f"{CHURN}/labels", data=body)
    assert (reply.status_code, reply.get_json()["title"]) == (401, "NotAuthenticated")


def test_a_body_that_is_nested_too_deep_is_told_what_was_wanted(tmp_path):
    settings = Settings(home=tmp_path)
    app = App(connect(settings), settings)
    client = create_app(app, settings).test_client()
    token = app.upkeep.create_token("eva", "operator", "owner")["token"]
    headers = {"Authorization": f"Bearer {token}"}
    for body in DEEP:
        for path in ("service/churn/labels", "services/churn/flags"):
            reply = client.post(f"/api/v1/{path}", data=body, headers=headers)
            # Of one that can be read, that there is no such service.
            assert reply.status_code in (400, 404), (len(body), reply.get_json())
