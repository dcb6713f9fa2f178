"""An installation on Azure's emulators and stand-ins: the functions run, and what they start does.

Azurite, the real runtime of Functions under a stand-in host, and stand-ins that execute what they
are sent: ACR Tasks, Container Apps and their jobs, Databricks, Event Grid, Key Vault. Statistics
are in SQLite.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from contract.waiting import PATIENCE
from emulators import container_jobs as jobs_stand_in
from emulators import registry_tasks as tasks_stand_in
from emulators.azurite import empty_queues_and_table, make_installation
from emulators.child import ROOT
from emulators.container_apps import ContainerApps, blueprint
from emulators.container_jobs import ContainerJobs
from emulators.databricks import Databricks, databricks_app
from emulators.image_files import puller
from emulators.registry_tasks import RegistryTasks
from emulators.resource_manager import RESOURCE_GROUP, SUBSCRIPTION, serving, serving_app
from emulators.vault_file import FileKeyVault
from ports import free_ports
from stand_in_registry import serve_registry

from scienceops.adapters.azure import connect_objects
from scienceops.adapters.azure.blob_events import QueueBlobEvents
from scienceops.adapters.azure.clients import open_queues
from scienceops.azure_settings import AzureSettings
from scienceops.config import Settings
from scienceops.core.names import CAPTURES, LABELS, PACKAGES

APP_FOLDER = ROOT / "functions" / "azure"
TIMER_SECONDS = 1.0
IMPORTS = os.pathsep.join([str(ROOT / "shared"), str(ROOT), str(ROOT / "tests")])
LOOK_SECONDS = 0.2
#: Azurite's one account, as its documentation prints it.
CONNECTION = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlm"
    "EtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:{0}/devstoreaccount1;"
    "QueueEndpoint=http://127.0.0.1:{1}/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:{2}/devstoreaccount1;"
)


class AzureInstallation:
    """The running whole, and the calls of its users."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.settings = settings
        self.objects = connect_objects(settings)
        self.vault = FileKeyVault(folder / "vault.json")
        self.vault.client().set_secret("owner-token", "so_" + "t" * 43)
        [self._port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = folder / "functions.log"
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SCIENCEOPS_")},
            **settings.as_environment,
            "PYTHONPATH": IMPORTS,
            "AzureWebJobsStorage": CONNECTION.format(*settings.azure.emulator.split(",")),
            "AzureWebJobsDisableHomepage": "true",
            "STAND_IN_VAULT": str(folder / "vault.json"),
        }
        self._seen: set[tuple[str, str]] = set()
        #: Set while Event Grid tells of what is there; it may take its time.
        self.announces = threading.Event()
        self.announces.set()
        self._stop = threading.Event()
        self._announcer = threading.Thread(target=self._announce, daemon=True)
        self._host: subprocess.Popen[str] | None = None

    @property
    def owner_token(self) -> str:
        """The token of the installation's owner, who can read its vault."""
        return str(self.vault.client().get_secret("owner-token").value)

    def up(self) -> None:
        """Start the functions' host and the stand-in for Event Grid."""
        self.start_host()
        self._announcer.start()

    def start_host(self, *deadly: str, hidden_seconds: int = 600) -> None:
        """Start the host in place of one that may run, and wait until it has loaded the app.

        deadly: when, at which door and at what it kills itself, see deadly_host.
        hidden_seconds: how long a message is hidden that it works on.
        """
        if self._host is not None:
            self.kill_host()
        module = ["emulators.deadly_host", *deadly] if deadly else ["emulators.functions_host"]
        words = [str(APP_FOLDER), str(self._port), str(TIMER_SECONDS)]
        with self._log.open("a") as out:
            self._host = subprocess.Popen(
                [sys.executable, "-m", *module, *words],
                env={**self._environment, "STAND_IN_HIDDEN_SECONDS": str(hidden_seconds)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=out,
                text=True,
            )
        assert self._host.stdout is not None
        assert self._host.stdout.readline() == "ready\n", self._log.read_text()[-3000:]

    @property
    def is_host_killed(self) -> bool:
        """Whether the host was ended by a signal."""
        return self._host is not None and (self._host.poll() or 0) < 0

    def kill_host(self) -> None:
        """Kill the host, as when its machine is taken away."""
        assert self._host is not None
        self._host.kill()
        self._host.wait()
        assert self._host.stdout is not None
        self._host.stdout.close()

    def down(self) -> None:
        """End it, and what would announce more to the queues that the next installation has."""
        self._stop.set()
        if self._announcer.is_alive():
            self._announcer.join()
        if self._host is not None:
            self.kill_host()

    def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """(status, headers, JSON or text) of one request at the HTTP door."""
        data = None if body is None else json.dumps(body).encode()
        named = {"Authorization": f"Bearer {self.owner_token}", "Content-Type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(self.url + path, data, named, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=60) as reply:
                status, got, content = reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as error:
            with error:
                status, got, content = error.code, dict(error.headers), error.read()
        with contextlib.suppress(ValueError):
            return status, got, json.loads(content)
        return status, got, content.decode()

    def json(self, path: str) -> Any:
        """What a GET of the management API answers."""
        status, _, body = self.request("GET", f"/api/v1{path}")
        assert status == 200, body
        return body

    def wait_for(
        self, look: Callable[[], Any], until: Callable[[Any], Any] = bool, seconds: float = 150
    ) -> Any:
        """What `look` returns once `until` holds for it; else the end of the functions' log."""
        end = time.monotonic() + PATIENCE * seconds
        while not until(seen := look()):
            log = self._log.read_text()[-4000:]
            assert time.monotonic() < end, f"still {seen!r} after {PATIENCE * seconds} s\n{log}"
            time.sleep(0.2)
        return seen

    def _announce(self) -> None:
        """Stand in for Event Grid: say once of each blob, and each change of it, that it is there.

        The subscriptions' filters, which infra/bicep holds, are in `queue_of`.
        """
        events = QueueBlobEvents(open_queues(self.settings.azure))
        while not self._stop.wait(LOOK_SECONDS):
            for prefix in (PACKAGES, CAPTURES, LABELS):
                for info in self.objects.scan(prefix):
                    if not self.announces.is_set():
                        break
                    if (info.key, info.etag) not in self._seen:
                        events.announce(self.settings.azure.container, info)
                        self._seen.add((info.key, info.etag))


@contextlib.contextmanager
def running_installation(folder: Path, azurite: str) -> Iterator[AzureInstallation]:
    """An installation that is up, and whose every process is ended with it."""
    with contextlib.ExitStack() as stack:
        registry = stack.enter_context(serve_registry())
        pull = puller(registry, folder / "images")
        apps = ContainerApps(folder / "azure", pull)
        jobs = ContainerJobs(folder / "azure", pull)
        shared = {"STAND_IN_VAULT": str(folder / "vault.json"), "PYTHONPATH": IMPORTS}
        databricks = Databricks(folder / "databricks", shared)
        for runs in (apps, jobs, databricks):
            stack.callback(runs.end)
        services = (
            blueprint(apps),
            jobs_stand_in.blueprint(jobs),
            tasks_stand_in.blueprint(RegistryTasks(registry)),
        )
        azure = AzureSettings(
            emulator=azurite,
            container=f"e2e-{folder.name[-8:].lower().replace('_', '-').strip('-')}0",
            subscription=SUBSCRIPTION,
            resource_group=RESOURCE_GROUP,
            location="westeurope",
            management=stack.enter_context(serving(*services)),
            app_environment="apps",
            container_identity="scorers",
            job_identity="jobs",
            key_vault="stand-in",
            sql_url=f"sqlite:///{folder / 'statistics.db'}",
            databricks_host=stack.enter_context(serving_app(databricks_app(databricks))),
            databricks_wheel="/Volumes/main/scienceops/scienceops-0.1.0-py3-none-any.whl",
        )
        make_installation(azure)
        empty_queues_and_table(azure)
        settings = Settings(
            cloud="azure",
            environment="test",
            images=f"{registry.host}/scienceops",
            azure=azure,
            statistics_seconds=1,
            segment_seconds=0.5,
            drain_seconds=1,
        )
        installation = AzureInstallation(folder, settings)
        stack.callback(installation.down)
        installation.up()
        yield installation
