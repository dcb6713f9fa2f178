"""One platform that the tests of a module share."""

import pytest
from platform_process import running_platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        yield platform
