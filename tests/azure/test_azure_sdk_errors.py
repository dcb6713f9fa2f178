"""What Azure's SDKs refuse is told to a person in a shell in one line, with the next step."""

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from scienceops.bootstrap import explain
from scienceops.cli.main import main
from scienceops.config import load_settings

SETTINGS = load_settings(
    {"SCIENCEOPS_CLOUD": "azure", "SCIENCEOPS_AZURE_STORAGE_ACCOUNT": "scopsdev"}
)


def forbidden(message):
    error = HttpResponseError(message)
    error.status_code = 403
    return error


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (ClientAuthenticationError("No credential\n\tCLI: no"), "az login"),
        (ResourceNotFoundError("The table is not there"), "STORAGE_ACCOUNT=scopsdev and"),
        (ServiceRequestError("No such host"), "STORAGE_ACCOUNT=scopsdev the stage's"),
        (forbidden("Not authorized\nRequestId: 1"), "no role"),
        (ServiceResponseError("Broken off"), "try again later"),
        (HttpResponseError(""), "try again later"),
    ],
)
def test_an_error_of_the_sdk_is_one_line_with_the_next_step(error, step):
    told = explain(error, SETTINGS)
    assert step in told
    assert "\n" not in told
    first = str(error.message).partition("\n")[0]
    assert told.startswith(first)


def test_an_error_that_is_ours_is_left_alone():
    assert explain(KeyError("x"), SETTINGS) == ""


def test_a_command_of_somebody_who_is_not_signed_in_says_so(monkeypatch, capsys):
    def nobody(*_, **__):
        raise ClientAuthenticationError("No credential\n\tCLI: no")

    monkeypatch.setenv("SCIENCEOPS_CLOUD", "azure")
    monkeypatch.setattr("sys.argv", ["scienceops", "status"])
    monkeypatch.setattr("scienceops.cli.status.app", nobody)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code not in (0, None)
    assert capsys.readouterr().err.startswith("scienceops: No credential: sign in by `az login`")
