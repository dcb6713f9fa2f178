"""Each call of the platform is covered by a role assignment, and no assignment is idle."""

import json
import re

import pytest
from bicep.files import BICEP, all_files, read_text
from bicep.needs import BUILT_IN, NEEDS, Need
from bicep.roles import grants_of, role_faults

from scienceops.core.names import CAPTURES, JOBS, PACKAGES, RUNS, TRAINING_SETS

GRANTS = grants_of(all_files().values())
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_every_call_is_covered_and_every_role_is_needed():
    assert role_faults(GRANTS, NEEDS) == []


def test_every_built_in_role_is_known_by_id_and_by_what_it_allows():
    ids = json.loads((BICEP / "roles.json").read_text())
    assert set(ids) == set(BUILT_IN)
    assert all(UUID.fullmatch(value) for value in ids.values())
    assert len(set(ids.values())) == len(ids)


def test_nobody_is_given_owner_contributor_or_everything():
    assert not [grant for grant in GRANTS if "*" in grant.permissions]


def test_containers_may_not_write_what_was_registered_nor_delete():
    condition = (BICEP / "container-writes.txt").read_text()
    allowed = set(re.findall(r"StringStartsWith '(\w+/)'", condition))
    assert allowed == {CAPTURES, JOBS, PACKAGES, RUNS.partition("/")[0] + "/", TRAINING_SETS}
    assert condition.count("(") == condition.count(")")
    assert "!(ActionMatches{" in condition.partition("AND")[0]


ASSIGNED = """
resource work 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: 'x'
  properties: {
    permissions: [
      {
        actions: ['A/b/read']
      }
    ]
  }
}
resource given 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: 'x'
  scope: thing
  properties: {
    principalId: functions.properties.principalId
    roleDefinitionId: work.id
  }
}
"""


@pytest.mark.parametrize(
    ("need", "fault"),
    [
        (Need("functions", "thing", "A/b/read", "x"), ""),
        (Need("functions", "thing", "A/b/write", "x"), "functions may not A/b/write on thing"),
        (Need("functions", "other", "A/b/read", "x"), "functions may not A/b/read on other"),
        (Need("topic", "thing", "A/b/read", "x"), "nobody needs work of functions on thing"),
    ],
)
def test_what_is_missing_and_what_is_idle_is_told(need, fault):
    faults = role_faults(grants_of([read_text(ASSIGNED)]), [need])
    assert faults == [] if not fault else fault in "\n".join(faults)
