"""CodeBuild: builds the images of an environment from a zip in the bucket."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code
from scienceops.adapters.aws.log_streams import read_stream
from scienceops.adapters.aws.registry import EcrRegistry
from scienceops.adapters.oci.build_service import BuildRun, RunStatus
from scienceops.config import Settings
from scienceops.core.names import BUILDS
from scienceops.errors import Unavailable
from scienceops.ports.image_builder import BuildState
from scienceops.ports.object_store import ObjectStore

BUILDSPEC = Path(__file__).with_name("buildspec.yml")
#: The account may run so many builds at once; others have to wait.
LIMIT = "AccountLimitExceededException"


class CodeBuild:
    """BuildService by the project PREFIXbuild. A key is the same run for five minutes.

    codebuild, logs: boto3 clients.
    """

    def __init__(
        self,
        settings: Settings,
        objects: ObjectStore,
        registry: EcrRegistry,
        *,
        codebuild: Any,
        logs: Any,
    ) -> None:
        self._settings = settings
        self._objects = objects
        self._registry = registry
        self._codebuild = codebuild
        self._logs = logs

    def start(self, run: BuildRun) -> str:
        """Put the context into the bucket, and begin."""
        source = f"{BUILDS}environments/{run.key}.zip"
        self._objects.put(source, run.context.to_zip())
        variables = {
            "BASE": run.context.base,
            "IMAGES": " ".join(f"{target}={tag}" for target, tag in run.tags.items()),
            "REPOSITORY": self._registry.repository,
        }
        aws = self._settings.aws
        try:
            begun = self._codebuild.start_build(
                projectName=f"{aws.prefix}build",
                idempotencyToken=run.key,
                sourceTypeOverride="S3",
                sourceLocationOverride=f"{aws.bucket}/{source}",
                buildspecOverride=BUILDSPEC.read_text(),
                privilegedModeOverride=True,
                environmentVariablesOverride=[
                    {"name": name, "value": value, "type": "PLAINTEXT"}
                    for name, value in variables.items()
                ],
            )
        except ClientError as error:
            if error_code(error) == LIMIT:
                raise Unavailable("CodeBuild runs as many builds as this account may") from error
            raise
        return str(begun["build"]["id"])

    def status(self, run_id: str) -> RunStatus:
        """How the build stands."""
        found = self._find(run_id)
        if found is None:
            return RunStatus(BuildState.FAILED, f"CodeBuild knows no build {run_id}")
        told = found["buildStatus"]
        if told == "IN_PROGRESS":
            return RunStatus(BuildState.RUNNING)
        if told == "SUCCEEDED":
            return RunStatus(BuildState.SUCCEEDED)
        return RunStatus(BuildState.FAILED, f"CodeBuild ended as {told}{_where(found)}")

    def log(self, run_id: str) -> str:
        """What the build has written to CloudWatch Logs."""
        place = (self._find(run_id) or {}).get("logs", {})
        if not place.get("streamName"):
            return ""
        return read_stream(self._logs, place["groupName"], place["streamName"])

    def _find(self, run_id: str) -> Mapping[str, Any] | None:
        builds = self._codebuild.batch_get_builds(ids=[run_id])["builds"]
        return builds[0] if builds else None


def _where(build: Mapping[str, Any]) -> str:
    """The phase that failed, and what CodeBuild says of it."""
    for phase in build.get("phases", ()):
        if phase.get("phaseStatus", "SUCCEEDED") != "SUCCEEDED":
            said = "; ".join(c["message"] for c in phase.get("contexts", ()) if c.get("message"))
            return f" in phase {phase['phaseType']}{': ' if said else ''}{said}"
    return ""
