"""SQS entry: messages of queue `work`; take the step that each asks for."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.platform import app, delivery_of, logger, metrics, tracer
from scienceops.core.messages import WORK

processor = BatchProcessor(event_type=EventType.SQS)


def take(record: SQSRecord) -> None:
    """Take one step. A message whose step was taken is gone already; one that is not stays."""
    logger.set_correlation_id(record.message_id)
    metrics.add_metric("Steps", MetricUnit.Count, 1)
    try:
        app().do_work(delivery_of(record, WORK))
    except Exception:
        logger.exception("step failed")
        raise


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """The messages of a batch that failed: the queue delivers them again, and no others."""
    return process_partial_response(event, take, processor, context)
