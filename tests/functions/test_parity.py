"""The doors are the same on every platform, and so is what stands behind them."""

import ast
from pathlib import Path

import pytest

from functions.local import doors
from scienceops.core.messages import ALERTS, WORK

FUNCTIONS = Path(__file__).parents[2] / "functions"
DOORS = {"on_model_upload", "on_capture", "on_work", "on_alert", "on_timer", "http"}
#: Door -> the one method of App that it calls.
METHODS = {
    "on_model_upload": "register_upload",
    "on_capture": "announce_capture",
    "on_work": "do_work",
    "on_alert": "send_alert",
    "on_timer": "tick",
}
#: Each platform's file of a door, and the function in it that is the door, if not all of it.
PLACES = {
    "local": {name: ("doors.py", name) for name in METHODS},
    "aws": {name: (f"{name}.py", "") for name in METHODS},
    "azure": {name: ("function_app.py", name) for name in METHODS},
}


def functions_in(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_doors_of_one_machine_are_the_ones_that_every_platform_has() -> None:
    public = {name for name in vars(doors) if name.startswith("on_")}
    # One machine has one stream of events, which it hands to the door of their place.
    assert public - {"on_event"} == DOORS - {"http"}
    assert (FUNCTIONS / "local" / "http.py").exists()


def test_the_doors_on_aws_are_the_same() -> None:
    shared = {"__init__", "platform", "queue_door"}
    assert {path.stem for path in (FUNCTIONS / "aws").glob("*.py")} - shared == DOORS


def test_the_doors_on_azure_are_the_same() -> None:
    found = functions_in(FUNCTIONS / "azure" / "function_app.py")
    assert {name for name in found if not name.startswith("_")} == DOORS


@pytest.mark.parametrize("platform", PLACES)
@pytest.mark.parametrize("door", METHODS)
def test_a_door_calls_one_method_of_the_app_the_same_everywhere(platform: str, door: str) -> None:
    file, name = PLACES[platform][door]
    path = FUNCTIONS / platform / file
    node = functions_in(path)[name] if name else ast.parse(path.read_text())
    known = set(METHODS.values())
    called = [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr in known]
    assert called == [METHODS[door]]


@pytest.mark.parametrize("platform", PLACES)
def test_every_request_is_answered_by_the_one_flask_app(platform: str) -> None:
    place = FUNCTIONS / platform / ("function_app.py" if platform == "azure" else "http.py")
    source = place.read_text()
    assert "scienceops.web" in source
    assert "route(" not in source.replace('@app.route(route="{*path}"', "")


def test_the_queues_that_azure_reads_are_those_that_the_core_writes() -> None:
    source = (FUNCTIONS / "azure" / "function_app.py").read_text()
    for queue in (WORK, ALERTS):
        assert f'queue_name="{queue}"' in source
        assert f'_delivery("{queue}", message)' in source


@pytest.mark.parametrize(
    "path", sorted(FUNCTIONS.glob("a*/*.py")), ids=lambda p: p.parent.name + "/" + p.name
)
def test_a_door_is_under_a_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 100


def test_no_package_in_the_azure_folder_hides_the_sdk() -> None:
    assert not (FUNCTIONS / "azure" / "__init__.py").exists()
