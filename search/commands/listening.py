"""Listening at an address: whether it is free, and whether others reach it."""

from __future__ import annotations

import socket

from search.problem.errors import UserError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Addresses that only this machine reaches."""


def require_free(host: str, port: int) -> None:
    """Raise UserError unless a server can listen at an address.

    Args:
        host: Address, or name of a host.
        port: Number of the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"cannot listen at {host}:{port}: {error.strerror or error}; give another --port"
            ) from None
        except UnicodeError:  # from Python's encoding of a host's name
            raise UserError(
                f"--host must be an address or a host's name, received {host!r}"
            ) from None
