"""Build context: the folder that an engine or build service makes an environment's images from."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scienceops.core.requirement_lines import PANDAS

#: What of ScienceOps a scorer needs, and what a training job needs besides.
SERVE = (
    "scienceops/__init__.py",
    "scienceops/aws_settings.py",
    "scienceops/azure_settings.py",
    "scienceops/bodies.py",
    "scienceops/bootstrap.py",
    "scienceops/config.py",
    "scienceops/errors.py",
    "scienceops/logs.py",
    "scienceops/problems.py",
    "scienceops/serving.py",
    "scienceops/spans.py",
    "scienceops/compiled/*.py",
    "scienceops/core/**/*.py",
    "scienceops/ports/*.py",
    "scienceops/running/*.py",
    "scienceops/adapters/__init__.py",
    "scienceops/adapters/local/__init__.py",
    "scienceops/adapters/engine/__init__.py",
    "scienceops/adapters/engine/bucket_socket.py",
    "scienceops/adapters/engine/socket_object_store.py",
    "scorer_container/*.py",
    "scorer_container/protocols/*.py",
    "scorer_container/server/*.py",
)
TRAIN = (
    "scienceops/compiling/*.py",
    "scienceops/packing/*.py",
    "scienceops/projects/*.py",
    "scienceops/training/*.py",
)

#: What reaches the bucket of a cloud from inside an image, and where it sends its traces: files of
#: ScienceOps, and requirements.
REACH: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "local": ((), ()),
    "aws": (
        (
            "scienceops/adapters/aws/__init__.py",
            "scienceops/adapters/aws/clients.py",
            "scienceops/adapters/aws/object_store.py",
        ),
        # An earlier boto3 knows no condition of a copy, and its 1.35.0 none of a put.
        ("awslambdaric>=3", "boto3>=1.41"),
    ),
    "azure": (
        ("scienceops/adapters/azure/*.py",),
        (
            "azure-identity>=1.17",
            # There is no release of it that is not called a beta.
            "azure-monitor-opentelemetry-exporter>=1.0.0b48",
            "azure-storage-blob>=12.20",
            "azure-storage-queue>=12.10",
        ),
    ),
}

#: What asks scorers, for a candidate to be compared from inside its training image, in a cloud
#: whose own place for jobs reaches none.
CALLING: Mapping[str, tuple[str, ...]] = {
    "aws": (
        "scienceops/adapters/aws/fargate_runtime.py",
        "scienceops/adapters/aws/lambda_runtime.py",
        "scienceops/adapters/aws/log_streams.py",
        "scienceops/adapters/aws/model_registry.py",
        "scienceops/adapters/aws/resources.py",
        "scienceops/adapters/aws/secret_store.py",
        "scienceops/adapters/aws/service_runtime.py",
        "scienceops/adapters/aws/service_scaling.py",
        "scienceops/adapters/aws/task_definition.py",
        "scienceops/adapters/oci/__init__.py",
        "scienceops/adapters/oci/settings_inside.py",
        "scienceops/adapters/scoring/*.py",
        "scienceops/usecases/__init__.py",
        "scienceops/usecases/platform_secrets.py",
        "scienceops/usecases/records.py",
    )
}

#: What packing a retrained model needs beyond what scoring it needs.
TRAINING_REQUIREMENTS = ("joblib>=1.4", PANDAS, "scikit-learn>=1.5", "skops>=0.12")
SERVE_TARGET, TRAIN_TARGET = "serve", "train"
#: The images of an environment, and what their tags start with.
TARGETS = {SERVE_TARGET: "environment", TRAIN_TARGET: "training"}


@dataclass(frozen=True)
class BuildContext:
    """Files by their path in the context, and the base image."""

    files: Mapping[str, bytes]
    base: str

    @property
    def identity(self) -> str:
        """What an environment is known by: the same base and files give the same one."""
        seen = hashlib.sha256(self.base.encode())
        for path, content in sorted(self.files.items()):
            seen.update(f"\n{path} {hashlib.sha256(content).hexdigest()}".encode())
        return seen.hexdigest()[:24]

    def to_tar(self) -> bytes:
        """The context as build services take it, the same bytes each time."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path, content in sorted(self.files.items()):
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        return out.getvalue()

    def to_zip(self) -> bytes:
        """The same for services that take no tar, the same bytes each time."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for path, content in sorted(self.files.items()):
                # Without a time of its own a file gets the earliest that a zip can tell.
                archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
        return out.getvalue()


def tag_of(target: str, context: BuildContext) -> str:
    """The tag under which an image of an environment is found again."""
    return f"{TARGETS[target]}-{context.identity}"


def scorer_requirements(cloud: str = "local") -> list[str]:
    """What the scorer itself needs, from its own short list, and what reaches its bucket."""
    lines = (_folder_of("scorer_container") / "requirements.txt").read_text().splitlines()
    return [*(line for line in lines if line and not line.startswith("#")), *REACH[cloud][1]]


def lay_out(requirements: Iterable[str], base: str, cloud: str = "local") -> BuildContext:
    """The context of the environment of these requirements.

    requirements: the package's and the scorer's own, resolved together in the build.
    cloud: the platform whose bucket the images reach.
    """
    scorer = _folder_of("scorer_container")
    files = {
        "Dockerfile": (scorer / "Dockerfile").read_bytes(),
        "lean.py": (scorer / "lean.py").read_bytes(),
        "requirements.txt": _lines(requirements),
        "training.txt": _lines(TRAINING_REQUIREMENTS),
    }
    training = TRAIN + CALLING.get(cloud, ())
    for target, patterns in ((SERVE_TARGET, SERVE + REACH[cloud][0]), (TRAIN_TARGET, training)):
        for pattern in patterns:
            name, _, rest = pattern.partition("/")
            for path in _folder_of(name).glob(rest):
                place = path.relative_to(_folder_of(name).parent).as_posix()
                files[f"{target}/{place}"] = path.read_bytes()
    return BuildContext(files, base)


def _lines(requirements: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in sorted(set(requirements))).encode()


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).resolve()
