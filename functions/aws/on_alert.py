"""SQS entry: messages of queue `alerts`; post the event that each names."""

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
from scienceops.core.messages import ALERTS

processor = BatchProcessor(event_type=EventType.SQS)


def take(record: SQSRecord) -> None:
    """Make one attempt; the message of the next one, if there is one, was sent before."""
    logger.set_correlation_id(record.message_id)
    metrics.add_metric("Alerts", MetricUnit.Count, 1)
    try:
        app().send_alert(delivery_of(record, ALERTS))
    except Exception:
        logger.exception("alert failed")
        raise


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """The messages of a batch that failed: the queue delivers them again, and no others."""
    return process_partial_response(event, take, processor, context)
