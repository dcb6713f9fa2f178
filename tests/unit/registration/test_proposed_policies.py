"""The first package's policy becomes the service's, and holds from then on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support_pack import package_bytes, package_files

from scienceops.adapters.local import connect
from scienceops.app import App
from scienceops.aws_settings import AwsSettings
from scienceops.config import Settings
from scienceops.core.policy import changed_policy
from scienceops.core.versions import Rejection, Version
from scienceops.errors import BadPolicy
from scienceops.usecases.due_retrainings import start_due_retrainings
from scienceops.usecases.records import read_service, save, service_names
from scienceops.usecases.request_retraining import read_retrainings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> App:
    settings = Settings(home=tmp_path)
    return App(connect(settings), settings, lambda: NOW)


def upload(app: App, policy: str, model: str = "model") -> Version | Rejection:
    """What became of a package with this policy in its scienceops.toml."""
    files = package_files(model__skops=model.encode())
    files["scienceops.toml"] = policy.encode()
    key = f"packages/iris/{model}.zip"
    app.ports.objects.put(key, package_bytes(files))
    found = app.register_upload(key)
    assert found is not None
    return found


def days_with_a_retraining(app: App, days: int) -> list[int]:
    """Days after the upload on which the clock began one; each fails, for want of a train.py."""
    stored = read_service(app.ports.registry, "iris")
    save(app.ports.registry, stored, stored.value.model_copy(update={"live": 1}), at=NOW)
    found: list[int] = []
    for day in range(days):
        start_due_retrainings(app.ports, lambda day=day: NOW + timedelta(days=day))
        if len(read_retrainings("iris", app.ports)) > len(found):
            found.append(day)
    return found


def test_a_cron_line_of_a_package_speaks_from_its_upload_on(app):
    upload(app, 'retrain_cron = "0 3 * * *"')
    assert days_with_a_retraining(app, 4) == [1, 2, 3]


#: 30 February.
NEVER = "0 0 30 2 *"


def test_a_cron_line_of_a_day_that_no_year_has_is_refused(app):
    found = upload(app, f'retrain_cron = "{NEVER}"')
    assert isinstance(found, Rejection)
    assert "no year has such a day" in found.reason
    upload(app, "", model="another")
    with pytest.raises(BadPolicy, match="no year has such a day"):
        app.decisions.change_policy("iris", {"retrain_cron": NEVER}, "eva")
    app.decisions.change_policy("iris", {"retrain_cron": "0 0 29 2 *"}, "eva")


def test_the_clock_goes_on_where_such_a_line_was_taken_before(app):
    upload(app, "")
    stored = read_service(app.ports.registry, "iris")
    policy = {"retrain_cron": NEVER}
    save(app.ports.registry, stored, stored.value.model_copy(update={"policy": policy}), at=NOW)
    assert days_with_a_retraining(app, 2) == []


def on_aws(app: App, *, warm: bool) -> App:
    return App(app.ports, Settings(cloud="aws", aws=AwsSettings(warm=warm)), lambda: NOW)


def test_a_package_that_wants_a_runtime_this_platform_lacks_is_refused_and_makes_no_service(app):
    found = upload(app, 'runtime = "lambda"')
    assert isinstance(found, Rejection)
    assert found.reason.startswith("policy runtime = lambda: this platform (local) knows auto")
    assert (found.file, found.fix) == ("scienceops.toml", "correct the key and pack again")
    assert service_names(app.ports.registry) == []


def test_a_package_that_wants_fargate_is_refused_where_no_door_could_reach_it(app):
    found = upload(on_aws(app, warm=False), 'runtime = "fargate"')
    assert isinstance(found, Rejection)
    assert "deploy the stage with --param=warm=yes" in found.reason


def test_a_package_gets_the_runtime_that_its_platform_has(app):
    assert isinstance(upload(on_aws(app, warm=True), 'runtime = "fargate"'), Version)
    assert read_service(app.ports.registry, "iris").value.policy == {"runtime": "fargate"}


def test_a_later_package_is_not_asked_for_a_runtime(app):
    upload(app, "", "first")
    assert isinstance(upload(app, 'runtime = "lambda"', "second"), Version)
    assert read_service(app.ports.registry, "iris").value.policy == {}


def test_a_later_package_with_an_unknown_key_is_refused(app):
    upload(app, "", "first")
    found = upload(app, 'run_time = "auto"', "second")
    assert isinstance(found, Rejection)
    assert "unknown policy key 'run_time'" in found.reason


def test_a_number_without_end_is_refused(app):
    found = upload(app, "margin = inf")
    assert isinstance(found, Rejection)
    assert "margin = inf: wanted a finite number" in found.reason
    with pytest.raises(BadPolicy, match="retrain_minutes = 'inf': wanted a finite number"):
        changed_policy({}, "retrain_minutes", "inf")
