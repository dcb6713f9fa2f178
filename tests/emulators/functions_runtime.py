"""The real Python runtime of Azure Functions, driven in this process by its own protocol.

`.emulators/functions` holds it, see `make .emulators/ready`. What speaks to it here stands in for
the Functions host: it makes the same messages that the host sends over gRPC.
"""

import asyncio
import json
import sys
import threading
import uuid
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

FOLDER = Path(__file__).parents[2] / ".emulators" / "functions"
START_SECONDS = 240


class LoadFailed(Exception):
    """The runtime would not load the app; the message is its own."""


class InvocationFailed(Exception):
    """The function raised; the message is what the runtime tells the host."""


class FunctionsRuntime:
    """One app, loaded; its functions by name. A process can hold one."""

    def __init__(self, app_folder: Path) -> None:
        sys.path[:0] = [str(app_folder), str(FOLDER)]
        self._protos = _load_protos()
        self._runtime = import_module("azure_functions_runtime")
        import_module("azure_functions_runtime.utils.threadpool").start_threadpool_executor()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        ready = self._ask(
            "worker_init_request", worker_init_request={"function_app_directory": str(app_folder)}
        )
        self._check(ready.result)
        listed = self._ask("functions_metadata_request", functions_metadata_request={})
        self._check(listed.result)
        self.functions = {found.name: found for found in listed.function_metadata_results}
        for found in self.functions.values():
            loaded = self._ask(
                "function_load_request", function_load_request={"function_id": found.function_id}
            )
            self._check(loaded.result)

    def bindings(self, name: str) -> list[dict[str, Any]]:
        """The bindings of a function, as its function.json would have them."""
        return [json.loads(text) for text in self.functions[name].raw_bindings]

    def trigger(self, name: str) -> dict[str, Any]:
        """The binding that calls a function."""
        [found] = [b for b in self.bindings(name) if b["type"].endswith("Trigger")]
        return found

    def invoke(self, name: str, value: Any, metadata: Mapping[str, Any] | None = None) -> Any:
        """Call a function with one TypedData of its trigger; what it returned, as TypedData."""
        trace = {"trace_parent": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"}
        answer = self._ask(
            "invocation_request",
            invocation_request={
                "invocation_id": str(uuid.uuid4()),
                "function_id": self.functions[name].function_id,
                "input_data": [{"name": self.trigger(name)["name"], "data": value}],
                "trigger_metadata": metadata or {},
                "trace_context": trace,
            },
        )
        if answer.result.status != self._protos.StatusResult.Success:
            raise InvocationFailed(answer.result.exception.message)
        return answer.return_value

    def _ask(self, handler: str, **message: Any) -> Any:
        properties = {"protos": self._protos, "host": "127.0.0.1"}
        request = SimpleNamespace(
            request=self._protos.StreamingMessage(**message), properties=properties
        )
        told = getattr(self._runtime, handler)(request)
        return asyncio.run_coroutine_threadsafe(told, self._loop).result()

    def _check(self, result: Any) -> None:
        if result.status != self._protos.StatusResult.Success:
            raise LoadFailed(result.exception.message)


def _load_protos() -> SimpleNamespace:
    """The messages of the protocol; beside them lie stubs that would want gRPC."""
    package = ModuleType("function_rpc")
    package.__path__ = [str(FOLDER / "tests" / "protos")]
    sys.modules["function_rpc"] = package
    names: dict[str, Any] = {}
    for module in ("FunctionRpc_pb2", "shared.NullableTypes_pb2"):
        names.update(vars(import_module(f"function_rpc.{module}")))
    return SimpleNamespace(**names)
