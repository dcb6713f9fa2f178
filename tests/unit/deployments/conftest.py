"""A service with one proved version, on ports whose runtime is the module's own stand-in."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scienceops.adapters.local import connect
from scienceops.config import Settings
from scienceops.core.versions import Service, Version
from scienceops.ports import Ports
from scienceops.usecases.records import Stored, number_key, save

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def ports(tmp_path: Path, runtime: Any) -> Ports:
    made = connect(Settings(home=tmp_path))
    service = Service(name="iris", live=1)
    save(made.registry, Stored(service, "iris", "service"), service, at=NOW)
    version = Version(
        service="iris",
        number=1,
        digest="d",
        state="proved",
        uploaded_at=NOW.isoformat(),
        uploaded_key="packages/iris/iris.zip",
        manifest={},
    )
    save(made.registry, Stored(version, "iris", number_key("version", 1)), version, at=NOW)
    return replace(made, runtime=runtime)
