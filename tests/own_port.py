"""Own port: one of this machine that nobody else gets before the server is there."""

import socket
import weakref


def own_port(owner: object) -> int:
    """A port that is bound, and so given to no other process, for as long as `owner` is there.

    Nothing listens, so that a client is refused. A server may bind it with SO_REUSEADDR, as servers
    do.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    weakref.finalize(owner, held.close)
    port: int = held.getsockname()[1]
    return port
