"""What the doors on AWS share: the App of this process, its logs, metrics and traces."""

import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger, Metrics, Tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import S3Event

    from scienceops.app import App

#: Where in an S3 event the id stands that S3's own logs know it by.
S3_REQUEST = 'Records[0].responseElements."x-amz-request-id"'

logger = Logger(location="%(name)s:%(lineno)d")
metrics = Metrics(namespace="ScienceOps")
tracer = Tracer()

# What the core logs leaves with the doors' own fields, such as the correlation id.
_core = logging.getLogger("scienceops")
_core.handlers, _core.propagate = list(logger.handlers), False
_core.setLevel(logging.INFO)


@lru_cache(maxsize=1)
def app() -> "App":
    """The App of this process, built at its first event and kept."""
    from scienceops.bootstrap import build_app

    return build_app()


def created_keys(event: "S3Event") -> Iterator[str]:
    """The keys of the objects that an event tells of; S3 writes them as in a URL."""
    for record in event.records:
        yield unquote_plus(record.s3.get_object.key)
