"""CodeBuildImageBuilder: environments built by CodeBuild, model layers pushed to ECR by us."""

from collections.abc import Sequence
from typing import Any

from scienceops.adapters.aws.code_build import CodeBuild
from scienceops.adapters.aws.registry import EcrRegistry
from scienceops.adapters.oci.remote_builder import RemoteImageBuilder
from scienceops.config import Settings
from scienceops.ports.object_store import ObjectStore


class CodeBuildImageBuilder(RemoteImageBuilder):
    """ImageBuilder of an AWS account. codebuild, ecr, logs: boto3 clients."""

    def __init__(
        self,
        settings: Settings,
        objects: ObjectStore,
        *,
        codebuild: Any,
        ecr: Any,
        logs: Any,
        always: Sequence[str] | None = None,
    ) -> None:
        registry = EcrRegistry(settings, ecr)
        service = CodeBuild(settings, objects, registry, codebuild=codebuild, logs=logs)
        super().__init__(objects, registry.open, service, settings, always=always)
