"""Platform secrets: made on first use, the first writer wins."""

import secrets

from scienceops.ports.secret_store import SecretStore


def gateway_secret(store: SecretStore) -> str:
    """The secret from which each version's gateway key is derived."""
    return store.put("gateway-secret", secrets.token_urlsafe(32), if_absent=True)


def session_secret(store: SecretStore) -> str:
    """The key that signs the pages' session cookies."""
    return store.put("session-secret", secrets.token_urlsafe(32), if_absent=True)


def owner_token(store: SecretStore) -> str:
    """The token of whoever can read this installation's secrets: its owner."""
    return store.put("owner-token", "so_" + secrets.token_urlsafe(32), if_absent=True)
