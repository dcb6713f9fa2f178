"""The pages in a real browser, over a real platform that has scored and computed."""

import re

import pytest
from labelled_week import day, noon
from models import iris_rows, pack_iris
from pages import check_page
from platform_process import running_platform, wait_for
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.core.stats.verdicts import EFFECT_GATE, FALSE_DISCOVERY_RATE, LEAST_ROWS
from scienceops.web.pages import HISTORY_ENTRIES

pytestmark = pytest.mark.browser
PAGES = [
    "/",
    "/services/iris",
    "/services/iris/models",
    "/services/iris/versions/1/build",
    "/services/iris/data?all=1",
    "/services/iris/feature?feature=petal+length+(cm)",
]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with running_platform(home, SCIENCEOPS_REFRESH_SECONDS="0.5") as platform:
        package = pack_iris(tmp_path_factory.mktemp("p"), policy={"simulated": True})
        platform.cli("push", str(package), "--wait")
        for days in (3, 2, 1):
            rows = iris_rows()
            if days == 1:
                rows = [{**r, "petal length (cm)": r["petal length (cm)"] + 2} for r in rows]
            at = noon(days).isoformat()
            token = platform.owner_token()
            assert platform.score("iris", rows, token, X_ScienceOps_Captured_At=at)[0] == 200
        wait_for(lambda: len(platform.captured("iris")) == 450, 20, "the captures")
        platform.cli("stats", "iris", "--run", "--engine", "inline")
        yield platform


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_has_no_errors_and_asks_nobody_else(platform, browser, page, width):
    check_page(browser, platform, page, width)


def test_data_monitor_ranks_the_drifted_feature_first_and_hides_the_calm_ones(platform, browser):
    browser.get(platform.url + "/services/iris/data")
    rows = browser.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert "petal length (cm)" in rows[0].text
    assert "drift" in rows[0].text
    assert not [row for row in rows if "sepal" in row.text]
    browser.get(platform.url + "/services/iris/data?all=1&feature=SEPAL")
    rows = browser.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert len(rows) == 2


def test_data_monitor_shows_only_the_days_asked_for(platform, browser):
    browser.get(f"{platform.url}/services/iris/data?all=1&until={day(2).isoformat()}")
    assert "2 days" in browser.find_element(By.CSS_SELECTOR, "#live p").text
    assert "drift" not in browser.find_element(By.TAG_NAME, "table").text


def test_data_monitor_tells_days_without_statistics_from_calm_ones(platform, browser):
    browser.get(platform.url + "/services/iris/data?version=1&until=2020-01-01")
    assert "Version 1 has no statistics of these days" in browser.find_element(By.ID, "live").text
    browser.get(platform.url + "/services/iris/data?version=7")
    assert "has no version 7" in browser.find_element(By.TAG_NAME, "main").text


def test_a_feature_has_a_chart_per_statistic_with_training_drawn_in(platform, browser):
    browser.get(platform.url + PAGES[-1])

    def charts():
        return browser.find_elements(By.CSS_SELECTOR, ".chart .main-svg")

    wait_for(lambda: len(charts()) >= 20, 20, "the charts")
    mean = browser.find_element(By.CSS_SELECTOR, ".chart[data-statistic=mean]")
    assert browser.find_elements(By.CSS_SELECTOR, "[data-distribution] .bars")
    assert len(mean.find_elements(By.CSS_SELECTOR, ".trace.scatter")) == 2


def test_a_page_takes_in_what_is_new_without_being_loaded_again(platform, browser):
    browser.get(platform.url + "/")
    browser.execute_script("window.mark = 1")
    (platform.home / "bucket/packages/iris/notes.zip").write_bytes(b"no zip")

    def shows():
        return "notes.zip" in browser.find_element(By.ID, "live").text

    wait_for(shows, 30, "the rejection to show")
    assert browser.execute_script("return window.mark") == 1


def test_numbers_of_data_monitor_are_plain_and_its_columns_explained(platform, browser):
    browser.get(platform.url + "/services/iris/data")
    row = browser.find_element(By.CSS_SELECTOR, "tbody tr").text
    assert "< 0.0001" in row
    assert "e-" not in row
    meaning = browser.find_element(By.CSS_SELECTOR, ".meaning").get_attribute("textContent")
    assert f"at least {EFFECT_GATE} and q below {FALSE_DISCOVERY_RATE}" in meaning
    assert f"Fewer than {LEAST_ROWS} rows" in meaning


def test_the_first_stop_of_the_keyboard_leads_past_the_menu(platform, browser):
    browser.get(platform.url + "/services/iris")
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    assert (skip.text, skip.rect["x"]) == ("Skip to the content", 0)
    skip.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.tag_name == "main"


def test_times_name_their_zone(platform, browser):
    for page in ("/", "/services/iris", "/services/iris/versions/1/build"):
        browser.get(platform.url + page)
        times = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d(?!:).{4}", browser.page_source)
        assert times
        assert {text[-4:] for text in times} == {" UTC"}


def test_a_chart_tells_its_values_to_those_who_do_not_see_it(platform, browser):
    browser.get(platform.url + PAGES[-1])
    chart = browser.find_element(By.CSS_SELECTOR, ".chart[data-statistic=mean]")
    label = wait_for(lambda: chart.get_attribute("aria-label"), 20, "the chart")
    assert label.startswith("mean per day: ")
    assert "drift" in label
    assert "in training 3.7" in label


def test_a_page_whose_platform_does_not_answer_says_so_until_it_does(platform, browser):
    browser.get(platform.url + "/services/iris")
    assert not browser.find_elements(By.ID, "old")
    browser.execute_script("window.asking = fetch; fetch = () => Promise.reject(new Error('down'))")
    old = wait_for(lambda: browser.find_elements(By.ID, "old"), 20, "the notice")[0]
    assert re.match(r"This is as of [\d: -]+ UTC: the platform does not answer", old.text)
    assert old.get_attribute("role") == "alert"
    browser.execute_script("fetch = window.asking")
    wait_for(lambda: not browser.find_elements(By.ID, "old"), 20, "the end of the notice")


def test_an_old_entry_of_the_history_is_some_pages_away(platform, browser):
    app = build_app(load_settings({"SCIENCEOPS_HOME": str(platform.home)}))
    app.create_key("iris", "secondary", "a test")
    for _ in range(30):
        app.revoke_key("iris", "secondary", "a test")
        app.create_key("iris", "secondary", "a test")
    entries = [entry["at"][:19].replace("T", " ") for entry in app.history("iris")[::-1]]
    browser.get(platform.url + "/services/iris")
    seen = []
    while True:
        rows = browser.find_elements(By.CSS_SELECTOR, ".ledger tbody tr td:first-child")
        assert 0 < len(rows) <= HISTORY_ENTRIES
        seen += [row.text for row in rows]
        older = browser.find_elements(By.CSS_SELECTOR, "a[rel=next]")
        if not older:
            break
        browser.get(older[0].get_attribute("href"))
    assert seen == entries
    browser.find_element(By.LINK_TEXT, "newest").click()
    assert browser.find_elements(By.CSS_SELECTOR, "a[rel=next]")


def test_before_the_first_entry_nothing_was_live_and_no_empty_table_is_shown(platform, browser):
    browser.get(platform.url + "/services/iris?at=2020-01-01T00:00")
    assert "Nothing was live then" in browser.find_element(By.TAG_NAME, "main").text
    assert not browser.find_elements(By.CSS_SELECTOR, ".ledger")


def test_a_time_to_come_is_told_as_of_now(platform, browser):
    browser.get(platform.url + "/services/iris?at=2199-01-01T00:00")
    page = browser.find_element(By.TAG_NAME, "main").text
    assert "still to come; as of now: Version 1 is live, since" in page


def test_a_feature_of_nobody_is_answered_with_404(platform):
    status, _, page = platform.request("GET", "/services/iris/feature?feature=nosuch")
    assert status == 404
    assert "its inputs are petal length (cm)" in page


def test_a_page_is_not_shown_to_a_name_from_elsewhere(platform):
    page = platform.request("GET", "/services/iris", Host="rebound.example:80")[2]
    assert "<h1>Sign in</h1>" in page
    assert "Versions" not in page
    assert platform.request("GET", "/api/v1/services", Host="rebound.example:80")[0] == 401


def test_a_form_from_elsewhere_is_refused_on_a_page_that_says_what_to_do(platform):
    status, headers, page = platform.request("POST", "/login", b"token=x")
    assert (status, headers["Content-Type"][:9]) == (400, "text/html")
    assert "nothing was changed" in page


def test_writing_needs_a_token_even_here(platform):
    assert platform.request("POST", "/api/v1/services/iris/keys", b"")[0] == 403
    token = platform.json("tokens", "create", "reader", "--role", "viewer")["token"]
    header = {"Authorization": f"Bearer {token}"}
    assert platform.request("GET", "/api/v1/services", **header)[0] == 200
    assert platform.request("POST", "/api/v1/services/iris/keys", b"", **header)[0] == 403
    owner = {"Authorization": f"Bearer {platform.owner_token()}"}
    status, _, made = platform.request("POST", "/api/v1/services/iris/keys", b"", **owner)
    assert (status, made["slot"]) == (200, "primary")
    shown = platform.request("GET", "/api/v1/services/iris")[2]
    assert made["key"] not in str(shown)
    assert "key_sha256" not in str(shown)


def test_a_revoked_token_is_worthless_and_its_name_free_again(platform):
    token = platform.json("tokens", "create", "guest", "--role", "operator")["token"]
    path, header = "/api/v1/services/iris/policy", {"Authorization": f"Bearer {token}"}
    assert platform.request("PATCH", path, {}, **header)[0] == 200
    taken = platform.cli("tokens", "create", "guest", check=False)
    assert "scienceops tokens revoke guest" in taken.stderr
    assert "guest" in platform.cli("tokens", "list").stdout
    platform.cli("tokens", "revoke", "guest")
    wait_for(lambda: platform.request("PATCH", path, {}, **header)[0] == 401, 10, "the end")
    assert "guest" not in platform.cli("tokens", "list").stdout
    assert platform.cli("tokens", "revoke", "guest", check=False).returncode == 3
    assert platform.json("tokens", "create", "guest")["token"] != token


def test_an_object_that_was_left_out_is_told_with_its_run(platform, browser):
    captures = platform.home / "bucket" / "captures" / "iris"
    stray = next(captures.rglob("*.parquet")).with_name("stray.parquet")
    stray.write_bytes(b"somebody else's")
    try:
        done = platform.cli("stats", "iris", "--run", "--engine", "inline")
    finally:
        stray.unlink()
    assert "/stray.parquet: it is no whole Parquet file" in done.stderr
    browser.get(platform.url + "/")
    shown = browser.find_element(By.CSS_SELECTOR, "details")
    assert shown.text == "left out 1 object"
    shown.find_element(By.TAG_NAME, "summary").click()
    assert "/stray.parquet: it is no whole Parquet file" in shown.text
