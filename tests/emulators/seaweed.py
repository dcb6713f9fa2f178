"""SeaweedFS: a real object store that speaks S3, with disks, a filer and conditional writes."""

import json
import sys
from pathlib import Path

from emulators.child import Emulator
from ports import free_ports

PROGRAM = Path(sys.executable).with_name("weed")
KEY = SECRET = "test"


def start_seaweed(folder: Path) -> Emulator:
    """An empty store at `url`; what it keeps lies in `folder`."""
    (folder / "data").mkdir()
    identity = {
        "name": "test",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    parts = ("master", "volume", "filer")
    names = [f"{part}.port{kind}" for part in parts for kind in ("", ".grpc")]
    s3, s3_grpc, *ports = free_ports(2 + len(names))
    command = [
        *(str(PROGRAM), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"),
        *(f"-dir={folder / 'data'}", f"-s3.config={folder / 's3.json'}", "-volume.max=20"),
        *(f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
        "-master.volumeSizeLimitMB=64",
    ]
    emulator = Emulator(command, {}, f"http://127.0.0.1:{s3}", folder / "seaweed.log")
    emulator.wait("/status")
    return emulator
