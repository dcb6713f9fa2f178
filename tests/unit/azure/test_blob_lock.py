"""A blob that somebody holds refuses to be made again, as Azure does and Azurite does not."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from azure.core.exceptions import HttpResponseError

from scienceops.adapters.azure.blob_lock import BlobLock


def refusal(code: str) -> HttpResponseError:
    error = HttpResponseError(code)
    error.error_code = code
    return error


def lock_on(blob: MagicMock) -> BlobLock:
    return BlobLock(SimpleNamespace(get_blob_client=lambda _: blob))


def test_who_comes_while_it_is_held_waits_for_the_lease():
    blob = MagicMock()
    blob.upload_blob.side_effect = refusal("LeaseIdMissing")
    blob.acquire_lease.side_effect = [refusal("LeaseAlreadyPresent"), lease := MagicMock()]
    with lock_on(blob).hold("secret-owner-token"):
        lease.release.assert_not_called()
    lease.release.assert_called_once()


def test_another_refusal_is_told():
    blob = MagicMock()
    blob.upload_blob.side_effect = refusal("AuthorizationPermissionMismatch")
    with pytest.raises(HttpResponseError), lock_on(blob).hold("secret-owner-token"):
        raise AssertionError("nothing is held")
