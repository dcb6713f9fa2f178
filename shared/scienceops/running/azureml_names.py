"""Azure ML names: the one call that classic scripts make to find their model, answered here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_NAMES = ("azureml", "azureml.core", "azureml.core.model")


@contextmanager
def azureml_names(model_file: Path | None) -> Iterator[None]:
    """While it lasts, `azureml.core.model.Model.get_model_path(...)` is the package's model file.

    Only that call is there, and only where the real azureml is not installed: it needs an account
    and a network, and all that a served script asks of it is a path.
    """
    if model_file is None or find_spec("azureml") is not None:
        yield
        return
    modules = {name: ModuleType(name) for name in _NAMES}
    for name, module in modules.items():
        module.__path__ = []
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    path = str(model_file.resolve())

    class Model:
        """Stands in for azureml's class of this name."""

        @staticmethod
        def get_model_path(*_names: object, **_options: object) -> str:
            """The package's only model, under whatever name it was registered elsewhere."""
            return path

    for name in _NAMES[1:]:
        vars(modules[name])["Model"] = Model
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in _NAMES:
            sys.modules.pop(name, None)
