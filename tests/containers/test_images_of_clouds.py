"""Images for a cloud, built by a real engine: what reaches the cloud's bucket is in them."""

import pytest

from containers.laboratory import PYTHON, Laboratory
from infra.local.engine import BASE
from scienceops.adapters.engine.environment_images import build_one
from scienceops.adapters.oci.build_context import SERVE_TARGET, lay_out, scorer_requirements

#: What each image starts with in its cloud.
ENTRIES = {
    "aws": "import awslambdaric, scorer_container.on_lambda, scienceops.adapters.aws.object_store",
    "azure": "import azure.identity, scienceops.adapters.azure.object_store",
}


@pytest.mark.parametrize("cloud", sorted(ENTRIES))
def test_an_image_for_a_cloud_imports_what_it_starts_with(
    laboratory: Laboratory, cloud: str
) -> None:
    base = BASE.format(python=PYTHON)
    context = lay_out(scorer_requirements(cloud), base, cloud)
    name = f"scienceops-tests:{cloud}"
    build_one(laboratory.address, context, SERVE_TARGET, name, "tests")
    client = laboratory.connect()
    try:
        said = client.containers.run(
            name,
            ["-c", f"{ENTRIES[cloud]}; print('started')"],
            entrypoint=["python"],
            remove=True,
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": ""},  # noqa: S108  # In the container.
        )
    finally:
        client.close()
    assert said == b"started\n"
