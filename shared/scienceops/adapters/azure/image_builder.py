"""The image builder on Azure: environments by ACR Tasks, model images by our own calls to ACR."""

from typing import TYPE_CHECKING

from scienceops.adapters.azure.acr_tasks import AcrTasks
from scienceops.adapters.azure.clients import open_credential
from scienceops.adapters.azure.management import is_stand_in, open_registry_tasks
from scienceops.adapters.azure.registry_login import open_registry
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.adapters.oci.remote_builder import RemoteImageBuilder
from scienceops.errors import BadSetting

if TYPE_CHECKING:
    from scienceops.config import Settings
    from scienceops.ports.object_store import ObjectStore


def connect_builder(settings: "Settings", objects: "ObjectStore") -> RemoteImageBuilder:
    """The builder that the settings name."""
    repository = settings.images
    if not repository:
        raise BadSetting(
            "SCIENCEOPS_IMAGES is not set: wanted the repository of images, "
            "like NAME.azurecr.io/scienceops"
        )

    def open_it() -> OciRegistry:
        if is_stand_in(settings.azure):
            return OciRegistry(repository)
        return open_registry(repository, open_credential(settings.azure.identity))

    tasks = AcrTasks(open_registry_tasks(settings.azure), settings.azure.resource_group, repository)
    return RemoteImageBuilder(objects, open_it, tasks, settings)
