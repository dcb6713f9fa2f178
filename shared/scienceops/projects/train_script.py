"""Train script: a project's own train.py, imported from its path, failing in its own lines."""

import importlib.util
import inspect
import itertools
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from scienceops.errors import BadInput, ModelFailed

#: Modules of train.py bear this name and a number; a model may not be made of their classes.
MODULE = "scienceops_train_"

#: How many frames of the user's own file a failure shows.
FRAMES = 3

#: A password within an address, which neither a message nor a shown line may repeat.
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s\"']+@")

_numbers = itertools.count()


class TrainScript:
    """The functions of one train.py, called with its folder as the working directory."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BadInput(
                f"{path} is not there: write one with load() and train(data, sample_weight=None)"
            )
        self._path = path.resolve()
        with self._blaming("the import of train.py"):
            self._module = self._import()
        self._load = self._function("load", "() -> the rows as a DataFrame")
        self._train = self._function("train", "(data, sample_weight=None) -> the fitted model")

    @property
    def is_weighted(self) -> bool:
        """Whether train() takes sample_weight, which a retraining may pass."""
        kinds = inspect.signature(self._train).parameters.values()
        return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in kinds)

    def load(self) -> Any:
        """What load() gives; raises ModelFailed."""
        with self._blaming("load()"):
            return self._load()

    def train(self, data: Any) -> Any:
        """What train(data) gives; raises ModelFailed."""
        with self._blaming("train(data)"):
            return self._train(data)

    def _import(self) -> ModuleType:
        # The folder is not put on the module path: train.py travels alone in the package, and an
        # import of a file beside it would fail there, so it fails here.
        name = f"{MODULE}{next(_numbers)}"
        spec = importlib.util.spec_from_file_location(name, self._path)
        if spec is None or spec.loader is None:
            raise BadInput(f"{self._path} cannot be imported: is it a Python file?")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    def _function(self, name: str, shape: str) -> Callable[..., Any]:
        found = getattr(self._module, name, None)
        if not callable(found):
            raise BadInput(f"train.py has no function {name}: define {name}{shape}")
        function: Callable[..., Any] = found
        return function

    @contextmanager
    def _blaming(self, what: str) -> Iterator[None]:
        before = Path.cwd()
        os.chdir(self._path.parent)
        try:
            yield
        except (Exception, SystemExit) as error:
            # Whatever the script raises is told in its own lines, `sys.exit()` included.
            raise self._failed(what, error) from error
        finally:
            os.chdir(before)

    def _failed(self, what: str, error: BaseException) -> ModelFailed:
        if isinstance(error, SyntaxError) and error.filename == str(self._path):
            return ModelFailed(f"train.py, line {error.lineno}, is no Python: {error.msg}")
        lines = [f"{what} raised {type(error).__name__}: {error}"]
        beside = self._path.with_name(f"{getattr(error, 'name', '') or ''}.py")
        if isinstance(error, ModuleNotFoundError) and beside.is_file():
            lines[0] += (
                f"; {beside.name} is beside train.py, which travels alone in the package: put "
                "what you need from it into train.py"
            )
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == str(self._path)]
        for frame in own[-FRAMES:]:
            lines.append(f"  {self._path.name}, line {frame.lineno}, in {frame.name}")
            lines.append(f"    {frame.line}")
        return ModelFailed(_PASSWORD.sub(r"\1***@", "\n".join(lines)))
