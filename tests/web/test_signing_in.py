"""The link to sign in leads back to the page that has it."""

import re

import pytest

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.web import create_app


@pytest.fixture(scope="module")
def links(tmp_path_factory):
    """Where the links to sign in of a page lead."""
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path_factory.mktemp("home"))})
    client = create_app(build_app(settings), settings).test_client()

    def look(path):
        page = client.get(path, base_url="http://localhost").get_data(as_text=True)
        return re.findall(r'href="(/login[^"]*)"', page)

    return look


@pytest.mark.parametrize("page", ["/", "/requests?request_id=a"])
def test_it_names_the_page(links, page):
    assert links(page) == [f"/login?then={page.replace('=', '%3D')}"]


@pytest.mark.parametrize("page", ["/", "/requests?request_id=a"])
def test_on_the_page_to_sign_in_it_goes_on_naming_the_one_before(links, page):
    (address,) = links(page)
    assert links(address) == [address]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "///elsewhere.example/",
        "////elsewhere.example/",
        "/\\elsewhere.example/",
        "\\/elsewhere.example/",
        "/\t/elsewhere.example/",
        "/x\r\nSet-Cookie: session=a",
        "javascript:alert(1)",
    ],
)
def test_nobody_is_led_elsewhere_by_signing_in(tmp_path, elsewhere):
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path)})
    app = build_app(settings)
    client = create_app(app, settings).test_client()
    page = client.get("/login", query_string={"then": elsewhere}).get_data(as_text=True)
    form = dict(re.findall(r'name="(csrf_token|then)" value="([^"]*)"', page))
    assert form["then"] == "/"

    token = app.upkeep.create_token("eva", "viewer", "owner")["token"]
    told = client.post("/login", data={**form, "then": elsewhere, "token": token})
    assert (told.status_code, told.headers["Location"]) == (303, "/")
