"""What a person is told whom Azure lets in nowhere: one line with the place and the next step."""

import argparse
import contextlib
from collections.abc import Iterator

SIGN_IN = "sign in by `az login`, until `az account show` names the subscription of the stage"
#: Stand-ins are on this machine; a token is sent to nobody else in the clear.
SCHEMES = ("https://", "http://127.0.0.1:")


@contextlib.contextmanager
def explained(place: str) -> Iterator[None]:
    """Raises SystemExit where Azure or Databricks refuses, or is not reached.

    place: what is called. Within it belong calls alone, since each OSError is taken for theirs.
    """
    from azure.core.exceptions import ClientAuthenticationError
    from databricks.sdk.errors.base import DatabricksError

    try:
        yield
    except ClientAuthenticationError as error:
        reason = error.message.strip().splitlines()[0]
        raise SystemExit(
            f"{place}: nobody is signed in who has a token ({reason}); {SIGN_IN}"
        ) from None
    except DatabricksError as error:
        raise SystemExit(
            f"{place}: Databricks refuses it: {error}. "
            "Sign in as somebody who administers the workspace"
        ) from None
    except OSError as error:
        raise SystemExit(
            f"{place} was not reached: {error}. "
            "Is it what the deployment names, and does this machine reach it?"
        ) from None


def workspace_url(text: str) -> str:
    """The address of a workspace, for argparse."""
    if not text:
        raise argparse.ArgumentTypeError(
            "it is empty, so the stage has no workspace: set databricks = true in its file, and "
            "deploy again"
        )
    if not text.startswith(SCHEMES):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address: wanted one like https://adb-1.1.azuredatabricks.net, the "
            "output databricksUrl of the deployment"
        )
    return text
