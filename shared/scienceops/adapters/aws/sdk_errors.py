"""SDK errors: what a person in a shell is told of one that only AWS's SDK knows."""

from botocore.exceptions import BotoCoreError, ClientError
from botocore.exceptions import ConnectionError as NotReached

from scienceops.adapters.aws.clients import error_code
from scienceops.config import Settings

_MISSING = (
    *("ResourceNotFoundException", "NoSuchBucket", "404"),
    *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
)
_STALE = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN = (
    *("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"),
)
_FORBIDDEN = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")
_SIGN_IN = "sign in again, until `aws sts get-caller-identity` answers"


def explain_error(error: Exception, settings: Settings) -> str:
    """The error in words with the next step; empty when it is none of the SDK's.

    Adapters translate what their ports promise; the rest rises to here.
    """
    if isinstance(error, ClientError):
        return f"{error}: {_step_of(error_code(error), settings)}"
    if isinstance(error, NotReached):
        return f"{error}: is AWS_DEFAULT_REGION a region, the stage's, and is there a network?"
    return f"{error}: {_SIGN_IN}" if isinstance(error, BotoCoreError) else ""


def _step_of(code: str, settings: Settings) -> str:
    if code in _MISSING:
        return (
            f"is there a stage {settings.aws.prefix!r} with bucket {settings.aws.bucket!r} in this "
            "region? SCIENCEOPS_AWS_PREFIX, SCIENCEOPS_AWS_BUCKET and AWS_DEFAULT_REGION say which"
        )
    if code in _STALE + _UNKNOWN:
        return _SIGN_IN
    if code in _FORBIDDEN:
        return (
            "these credentials may not do that; sign in as somebody who may, and look whether "
            f"bucket {settings.aws.bucket!r} is the stage's"
        )
    return "try again later, and look into AWS's own pages of its health when it stays so"
