"""A token of Entra ID is exchanged for the registry's own; a stand-in plays the registry."""

import base64
from types import SimpleNamespace

import pytest
from emulators.resource_manager import serving_app
from flask import Flask, Response, jsonify, request

from scienceops.adapters.azure.registry_login import NOBODY, SCOPE, open_registry
from scienceops.errors import RegistryRefused, RegistryUnavailable

MANIFEST = b'{"config": {}, "layers": []}'


class Credential:
    def get_token(self, *scopes: str) -> SimpleNamespace:
        assert scopes == (SCOPE,)
        return SimpleNamespace(token="entra-token")


@pytest.fixture
def registry():
    """A registry that asks for Bearer tokens, as ACR does."""
    app = Flask("registry")
    app.exchange_status = 200
    app.asked = []

    @app.post("/oauth2/exchange")
    def exchange() -> Response:
        app.asked.append(request.form.to_dict())
        reply = jsonify({"refresh_token": "refresh-token"})
        reply.status_code = app.exchange_status
        return reply

    @app.get("/oauth2/token")
    def token() -> Response:
        wanted = base64.b64encode(f"{NOBODY}:refresh-token".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            return Response(status=401)
        app.asked.append(request.args.to_dict())
        return jsonify({"access_token": "access-token"})

    @app.get("/v2/scienceops/manifests/<reference>")
    def manifest(reference: str) -> Response:
        if request.headers.get("Authorization") == "Bearer access-token":
            return Response(MANIFEST)
        realm = f'Bearer realm="{request.host_url}oauth2/token",service="acr"'
        return Response(status=401, headers={"WWW-Authenticate": realm})

    with serving_app(app) as address:
        app.address = address
        yield app


def repository_of(app):
    return app.address.removeprefix("http://") + "/scienceops"


def test_the_registry_is_read_with_the_exchanged_token(registry):
    opened = open_registry(repository_of(registry), Credential(), registry.address)
    assert opened.manifest("tag") == MANIFEST
    exchanged, asked = registry.asked
    assert exchanged["access_token"] == "entra-token"
    assert (exchanged["grant_type"], exchanged["service"]) == (
        "access_token",
        registry.address.removeprefix("http://"),
    )
    assert asked == {"service": "acr", "scope": "repository:scienceops:pull,push"}


def test_an_identity_that_the_registry_does_not_know_is_told_which_role_it_lacks(registry):
    registry.exchange_status = 401
    with pytest.raises(RegistryRefused, match="AcrPush"):
        open_registry(repository_of(registry), Credential(), registry.address)


def test_a_registry_that_fails_is_told_as_away(registry):
    registry.exchange_status = 503
    with pytest.raises(RegistryUnavailable, match="503"):
        open_registry(repository_of(registry), Credential(), registry.address)
