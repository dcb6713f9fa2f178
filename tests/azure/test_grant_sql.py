"""Who is let into the statistics of a stage, as statements of SQL."""

import pytest

from infra.azure import grant_sql


def test_an_identity_is_let_in_by_its_client_id_and_may_make_no_tables():
    number = "00112233-4455-6677-8899-aabbccddeeff"
    told = grant_sql.statements("scienceops-dev-functions", number)
    assert "WITH SID = 0x33221100554477668899AABBCCDDEEFF, TYPE = E" in told[0]
    assert not [line for line in told if "ddladmin" in line or "owner" in line]


@pytest.mark.parametrize("name", ["x'; DROP TABLE y --", "x]y", "x y"])
def test_a_name_that_could_end_its_quotes_is_refused(name):
    with pytest.raises(ValueError, match="no name of an identity"):
        grant_sql.statements(name, "00112233-4455-6677-8899-aabbccddeeff")
