"""Every platform that has landed has every adapter, and every adapter its contract suite."""

import importlib
import inspect
from pathlib import Path
from typing import Protocol

import pytest

ROOT = Path(__file__).parents[2]
PORTS = sorted(
    p.stem for p in (ROOT / "shared/scienceops/ports").glob("*.py") if p.stem != "__init__"
)
#: A platform has landed once its adapters can be connected.
LANDED = [
    path.parent.name
    for path in sorted((ROOT / "shared/scienceops/adapters").glob("*/__init__.py"))
    if "def connect(" in path.read_text()
]


def test_there_are_eight_ports_and_one_machine_has_landed():
    assert len(PORTS) == 8
    assert "local" in LANDED


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("platform", LANDED)
def test_every_port_has_an_adapter_and_a_suite(platform, port):
    assert (ROOT / f"shared/scienceops/adapters/{platform}/{port}.py").exists()
    assert (ROOT / f"tests/contract/{port}.py").exists()
    suite = (ROOT / f"tests/contract/test_{platform}_{port}.py").read_text()
    assert "Contract)" in suite


@pytest.mark.parametrize("port", PORTS)
def test_a_port_has_at_most_six_methods(port):
    module = importlib.import_module(f"scienceops.ports.{port}")
    protocols = [
        c
        for _, c in inspect.getmembers(module, inspect.isclass)
        if Protocol in c.__bases__ and c.__module__ == module.__name__
    ]
    assert len(protocols) == 1
    methods = [n for n, _ in inspect.getmembers(protocols[0], inspect.isfunction) if n[0] != "_"]
    assert 1 <= len(methods) <= 6, methods
