"""The page to try a row on, its programs to copy, and the trace of an answer, in a real browser."""

import os
import subprocess
import sys

import pytest
from models import pack_trainable_iris
from pages import fill, press, told
from platform_process import running_platform
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        package = pack_trainable_iris(tmp_path_factory.mktemp("p"))
        platform.cli("push", str(package), "--wait")
        yield platform


def test_a_row_is_tried_labelled_and_traced(platform, eva):
    eva.get(platform.url + "/services/iris/try")
    eva.find_element(By.CSS_SELECTOR, "summary").click()
    fill(eva, "pasted", '{"petal width (cm)": 1.8, "petal length (cm)": 6.1}')
    press(eva, "Fill the fields")
    assert eva.find_element(By.NAME, "field-3").get_attribute("value") == "1.8"
    assert eva.find_element(By.NAME, "field-0").get_attribute("value") == ""
    press(eva, "Predict")
    assert "sepal length (cm)" in told(eva)
    fill(eva, "field-0", "6.3")
    fill(eva, "field-1", "2.9")
    press(eva, "Predict")
    answer = eva.find_element(By.CSS_SELECTOR, ".answer")
    assert answer.find_element(By.CSS_SELECTOR, ".big").text == "virginica"
    assert len(answer.find_elements(By.TAG_NAME, "meter")) == 3
    identity = eva.find_element(By.ID, "request-id").text
    fill(eva, "label", "versicolor")
    press(eva, "Label")
    assert "label is kept" in told(eva)
    page = eva.find_element(By.TAG_NAME, "main").text
    assert "row 0: versicolor" in page
    assert "policy promotion = auto" in page
    assert identity in eva.current_url
    eva.get_log("browser")


def test_the_program_and_the_command_to_copy_run_as_they_are(platform, eva, tmp_path):
    key = platform.json("keys", "iris", "create")["key"]
    eva.get(platform.url + "/services/iris/try")
    environment = {**os.environ, "KEY": key}
    for place, words in (("python", [sys.executable, "-c"]), ("curl", ["sh", "-c"])):
        text = eva.find_element(By.ID, place).text
        done = subprocess.run(
            [*words, text], env=environment, capture_output=True, text=True, check=False
        )
        assert "setosa" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("pasted", "says"),
    [("", "nothing was pasted"), ("1,2", "2 values: wanted 4"), ('{"petal": 1}', "no column")],
)
def test_a_row_that_cannot_be_read_is_named(platform, eva, pasted, says):
    eva.get(platform.url + "/services/iris/try")
    eva.find_element(By.CSS_SELECTOR, "summary").click()
    fill(eva, "pasted", pasted)
    press(eva, "Fill the fields")
    assert says in told(eva)
    eva.get_log("browser")
