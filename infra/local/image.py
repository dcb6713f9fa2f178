"""Build the scorer's image without any model: `python infra/local/image.py [REQUIREMENT]...`.

By the engine of the settings, on the base image of the settings. It is what `scienceops up` builds
by itself for each new set of requirements; here it can be looked at.
"""

import sys

from scienceops.adapters.engine.connection import find_engine
from scienceops.adapters.engine.environment_images import build_one
from scienceops.adapters.oci.build_context import SERVE_TARGET, lay_out, scorer_requirements
from scienceops.config import docker_host, load_settings
from scienceops.errors import ScienceOpsError

NAME = "scienceops-scorer"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def main(requirements: list[str]) -> int:
    """Build it, and say how to look at it."""
    try:
        settings = load_settings()
        engine, why = find_engine(settings.engine, docker_host())
        if engine is None:
            sys.stderr.write(f"no image was built: {why}; `make engine` starts an engine\n")
            return 1
        base = settings.base_image.format(python=PYTHON)
        context = lay_out([*scorer_requirements(), *requirements], base)
        image = f"{NAME}:{context.identity}"
        build_one(engine.address, context, SERVE_TARGET, image, str(settings.home))
    except ScienceOpsError as error:
        sys.stderr.write(f"no image was built: {error}\n")
        return 1
    sys.stdout.write(f"built {image}; look inside: docker run -it --entrypoint sh {image}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
