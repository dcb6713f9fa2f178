"""S3 entry: an object was created under captures/ or labels/; announce its day."""

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import S3Event, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.platform import S3_REQUEST, app, created_keys, logger, metrics, tracer
from scienceops.errors import BadInput


@logger.inject_lambda_context(correlation_id_path=S3_REQUEST, clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
@event_source(data_class=S3Event)
def handler(event: S3Event, context: LambdaContext) -> None:
    """Announce the day of each object; an error leaves the event to Lambda for another attempt."""
    # A count of none is a count, too.
    metrics.add_metric("Announcements", MetricUnit.Count, 0)
    for key in created_keys(event):
        try:
            app().announce_capture(key)
        except BadInput as error:
            # A stray file, or a folder made by hand: no later delivery would go better.
            logger.warning("object passed over", extra={"reason": str(error)})
            continue
        metrics.add_metric("Announcements", MetricUnit.Count, 1)
