"""What the doors of queues share: messages are taken one by one, and those that failed are told."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.platform import logger, metrics, tracer

if TYPE_CHECKING:
    from scienceops.ports.message_queue import Delivery

Handler = Callable[[dict[str, Any], LambdaContext], PartialItemFailureResponse]


def queue_door(queue: str, metric: str, take: Callable[["Delivery"], object]) -> Handler:
    """The handler of a queue's messages. metric: counts them. take: what is done with each."""
    processor = BatchProcessor(event_type=EventType.SQS)

    def take_record(record: SQSRecord) -> None:
        logger.set_correlation_id(record.message_id)
        metrics.add_metric(metric, MetricUnit.Count, 1)
        try:
            take(delivery_of(record, queue))
        except Exception:
            logger.exception("message failed", extra={"queue": queue})
            raise

    @logger.inject_lambda_context(clear_state=True)
    @tracer.capture_lambda_handler(capture_response=False)
    @metrics.log_metrics
    def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        """The messages of a batch that failed: the queue delivers them again, and no others."""
        return process_partial_response(event, take_record, processor, context)

    decorated: Handler = handler
    return decorated


def delivery_of(record: SQSRecord, queue: str) -> "Delivery":
    """The delivery that a record of a queue is; a body that is no JSON raises ValueError."""
    from scienceops.ports.message_queue import Delivery

    return Delivery(
        queue=queue,
        receipt=record.receipt_handle,
        body=record.json_body,
        attempts=int(record.attributes.approximate_receive_count),
    )
