"""Stand-in for the policies of clusters and the secret scopes of a Databricks workspace.

Bodies are checked by the SDK's own methods, rules by the fields of its cluster. No cluster is
started by a policy here.
"""

import dataclasses
import inspect
import json
from typing import Any

from databricks.sdk.service.compute import ClusterPoliciesAPI, ClusterSpec
from flask import Blueprint, Response, jsonify, request

FIELDS = {field.name for field in dataclasses.fields(ClusterSpec)}
TYPES = {"fixed", "forbidden", "allowlist", "blocklist", "regex", "range", "unlimited"}


@dataclasses.dataclass
class Policies:
    """What a workspace keeps of both."""

    policies: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    #: By scope, then by key.
    secrets: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)

    def rules(self, policy_id: str) -> dict[str, dict[str, Any]]:
        """The rules of a policy."""
        return dict(json.loads(self.policies[policy_id]["definition"]))


def blueprint(kept: Policies) -> Blueprint:
    """The calls of the cluster policies API and of the secrets API that are used."""
    routes = Blueprint("policies", __name__, url_prefix="/api/2.0")

    def keep(policy_id: str, method: Any) -> Response:
        body = request.get_json()
        if unknown := set(body) - set(inspect.signature(method).parameters):
            return _problem("INVALID_PARAMETER_VALUE", f"unknown: {sorted(unknown)}")
        rules = json.loads(body["definition"])
        bad = [path for path, rule in rules.items() if not _is_rule(path, rule)]
        if bad:
            return _problem("INVALID_PARAMETER_VALUE", f"no rules: {bad}")
        others = [found for key, found in kept.policies.items() if key != policy_id]
        if body["name"] in [found["name"] for found in others]:
            return _problem("INVALID_PARAMETER_VALUE", "a policy of this name exists")
        # As Databricks does, a change says all of a policy: what it leaves out is gone.
        kept.policies[policy_id] = {**body, "policy_id": policy_id}
        return jsonify({"policy_id": policy_id})

    @routes.post("/policies/clusters/create")
    def create() -> Response:
        return keep(f"00{len(kept.policies):014X}", ClusterPoliciesAPI.create)

    @routes.post("/policies/clusters/edit")
    def edit() -> Response:
        policy_id = request.get_json()["policy_id"]
        if policy_id not in kept.policies:
            return _problem("RESOURCE_DOES_NOT_EXIST", f"no policy {policy_id}")
        return keep(policy_id, ClusterPoliciesAPI.edit)

    @routes.get("/policies/clusters/list")
    def list_policies() -> Response:
        return jsonify({"policies": list(kept.policies.values())})

    @routes.get("/secrets/scopes/list")
    def list_scopes() -> Response:
        return jsonify({"scopes": [{"name": name} for name in kept.secrets]})

    @routes.post("/secrets/scopes/create")
    def create_scope() -> Response:
        scope = request.get_json()["scope"]
        if scope in kept.secrets:
            return _problem("RESOURCE_ALREADY_EXISTS", f"Scope {scope} already exists!")
        kept.secrets[scope] = {}
        return jsonify({})

    @routes.get("/secrets/list")
    def list_secrets() -> Response:
        return jsonify({"secrets": [{"key": key} for key in kept.secrets[request.args["scope"]]]})

    @routes.post("/secrets/put")
    def put_secret() -> Response:
        body = request.get_json()
        if body["scope"] not in kept.secrets:
            return _problem("RESOURCE_DOES_NOT_EXIST", f"Scope {body['scope']} does not exist!")
        kept.secrets[body["scope"]][body["key"]] = body["string_value"]
        return jsonify({})

    return routes


def _is_rule(path: str, rule: dict[str, Any]) -> bool:
    return path.partition(".")[0] in FIELDS and rule.get("type") in TYPES


def _problem(code: str, message: str) -> Response:
    reply = jsonify({"error_code": code, "message": message})
    reply.status_code = 400
    return reply
