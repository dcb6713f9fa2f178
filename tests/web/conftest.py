"""A real browser for the pages, and who signs in with it."""

import os
import shutil

import pytest
from pages import fill, press
from platform_process import wait_for
from selenium import webdriver

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking "
    "--disable-component-update --disable-sync --no-first-run"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        reason = "pages need Debian's chromium and chromium-driver: `make browser`"
        if os.environ.get("REQUIRE_EMULATORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def eva(platform, browser):
    """The browser, in which an operator called eva has signed in."""
    token = platform.json("tokens", "create", "eva", "--role", "operator")["token"]
    browser.get(platform.url + "/login?then=/services/iris")
    fill(browser, "token", token)
    press(browser, "Sign in")
    wait_for(lambda: browser.current_url == platform.url + "/services/iris", 10, "the sign-in")
    return browser
