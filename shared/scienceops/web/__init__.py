"""One Flask app: scoring gateway, management API, dashboard pages."""
