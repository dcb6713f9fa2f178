"""A cluster is described in one of the forms that Databricks takes."""

import pytest

from scienceops.adapters.azure.databricks_job import describe_cluster
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings


@pytest.mark.parametrize(
    ("workers", "size"),
    [
        (0, {"is_single_node": True, "num_workers": 0}),
        (3, {"is_single_node": False, "autoscale": {"min_workers": 1, "max_workers": 3}}),
    ],
)
def test_a_dedicated_cluster_says_of_which_kind_it_is(
    workers: int, size: dict[str, object]
) -> None:
    # Without the kind, Databricks refuses this mode.
    azure = AzureSettings(databricks_workers=workers)
    told = describe_cluster(Settings(cloud="azure", azure=azure), {}).as_dict()
    assert told["data_security_mode"] == "DATA_SECURITY_MODE_DEDICATED"
    assert told["kind"] == "CLASSIC_PREVIEW"
    assert {k: told[k] for k in ("is_single_node", "num_workers", "autoscale") if k in told} == size
