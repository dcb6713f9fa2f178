"""What it takes to speak to Azure SQL from this machine, and what to do when it lets nobody in."""

import ctypes
import re

#: What Microsoft's driver says, and what to do about it; the first group, if any, is an address.
REFUSALS = (
    (
        re.compile(r"Client with IP address '([^']+)' is not allowed|\(40615\)"),
        "it lets in nobody from {address}. Deploy again with that address beside all that are to "
        'stay, `make deploy-azure OPTIONS="--address {address}"`, or from Azure Cloud Shell where '
        "the stage has no network of its own. A new rule holds within five minutes",
    ),
    (
        re.compile(r"Login failed for user|\(18456\)"),
        "it knows nobody who is signed in here, so that is not the administrator of the stage. "
        "Sign in as the one that the deployment names, by `az login`, or deploy again with "
        "ADMINISTRATOR_ID and ADMINISTRATOR_NAME, or --group, of who is to administer",
    ),
    (
        re.compile(r"\b(?:08001|HYT00|HYT01)\b"),
        "it was not reached from this machine. Let its port 1433 out of this network, or deploy "
        "from another one",
    ),
)
INSTALL = "On Debian: apt-get install unixodbc libgssapi-krb5-2. Then deploy again"


def need_driver() -> None:
    """Raises SystemExit with what to install where this machine has no ODBC driver that loads."""
    from scienceops.adapters.azure.sql_engine import find_driver
    from scienceops.errors import StatisticsUnavailable

    need = (
        "the step infra.azure.grant_sql needs unixODBC and Microsoft's ODBC driver 18, "
        "and nothing was called yet"
    )
    try:
        driver = find_driver("of the stage")
        if driver.startswith("/"):
            ctypes.CDLL(driver)
    except ImportError as error:
        raise SystemExit(f"{need}: pyodbc cannot be loaded ({error}). {INSTALL}") from None
    except (OSError, StatisticsUnavailable) as error:
        raise SystemExit(f"{need}: {error}. {INSTALL}") from None


def advice_on(reason: str) -> str:
    """What to do about what the driver said; empty when it is none of what is known.

    >>> advice_on("Client with IP address '203.0.113.7' is not allowed to access the server.")[:37]
    'it lets in nobody from 203.0.113.7. D'
    """
    for pattern, advice in REFUSALS:
        if found := pattern.search(reason):
            address = found[1] if pattern.groups and found[1] else "ADDRESS"
            return advice.format(address=address)
    return ""
