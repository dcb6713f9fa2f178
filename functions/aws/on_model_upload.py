"""S3 entry: an object was created under packages/; make it a version."""

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import S3Event, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.platform import S3_REQUEST, app, created_keys, logger, metrics, tracer


@logger.inject_lambda_context(correlation_id_path=S3_REQUEST, clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
@event_source(data_class=S3Event)
def handler(event: S3Event, context: LambdaContext) -> None:
    """Register each upload; an error leaves the event to Lambda, which delivers it again."""
    for key in created_keys(event):
        app().register_upload(key)
        metrics.add_metric("Uploads", MetricUnit.Count, 1)
