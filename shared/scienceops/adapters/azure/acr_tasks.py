"""AcrTasks: images of an environment, built and pushed by Azure Container Registry itself."""

import base64
import json
from typing import TYPE_CHECKING

import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.containerregistrytasks import models

from scienceops.adapters.oci.build_service import BuildRun, RunStatus
from scienceops.errors import RegistryUnavailable
from scienceops.ports.image_builder import BuildState

if TYPE_CHECKING:
    from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient

TIMEOUT_SECONDS = 3600
#: For the context on its way up, and the log on its way down.
TRANSFER_SECONDS = 60

_RUNNING = (models.RunStatus.QUEUED, models.RunStatus.STARTED, models.RunStatus.RUNNING)


class AcrTasks:
    """BuildService with quick runs of several steps: build and push each target in its turn.

    repository: `HOST/PATH` of the images. The run pushes as the registry that it runs in, and
    what it reads lies at an address that the registry itself hands out for a short time.
    """

    def __init__(
        self, client: "ContainerRegistryTasksMgmtClient", resource_group: str, repository: str
    ) -> None:
        self._client = client
        self._group = resource_group
        host, _, self._path = repository.partition("/")
        self._registry = host.partition(".")[0]

    def start(self, run: BuildRun) -> str:
        """Send the context and schedule the run."""
        try:
            place = self._client.registries.get_build_source_upload_url(self._group, self._registry)
            self._upload(str(place.upload_url), run.context.to_tar())
            scheduled = self._client.registries.schedule_run(
                self._group,
                self._registry,
                models.EncodedTaskRunRequest(
                    encoded_task_content=_encode(describe_steps(run, self._path)),
                    source_location=place.relative_path,
                    platform=models.PlatformProperties(os=models.OS.LINUX),
                    timeout=TIMEOUT_SECONDS,
                ),
            )
        except HttpResponseError as error:
            if error.status_code == 429:
                raise RegistryUnavailable(
                    f"ACR Tasks of {self._registry} takes no more runs for now"
                ) from error
            raise
        return str(scheduled.properties.run_id if scheduled.properties else "")

    def status(self, run_id: str) -> RunStatus:
        """How the run stands."""
        try:
            run = self._client.runs.get(self._group, self._registry, run_id)
        except ResourceNotFoundError:
            # Resource Manager may not find at once what it has accepted.
            # Source: hashicorp/go-azure-sdk, issue 740; Azure/azure-dev, issue 8064.
            return RunStatus(BuildState.FAILED, f"ACR Tasks knows no run {run_id!r}", shown=False)
        state = run.properties.status if run.properties else None
        if state in _RUNNING:
            return RunStatus(BuildState.RUNNING)
        if state == models.RunStatus.SUCCEEDED:
            return RunStatus(BuildState.SUCCEEDED)
        why = (run.properties.run_error_message if run.properties else "") or "its log says more"
        return RunStatus(BuildState.FAILED, f"run {run_id} of ACR Tasks ended as {state}: {why}")

    def log(self, run_id: str) -> str:
        """The run's log so far, from the address that the registry hands out for it."""
        try:
            link = self._client.runs.get_log_sas_url(self._group, self._registry, run_id).log_link
            reply = requests.get(str(link), timeout=TRANSFER_SECONDS)
        except (ResourceNotFoundError, requests.RequestException):
            return ""
        reply.encoding = "utf-8"
        return reply.text if reply.ok else ""

    def _upload(self, address: str, context: bytes) -> None:
        try:
            reply = requests.put(
                address,
                data=context,
                headers={"x-ms-blob-type": "BlockBlob"},
                timeout=TRANSFER_SECONDS,
            )
            reply.raise_for_status()
        except requests.RequestException as error:
            raise RegistryUnavailable(
                f"the build's context could not be sent to {self._registry}: {type(error).__name__}"
            ) from error


def describe_steps(run: BuildRun, path: str) -> str:
    """The run as ACR Tasks reads it; JSON is YAML, and needs no library to write.

    Source: Microsoft, ACR Tasks reference: YAML.
    """
    steps: list[dict[str, object]] = []
    for target, tag in run.tags.items():
        image = f"$Registry/{path}:{tag}"
        options = f"--target {target} --build-arg BASE={run.context.base} -t {image}"
        steps += [{"build": f"{options} -f Dockerfile ."}, {"push": [image]}]
    return json.dumps({"version": "v1.1.0", "stepTimeout": TIMEOUT_SECONDS, "steps": steps})


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
