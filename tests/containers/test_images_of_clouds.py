"""Images for a cloud, built by a real engine: what reaches the cloud's bucket is in them."""

import pytest

from containers.laboratory import PYTHON, Laboratory
from infra.local.engine import BASE
from scienceops.adapters.engine.environment_images import build_one
from scienceops.adapters.oci.build_context import (
    SERVE_TARGET,
    TRAIN_TARGET,
    lay_out,
    scorer_requirements,
)

#: What each image starts with in its cloud, by cloud and target. On AWS a candidate is compared
#: in its training image.
ENTRIES = {
    ("aws", SERVE_TARGET): (
        "import awslambdaric, scorer_container.on_lambda, scienceops.adapters.aws.object_store"
    ),
    ("aws", TRAIN_TARGET): (
        "import scienceops.training.train, scienceops.training.compare\n"
        "from scienceops.bootstrap import connect_calling\n"
        "from scienceops.config import load_settings\n"
        "connect_calling(load_settings())"
    ),
    ("azure", SERVE_TARGET): "import azure.identity, scienceops.adapters.azure.object_store",
}


@pytest.mark.parametrize(("cloud", "target"), sorted(ENTRIES))
def test_an_image_for_a_cloud_imports_what_it_starts_with(
    laboratory: Laboratory, cloud: str, target: str
) -> None:
    base = BASE.format(python=PYTHON)
    context = lay_out(scorer_requirements(cloud), base, cloud)
    name = f"scienceops-tests:{cloud}-{target}"
    build_one(laboratory.address, context, target, name, "tests")
    client = laboratory.connect()
    try:
        said = client.containers.run(
            name,
            ["-c", f"{ENTRIES[cloud, target]}\nprint('started')"],
            entrypoint=["python"],
            environment={"SCIENCEOPS_CLOUD": cloud, "SCIENCEOPS_AWS_BUCKET": "any"},
            remove=True,
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": ""},  # noqa: S108  # In the container.
        )
    finally:
        client.close()
    assert said == b"started\n"
