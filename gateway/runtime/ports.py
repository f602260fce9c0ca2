"""One port for several processes, and for none but them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from gateway.runtime.errors import StartError
from gateway.runtime.settings_source import variable


@contextmanager
def reserved_port(host: str, port: int, setting: str) -> Iterator[int]:
    """Keep a port for listeners of this user with SO_REUSEPORT; yields it (chosen by the system if it was 0).

    Nobody listens yet, so no connection waits where it would not be accepted. Raises StartError with the name
    of the setting if the port is taken, also by another reservation.
    """
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(
                host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            for family, *_, address in found:
                taken = stack.enter_context(_reservation(family, (address[0], port, *address[2:])))
                port = taken.getsockname()[1]
        except OSError as error:
            raise StartError(f"{variable(setting)}: cannot listen on {host}:{port}: {error}") from error
        yield port


def _reservation(family: int, address: tuple[str | int, ...]) -> socket.socket:
    """A bound socket beside which others may listen if they set SO_REUSEPORT, and only then.

    Two sockets that both set it share a port in silence, so a first one without it finds out whether the port
    is free: it listens, which nobody else may do beside it, and gives way to the lasting one without a gap.
    """
    with socket.socket(family, socket.SOCK_STREAM) as first:
        # Connections of a gateway that has just ended still linger, and are no obstacle.
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first.bind(address)
        first.listen()
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        lasting = socket.socket(family, socket.SOCK_STREAM)
        try:
            lasting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            lasting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            lasting.bind((address[0], first.getsockname()[1], *address[2:]))
            # With it, a listener that does not share the port would be let in beside a socket that is bound.
            lasting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        except BaseException:
            lasting.close()
            raise
    return lasting
