"""A setting means the same on every platform: templates set it, or leave it alone for a reason."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from bicep.files import BICEP, read_file
from bicep.settings import app_settings

from scienceops.config import CLOUDS, PREFIX, Settings, setting_names

ROOT = Path(__file__).parents[2]
#: Settings of one machine. No code that runs in a cloud reads them: see the test of that.
ONE_MACHINE = {
    "home": "the folder of bucket, registry and statistics",
    "tick_seconds": "a cloud's clock is a rule of its template",
    "upload_poll_seconds": "a cloud tells of an upload",
    "upload_settle_seconds": "a cloud shows an object once it is whole",
    "engine": "a cloud runs containers without an engine of ours",
    "bucket_socket": "containers of a cloud have its bucket",
}
#: Set by the template of one cloud alone.
ONE_CLOUD = {
    "aws": {
        "request_limit_bytes": "an invocation of Lambda carries 6 MB; Functions take more than "
        "the default",
        "container_cpus": "Fargate sells memory with processors, and the default would cost 4 GB "
        "of it; Container Apps bill a scorer only while it is called",
        "container_memory_mb": "a parameter of the stage: Lambda sells processors with memory",
    },
    "azure": {
        "images": "the registry's name has a suffix that Azure chooses; on AWS it follows from "
        "account and prefix",
        "reply_seconds": "a call wakes a scorer, which takes longer than the default allows; of "
        "AWS the HTTP door alone has less, for its API gives up after 30 s",
        "upload_limit_bytes": "a function has 0.8 GB for files, and of Lambda there is 4 GB",
        "home": "settings name a home even where nothing lies in it, and which user a function "
        "runs as, with a home or without, is up to Azure",
    },
}
#: Left to their defaults by both clouds.
BY_DEFAULT = {
    "statistics_engine": "auto goes by the size of the day",
    "segment_seconds": "how fresh statistics may be is the same promise everywhere",
    "segment_rows": "a segment holds what one write of a bucket is worth",
    "spool_limit_bytes": "a container's disk holds more; a scorer on Lambda ships within the call",
    "refresh_seconds": "pages are the same pages",
    "record_days": "what is worth looking at again is as old everywhere",
}


def own_settings() -> set[str]:
    return {name for name in Settings.model_fields if name not in CLOUDS}


@pytest.fixture(scope="module")
def templates() -> dict[str, dict[str, Any]]:
    """What the template of each cloud gives to its doors."""
    return {
        "aws": yaml.safe_load((ROOT / "infra/aws/settings.yml").read_text()),
        "azure": app_settings(read_file(BICEP / "modules" / "functions.bicep")),
    }


@pytest.fixture(scope="module")
def given(templates: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    """The names of those settings, as setting_names() has them."""
    return {
        cloud: {name.removeprefix(PREFIX).lower() for name in told if name.startswith(PREFIX)}
        for cloud, told in templates.items()
    }


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_template_sets_known_settings_and_none_of_another_cloud(cloud, given):
    assert given[cloud] <= set(setting_names())
    others = tuple(f"{name}_" for name in CLOUDS if name != cloud)
    assert not [name for name in given[cloud] if name.startswith(others)]


def test_what_one_cloud_sets_the_other_sets_as_well_or_has_a_reason(given):
    aws, azure = (given[cloud] & own_settings() for cloud in ("aws", "azure"))
    assert aws - azure == set(ONE_CLOUD["aws"])
    assert azure - aws == set(ONE_CLOUD["azure"])


def test_what_no_template_sets_is_of_one_machine_or_left_to_its_default_on_purpose(given):
    neither = own_settings() - given["aws"] - given["azure"]
    assert neither == (set(ONE_MACHINE) | set(BY_DEFAULT)) - set(ONE_CLOUD["azure"])
    assert not set(ONE_MACHINE) & set(BY_DEFAULT)


def test_both_templates_say_the_same_where_nothing_of_the_cloud_is_in_it(templates):
    for name in ("base_image", "drain_seconds", "proof_seconds"):
        variable = PREFIX + name.upper()
        assert templates["azure"][variable] == templates["aws"][variable]


#: What runs in a cloud.
RUNS = (
    *("app.py", "bootstrap.py", "decisions.py", "core", "usecases", "web"),
    *("adapters/aws", "adapters/azure", "adapters/oci"),
)
ALSO_RUNS = ("functions/aws", "functions/azure", "scorer_container", "stats_job")


def settings_read_in(path: Path) -> set[str]:
    """What is read of something called settings: `app.settings.home`, `self._settings.home`."""
    nodes = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
    ]
    return {node.attr for node in nodes if ast.unparse(node.value).endswith("settings")}


def test_no_code_that_runs_in_a_cloud_reads_a_setting_of_one_machine():
    places = [*(ROOT / "shared/scienceops" / name for name in RUNS), *map(ROOT.joinpath, ALSO_RUNS)]
    files = [path for place in places for path in (place, *place.rglob("*.py")) if path.is_file()]
    read = {path: settings_read_in(path) for path in files}
    assert {path: names for path, names in read.items() if names & set(ONE_MACHINE)} == {}
    assert {"images", "proof_seconds", "spool_limit_bytes"} <= set().union(*read.values())
