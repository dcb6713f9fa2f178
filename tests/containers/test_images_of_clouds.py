"""Images for a cloud, built by a real engine: what reaches the cloud's bucket is in them."""

import pytest

from containers.laboratory import PYTHON, Laboratory
from infra.local.engine import BASE
from scienceops.adapters.engine.environment_images import build_one
from scienceops.adapters.oci.build_context import (
    SERVE_TARGET,
    TRAIN_TARGET,
    BuildContext,
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


@pytest.fixture(scope="module")
def contexts(laboratory: Laboratory) -> dict[str, BuildContext]:
    """What each cloud's images are built from; what all of a cloud begin with is built once."""
    made = {}
    for cloud in sorted({cloud for cloud, _ in ENTRIES}):
        made[cloud] = lay_out(scorer_requirements(cloud), BASE.format(python=PYTHON), cloud)
        name = f"scienceops-tests:{cloud}-install"
        build_one(laboratory.address, made[cloud], "install", name, "tests")
    return made


@pytest.mark.parametrize(("cloud", "target"), sorted(ENTRIES))
def test_an_image_for_a_cloud_imports_what_it_starts_with(
    laboratory: Laboratory, contexts: dict[str, BuildContext], cloud: str, target: str
) -> None:
    context = contexts[cloud]
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
