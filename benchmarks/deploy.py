"""How long a model takes from its package to its first answer, in containers, cold and warm.

    python benchmarks/deploy.py          make bench-deploy

Uses the engine of DOCKER_HOST with the base image of SCIENCEOPS_BASE_IMAGE, or one of its own from
Debian's packages. Beside our way of putting a model into an image stands the usual one, a build
by the engine and its push, in pairs. The last line is one JSON object.
"""

import http.client
import io
import json
import os
import shutil
import socket
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "shared"), str(ROOT / "tests")]

import docker  # noqa: E402  # After the paths.
from models import iris_rows, pack_iris  # noqa: E402
from platform_process import Platform, running_platform  # noqa: E402

from infra.local import engine  # noqa: E402
from scienceops.adapters.engine.environment_images import build_one  # noqa: E402
from scienceops.adapters.oci.build_context import lay_out, scorer_requirements  # noqa: E402

RUNS = 5
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def main() -> None:
    """Measure, print the figures, and end what was started."""
    with an_engine() as (address, base), tempfile.TemporaryDirectory() as place:
        client = docker.DockerClient(base_url=address, timeout=600)
        settings = {"SCIENCEOPS_ENGINE": address, "SCIENCEOPS_BASE_IMAGE": base}
        figures: dict[str, Any] = {}
        with running_platform(Path(place) / "home", **settings) as platform:
            packages = [pack_iris(Path(place), strength=1 + n / 10) for n in range(RUNS + 1)]
            say("a new environment: built, pushed, started, proved, scored")
            figures["new_environment"] = drop(platform, packages[0])
            say(f"  {figures['new_environment']}")
            say("known environment")
            figures["known_environment"] = [drop(platform, path) for path in packages[1:]]
            say(f"  {figures['known_environment']}")
            figures["container"] = look_at_container(client, platform)
            figures["start_to_ready_seconds"] = start_to_ready(client, platform)
            figures["model_layer"] = compare_layers(client, platform, packages[1:])
        figures["image_mb"] = image_sizes(client, address, base)
        client.close()
    report(figures)


def drop(platform: Platform, package: Path) -> dict[str, float]:
    """Seconds from a package in the bucket's folder to live, and to the first answer of it."""
    before = live_version(platform)
    place = platform.home / "bucket" / "packages" / "iris"
    place.mkdir(parents=True, exist_ok=True)
    began = time.time()
    shutil.copy(package, place / package.name)
    token = wait(lambda: owner_token(platform))
    while True:
        try:
            status, headers, _ = platform.score("iris", iris_rows()[:1], token)
        except OSError:
            status, headers = 0, {}
        if status == 200 and int(headers["X-ScienceOps-Version"]) > before:
            break
        # Often enough to see it, and not so often that it slows what is measured.
        time.sleep(0.1)
    answered = time.time() - began
    history = platform.json("history", "iris")["entries"]
    version = live_version(platform)
    at = {
        e["action"]: datetime.fromisoformat(e["at"]).timestamp()
        for e in history
        if e["details"].get("version") == version
    }
    return {
        "to_live": at["version made live"] - began,
        "to_first_answer": answered,
        "build": at["version built"] - at["build started"],
        "start_and_proof": at["version proved"] - at["version built"],
    }


def look_at_container(client: docker.DockerClient, platform: Platform) -> dict[str, float]:
    """Memory of the live version's container, after it has scored."""
    found = the_one(client, platform)
    usage = found.stats(stream=False)["memory_stats"]
    # The page cache is the kernel's to take back.
    used = usage["usage"] - usage["stats"].get("inactive_file", 0)
    return {"memory_mb": used / 1e6}


def start_to_ready(client: docker.DockerClient, platform: Platform) -> list[float]:
    """Seconds from the start of the container's process to its being ready; killed each time."""
    seconds = []
    for _ in range(RUNS):
        old = the_one(client, platform)
        old.kill()
        fresh = wait(lambda old=old: [c for c in running(client, platform) if c.id != old.id])[0]
        wait(lambda: is_ready(platform))
        ready = time.time()
        log = fresh.attrs["State"]["StartedAt"]
        seconds.append(ready - datetime.fromisoformat(log[:26] + "+00:00").timestamp())
        time.sleep(1)
    return seconds


def is_ready(platform: Platform) -> bool:
    """Whether the one scorer there is answers /readyz with 200."""
    for path in (platform.home / "run" / "sockets").glob("*/s"):
        connection = http.client.HTTPConnection("localhost", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(path))
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
    return False


def compare_layers(
    client: docker.DockerClient, platform: Platform, packages: list[Path]
) -> dict[str, list[float]]:
    """Seconds to make and push a model's layer: ours, and by a build and push of the engine."""
    ours = []
    for log in sorted((platform.home / "builds").glob("*/log")):
        (line,) = [x for x in log.read_text().splitlines() if x.startswith("model layer")]
        ours.append(float(line.partition(" in ")[2].split()[0]))
    image = platform.json("status", "iris")["service"]["versions"][0]["image"]
    repository = image.partition("@")[0]
    login = {"username": "scienceops", "password": registry_password(platform)}
    theirs = []
    for path in packages:
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as archive:
            archive.add(path, "package.zip")
            text = f"FROM {image}\nCOPY package.zip /opt/scienceops/package.zip\n".encode()
            entry = tarfile.TarInfo("Dockerfile")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
        context.seek(0)
        began = time.time()
        client.images.build(fileobj=context, custom_context=True, tag=f"{repository}:peer", rm=True)
        list(client.images.push(repository, "peer", stream=True, decode=True, auth_config=login))
        theirs.append(time.time() - began)
    return {"ours_seconds": ours[1:], "engine_build_and_push_seconds": theirs}


def image_sizes(client: docker.DockerClient, address: str, base: str) -> dict[str, float]:
    """Megabytes, uncompressed, of the images without and with scikit-learn."""
    sizes = {"base": client.images.get(base.format(python=PYTHON)).attrs["Size"] / 1e6}
    for name, more in (("serve", []), ("serve_with_scikit_learn", ["scikit-learn", "skops"])):
        context = lay_out([*scorer_requirements(), *more], base.format(python=PYTHON))
        build_one(address, context, "serve", f"bench-{name.replace('_', '-')}", "bench")
        sizes[name] = client.images.get(f"bench-{name.replace('_', '-')}").attrs["Size"] / 1e6
    return sizes


@contextmanager
def an_engine() -> Iterator[tuple[str, str]]:
    """(address, base image) of the engine to use."""
    if "DOCKER_HOST" in os.environ:
        yield os.environ["DOCKER_HOST"], os.environ["SCIENCEOPS_BASE_IMAGE"]
        return
    folder = Path(tempfile.mkdtemp(prefix="scienceops-bench-"))
    try:
        address = engine.start(folder)
        engine.make_base(address)
        yield address, engine.BASE
    finally:
        engine.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def running(client: docker.DockerClient, platform: Platform) -> list[Any]:
    """The platform's containers that run."""
    owned = {"label": f"io.scienceops.owner={platform.home}"}
    found: list[Any] = client.containers.list(filters=owned)
    return found


def the_one(client: docker.DockerClient, platform: Platform) -> Any:
    """The live version's container, once those that it replaced have drained."""
    return wait(lambda: len(found := running(client, platform)) == 1 and found)[0]


def live_version(platform: Platform) -> int:
    """The number of the live version; 0 when there is none."""
    services = platform.json("status")["services"]
    return int(services[0]["live"] or 0) if services else 0


def owner_token(platform: Platform) -> str:
    """The owner's token, empty before there is one."""
    path = platform.home / "secrets" / "owner-token"
    return path.read_text() if path.exists() else ""


def registry_password(platform: Platform) -> str:
    """What the platform's own registry asks for."""
    return (platform.home / "secrets" / "image-registry").read_text()


def wait(look: Callable[[], Any]) -> Any:
    """The first true value of `look`."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise TimeoutError


def report(figures: dict[str, Any]) -> None:
    """Print medians for people, then all of it as one line."""
    known = figures["known_environment"]
    layer = figures["model_layer"]

    def median(values: list[float]) -> float:
        return round(statistics.median(values), 2)

    ours, theirs = (median(layer[k]) for k in ("ours_seconds", "engine_build_and_push_seconds"))
    summary = {
        "new_environment_seconds": {k: round(v, 1) for k, v in figures["new_environment"].items()},
        "known_environment_seconds": {k: median([run[k] for run in known]) for k in known[0]},
        "start_to_ready_seconds": median(figures["start_to_ready_seconds"]),
        "model_layer_seconds": ours,
        "model_layer_by_engine_seconds": theirs,
        "model_layer_ratio": round(theirs / ours, 1),
        "container_memory_mb": round(figures["container"]["memory_mb"]),
        "image_mb": {name: round(size) for name, size in figures["image_mb"].items()},
        "runs": RUNS,
    }
    for name, value in summary.items():
        say(f"{name.replace('_', ' ')}: {value}")
    say(json.dumps(summary))


def say(text: str) -> None:
    """One line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
