"""A real server in a thread of the test, and a relay that loses answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from search.service.app import create_app

_MOST_BYTES = 2**16


@contextmanager
def serving(storage: str) -> Iterator[str]:
    """The service over a database, at the URL that it yields."""
    config = uvicorn.Config(
        create_app(storage), port=0, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def losing(url: str, lost: int) -> Iterator[str]:
    """A relay to a server that cuts the first connections off as their answer comes."""
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = url.removeprefix("http://").split(":")

    def relay() -> None:
        left = lost
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((host, int(port)))
                threading.Thread(target=_pump, args=(near, far)).start()
                if left:
                    far.recv(1)
                    _end(near, far)
                else:
                    threading.Thread(target=_pump, args=(far, near)).start()
                left = max(left - 1, 0)

    thread = threading.Thread(target=relay)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        _end(listener)
        thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until one end is closed."""
    with suppress(OSError):
        while got := source.recv(_MOST_BYTES):
            target.sendall(got)
    _end(source, target)


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
