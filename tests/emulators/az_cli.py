"""A stand-in for the Azure CLI: it writes down its calls, and answers by how they begin."""

import json
import stat
import sys

from infra.azure import deploy

STAND_IN = f"""#!{sys.executable}
import json, os, sys
told = {{name: os.environ[name] for name in os.environ if name.startswith(("ADM", "ALERT"))}}
with open(os.environ["AZ_CALLS"], "a") as calls:
    calls.write(json.dumps([sys.argv[1:], told]) + "\\n")
arguments = " ".join(sys.argv[1:])
for start, answer in json.loads(os.environ["AZ_ANSWERS"]).items():
    if arguments.startswith(start):
        if answer == "fails":
            sys.exit(1)
        print(json.dumps(answer))
"""
ME = {"id": "11111111-2222-3333-4444-555555555555", "userPrincipalName": "eva@example.org"}
OUTPUTS = {name: {"type": "String", "value": f"the-{name}"} for name in deploy.OUTPUTS}
REGISTRY = OUTPUTS["registryServer"]["value"]
BUILT = "sha256:" + "1" * 64
#: Of a stage that is new: there is no registry before its first deployment, and no image in it.
ANSWERS = {
    "ad signed-in-user": ME,
    "deployment group create": OUTPUTS,
    "acr list": [],
    "acr repository list": [],
    "acr repository show ": BUILT,
}


class StandInCli:
    """What `az` was asked, and what it answers."""

    def __init__(self, folder, monkeypatch):
        self._calls = folder / "calls"
        self._monkeypatch = monkeypatch
        program = folder / "az"
        program.write_text(STAND_IN)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("AZ_CALLS", str(self._calls))
        self.answers(ANSWERS)

    def answers(self, answers):
        self._monkeypatch.setenv("AZ_ANSWERS", json.dumps(answers))

    @property
    def calls(self):
        """The words and the environment of each call."""
        text = self._calls.read_text() if self._calls.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def asked(self, start):
        return [" ".join(call) for call, _ in self.calls if " ".join(call).startswith(start)]
