"""WSGI: the app of this process, from its environment."""

from flask import Flask

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.web import create_app


def build() -> Flask:
    """The Flask app over the App that the settings describe."""
    settings = load_settings()
    return create_app(build_app(settings), settings)
