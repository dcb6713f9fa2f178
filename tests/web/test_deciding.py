"""What people decide, with the buttons of the pages in a real browser, over a real platform."""

import re

import pytest
from labelled_week import day, send_week
from models import pack_trainable_iris
from pages import check_page, fill, press, submit, told
from platform_process import running_platform, wait_for
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.browser
PAGES = ["/services/iris", "/services/iris/retrainings", "/services/iris/retrainings/2"]
PAGES += ["/services/iris/policy", "/services/iris/try", "/services/iris/models", "/login"]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with running_platform(home, SCIENCEOPS_REFRESH_SECONDS="0.5") as platform:
        # An eighth day is there for a midnight that comes while the tests run.
        package = pack_trainable_iris(tmp_path_factory.mktemp("p"), retrain_days=8)
        platform.cli("push", str(package), "--wait")
        send_week(platform, "iris", poisoned=(6, 5, 4))
        platform.cli("stats", "iris", "--run", "--engine", "inline")
        yield platform


def live(platform):
    return platform.live("iris")


def test_an_onlooker_sees_no_button_and_is_asked_to_sign_in(platform, browser):
    for page in PAGES[1:5]:
        if page.endswith("/2"):
            continue
        browser.get(platform.url + page)
        assert not [b for b in browser.find_elements(By.CSS_SELECTOR, "main .do") if b.is_enabled()]
        assert "Sign in with a token of the role operator" in browser.page_source.replace(
            "</a>", ""
        )
    browser.get(platform.url + "/login?then=https://elsewhere.example/")
    fill(browser, "token", "so_wrong")
    press(browser, "Sign in")
    assert "No token like this" in told(browser)
    assert browser.find_element(By.NAME, "then").get_attribute("value") == "/"
    browser.get_log("browser")


def test_what_is_done_with_data_stands_side_by_side(platform, eva):
    size = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    eva.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    eva.get(platform.url + "/services/iris/retrainings")
    cards = eva.find_elements(By.CSS_SELECTOR, ".two > .card")
    assert len(cards) == 2
    assert cards[0].rect["y"] == cards[1].rect["y"]


def test_a_key_that_running_versions_do_not_take_up_is_told_on_the_pages(platform, eva):
    platform.cli("policy", "iris", "set", "capture=synced")
    eva.get(platform.url + "/services/iris/policy")
    assert "Version 1 goes on with capture = durable" in eva.find_element(By.TAG_NAME, "main").text
    eva.get(platform.url + "/services/iris")
    assert "with capture durable, as it first started" in eva.find_element(By.ID, "live").text
    platform.cli("policy", "iris", "set", "capture=durable")
    eva.get(platform.url + "/services/iris")
    assert "capture durable → synced" in eva.find_element(By.CSS_SELECTOR, ".ledger").text


def test_flags_are_made_shown_on_the_charts_and_undone(platform, eva):
    eva.get(platform.url + "/services/iris/retrainings")
    for kind in ("wrong", "retrain"):
        fill(eva, "comment", "")
        eva.find_element(By.CSS_SELECTOR, f"select[name=kind] option[value={kind}]").click()
        flag = eva.find_element(By.CSS_SELECTOR, "form[action$='/flags']")
        for name, ago in (("since", 6), ("until", 4)):
            field = flag.find_element(By.NAME, name)
            eva.execute_script("arguments[0].value = arguments[1]", field, day(ago).isoformat())
        flag.find_element(By.NAME, "comment").send_keys("labels mixed up")
        press(eva, "Flag")
    assert "Flag 2 holds: retrain" in told(eva)
    rows = eva.find_elements(By.XPATH, "//button[text()='Undo']")
    assert len(rows) == 2
    submit(eva, rows[0])
    assert "Flag 2 holds no more" in told(eva)
    assert "flag 2 undone" in eva.find_element(By.ID, "live").text
    eva.get(platform.url + "/services/iris/models")
    assert len(eva.find_elements(By.CSS_SELECTOR, "rect.flag.wrong")) == 3
    eva.get(platform.url + "/services/iris/feature?feature=petal+length+(cm)")
    bands = "[data-statistic=mean] .shapelayer path"
    wait_for(lambda: len(eva.find_elements(By.CSS_SELECTOR, bands)) == 3, 20, "the bands")
    assert "flagged by eva: labels mixed up" in eva.find_element(By.ID, "live").text


def test_an_alert_and_a_proposal_are_shown_and_the_proposal_dismissed(platform, eva):
    platform.cli("policy", "iris", "set", "retrain_drift_days=2")
    eva.get(platform.url + "/services/iris")

    def shown():
        return eva.execute_script("return document.getElementById('live').innerText")

    # The page takes both in by itself.
    wait_for(lambda: "Retraining 1 is proposed" in shown(), 30, "the proposal")
    wait_for(lambda: "Alert drift since" in shown(), 30, "the alert")
    platform.cli("policy", "iris", "set", "retrain_drift_days=0")
    eva.get(platform.url + "/services/iris/retrainings/1")
    fill(eva, "comment", "the rulers are back")
    press(eva, "Dismiss")
    assert "Retraining 1 is dismissed" in told(eva)
    eva.get(platform.url + "/services/iris")
    assert "is proposed" not in shown()


def test_a_candidate_is_trained_followed_approved_and_rolled_back(platform, eva):
    eva.get(platform.url + "/services/iris/retrainings")
    press(eva, "Retrain")
    assert "Retraining 2 has begun" in told(eva)
    eva.get(platform.url + "/services/iris/retrainings/2")

    def state():
        return eva.execute_script("return document.querySelector('h1 .badge').textContent")

    # The page takes in what is new by itself.
    wait_for(lambda: state() == "to decide", 90, "the comparison")
    assert "Better" in eva.find_element(By.CSS_SELECTOR, "#live .told").text
    assert eva.find_element(By.CSS_SELECTOR, ".facts").text.count("flagged wrong 450") == 1
    eva.refresh()
    fill(eva, "comment", "knows the new flowers")
    # Of two decisions Enter must not choose one: the page stays, with what was typed.
    comment = eva.find_element(By.NAME, "comment")
    comment.send_keys(Keys.ENTER)
    assert comment.get_attribute("value") == "knows the new flowers"
    assert live(platform) == 1
    press(eva, "Approve version 2")
    assert "Version 2 is being started" in told(eva)
    wait_for(lambda: live(platform) == 2, 30, "version 2")
    entry = [e for e in platform.json("history", "iris")["entries"] if "live" in e["action"]][-1]
    assert (entry["actor"], entry["why"]) == ("eva", "knows the new flowers")
    eva.get(platform.url + "/services/iris")
    eva.find_element(By.XPATH, "//summary[text()='Roll back']").click()
    stale = eva.find_element(By.CSS_SELECTOR, "form[action$='/rollback']").get_attribute(
        "outerHTML"
    )
    press(eva, "Back to version 1")
    wait_for(lambda: live(platform) == 1, 30, "version 1 again")
    # Whoever had the page open since before presses too: that must not take it back.
    eva.execute_script("document.querySelector('main').innerHTML = arguments[0]", stale)
    press(eva, "Back to version 1")
    assert "version 1 of 'iris' is live by now, and before it 2 was, not 1" in told(eva)
    assert live(platform) == 1
    eva.get(platform.url + "/services/iris/retrainings")
    badges = [b.text for b in eva.find_elements(By.CSS_SELECTOR, "#live td .badge")]
    assert badges[0] == "was live"


def test_a_decision_on_what_is_no_longer_so_is_told(platform, eva):
    eva.get(platform.url + "/services/iris/retrainings/2")
    fill(eva, "comment", "too late")
    # What is being filled in stays, although there is nothing to decide any more.
    platform.cli("approve", "iris", "2", "--comment", "by another")
    press(eva, "Approve version 2")
    assert "version 2 of 'iris'" in told(eva)
    eva.get(platform.url + "/services/iris/retrainings/2")
    assert not eva.find_elements(By.CSS_SELECTOR, "#deciding button")
    platform.cli("rollback", "iris")
    wait_for(lambda: eva.find_elements(By.CSS_SELECTOR, "#deciding button"), 20, "a decision")
    platform.cli("approve", "iris", "2", "--comment", "by another")
    platform.cli("rollback", "iris")
    assert live(platform) == 1


def test_traffic_is_divided_and_the_policy_changed(platform, eva):
    eva.get(platform.url + "/services/iris")
    fill(eva, "weight-1", "90")
    fill(eva, "weight-2", "10")
    press(eva, "Divide")
    assert platform.json("status", "iris")["service"]["traffic"] == {"1": 90, "2": 10}
    fill(eva, "weight-1", "0")
    press(eva, "Divide")
    assert "is live and has no weight" in told(eva)
    # Somebody else divides them while the page is open.
    fill(eva, "weight-1", "70")
    platform.cli("traffic", "iris", "1=5", "2=5")
    press(eva, "Divide")
    assert "divided otherwise by now: 5 to version 1, 5 to version 2; look" in told(eva)
    assert platform.json("status", "iris")["service"]["traffic"] == {"1": 5, "2": 5}
    # What was typed is still there, and is now meant.
    press(eva, "Divide")
    assert platform.json("status", "iris")["service"]["traffic"]["1"] == 70
    eva.get(platform.url + "/services/iris/policy")
    fill(eva, "margin", "0.02")
    # Somebody else changes another key while the page is open.
    platform.cli("policy", "iris", "set", "retrain_days=9")
    press(eva, "Save")
    assert told(eva) == "Changed: margin."
    policy = platform.json("policy", "iris")["policy"]
    assert (policy["margin"], policy["retrain_days"]) == (0.02, 9)
    fill(eva, "tolerance", "much")
    press(eva, "Save")
    assert "tolerance" in told(eva)
    # What was refused is there to be put right.
    assert eva.find_element(By.NAME, "tolerance").get_attribute("value") == "much"
    fill(eva, "tolerance", "0.3")
    press(eva, "Save")
    assert told(eva) == "Changed: tolerance."


def test_a_form_that_was_refused_keeps_what_was_typed_and_one_that_was_taken_does_not(
    platform, eva
):
    eva.get(platform.url + "/services/iris/retrainings")
    flag = "form[action$='/flags'] [name={}]".format
    eva.find_element(By.CSS_SELECTOR, flag("kind") + " option[value=retrain]").click()
    eva.find_element(By.CSS_SELECTOR, flag("requests")).send_keys("nonsense")
    eva.find_element(By.CSS_SELECTOR, flag("comment")).send_keys("seen at the scales")
    press(eva, "Flag")
    assert "nonsense" in told(eva)

    def typed():
        names = ("kind", "requests", "comment")
        return [
            eva.find_element(By.CSS_SELECTOR, flag(name)).get_attribute("value") for name in names
        ]

    assert typed() == ["retrain", "nonsense", "seen at the scales"]
    eva.refresh()
    assert typed() == ["wrong", "", ""]


def test_what_was_live_then_is_answered(platform, eva):
    eva.get(f"{platform.url}/services/iris?at={day(1).isoformat()}T12:00")
    assert "Nothing was live then" in eva.find_element(By.TAG_NAME, "main").text
    eva.get(f"{platform.url}/services/iris?at={day(-1).isoformat()}T12:00")
    text = eva.find_element(By.TAG_NAME, "main").text
    assert "still to come; as of now: Version 1 is live, since" in text
    assert "the data it was packed with" in text


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_decisions_fits_has_no_errors_and_asks_nobody_else(platform, eva, page, width):
    check_page(eva, platform, page, width)


def test_no_other_site_can_press_a_button_and_no_viewer_may(platform, eva):
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in eva.get_cookies())
    post = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    status, _, page = platform.request("POST", "/services/iris/rollback", b"comment=x", **post)
    assert status == 400
    assert "nothing was changed" in page
    assert platform.request("POST", "/api/v1/services/iris/rollback", b"{}", **post)[0] == 403
    token = platform.json("tokens", "create", "reader", "--role", "viewer")["token"]
    eva.get(platform.url + "/")
    submit(eva, eva.find_element(By.XPATH, "//button[text()='Sign out']"))
    eva.get(platform.url + "/login?then=/services/iris/retrainings")
    fill(eva, "token", token)
    press(eva, "Sign in")
    assert not eva.find_elements(By.CSS_SELECTOR, "main .do")
    guard = re.search(r'name="csrf_token" value="([^"]+)"', eva.page_source)[1]
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in eva.get_cookies())
    body = f"csrf_token={guard}".encode()
    platform.request("POST", "/services/iris/rollback", body, **{**post, "Cookie": cookies})
    assert "reader" not in [e["actor"] for e in platform.json("history", "iris")["entries"]]
