"""What every page must be, at any width, for tests with a real browser."""

import contextlib
from collections.abc import Callable
from typing import Any

from platform_process import Platform, wait_for
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement


def check_page(browser: Chrome, platform: Platform, page: str, width: int) -> None:
    """It has a title, fits, reports no error, and asks no other host."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(platform.url + page)
    assert browser.find_element(By.TAG_NAME, "h1").text
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    errors = browser.get_log("browser")
    assert errors == [], errors
    asked = [
        e["message"] for e in browser.get_log("performance") if "requestWillBeSent" in e["message"]
    ]
    assert asked
    assert not [a for a in asked if '"url":"http' in a and platform.url not in a]


def fill(browser: Chrome, name: str, text: Any) -> None:
    """Put a text into the field of the page that has this name."""
    _found_again(lambda: _fill(browser, name, text))


def _fill(browser: Chrome, name: str, text: Any) -> None:
    field = browser.find_element(By.CSS_SELECTOR, f"main [name='{name}']")
    if field.get_attribute("type") in ("date", "datetime-local"):
        # Typing depends on the browser's language.
        browser.execute_script("arguments[0].value = arguments[1]", field, str(text))
        return
    field.clear()
    field.send_keys(str(text))


def press(browser: Chrome, label: str) -> None:
    """Press the button of the page with this text."""
    _found_again(lambda: _press(browser, label))


def _press(browser: Chrome, label: str) -> None:
    buttons = browser.find_elements(By.CSS_SELECTOR, "main button")
    submit(browser, *[b for b in buttons if b.text == label and b.is_displayed()])


def submit(browser: Chrome, button: WebElement) -> None:
    """Press a button, and wait for the page that it leads to."""
    browser.execute_script("window.left = false")
    button.click()
    arrived = "return window.left !== false && document.readyState === 'complete'"
    wait_for(lambda: browser.execute_script(arrived), 20, "the next page")


def _found_again(step: Callable[[], None]) -> None:
    """Take a step once more where the page swapped what it had found, which it does as it likes."""
    with contextlib.suppress(StaleElementReferenceException):
        return step()
    return step()


def told(browser: Chrome) -> str:
    """What the page says of the last button."""
    return "\n".join(p.text for p in browser.find_elements(By.CSS_SELECTOR, "p.told[role=status]"))
