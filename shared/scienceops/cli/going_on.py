"""Going on: what an interrupted command says of the work that goes on without it."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def goes_on(told: str) -> Iterator[None]:
    """Say this where Ctrl-C comes meanwhile, which ends the command all the same."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\n{told}", err=True)
        raise
