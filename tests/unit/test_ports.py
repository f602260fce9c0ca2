"""A port that several processes share, and nobody else: on the loopback's real sockets."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.runtime.errors import StartError
from gateway.runtime.ports import reserved_port

HOST = "127.0.0.1"


@contextmanager
def listener(port: int, *, shares: bool) -> Iterator[socket.socket]:
    """A server of this user, as gRPC and asyncio make one."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shares))
        server.bind((HOST, port))
        server.listen()
        yield server


def test_listeners_that_share_are_let_in_beside_a_reservation_and_get_every_connection() -> None:
    """The reservation itself never listens, so no connection ends up where nobody accepts it."""
    with (
        reserved_port(HOST, 0, "grpc_port") as port,
        listener(port, shares=True) as server,
        socket.create_connection((HOST, port)),
        server.accept()[0],
    ):
        pass


def test_a_second_reservation_is_refused_before_anybody_listens() -> None:
    """Two gateways that start at once never come to share a port."""
    with reserved_port(HOST, 0, "grpc_port") as port:
        said = f"TILLGATE_JSON_PORT: cannot listen on {HOST}:{port}"
        with pytest.raises(StartError, match=said), reserved_port(HOST, port, "json_port"):
            pass


@pytest.mark.parametrize("shares", [False, True])
def test_a_port_on_which_somebody_listens_is_refused(shares: bool) -> None:
    """Also one whose listener would share it."""
    with (
        listener(0, shares=shares) as server,
        pytest.raises(StartError, match="TILLGATE_GRPC_PORT"),
        reserved_port(HOST, server.getsockname()[1], "grpc_port"),
    ):
        pass


def test_a_listener_that_does_not_share_is_kept_out() -> None:
    """As of a gateway in one process."""
    with (
        reserved_port(HOST, 0, "grpc_port") as port,
        pytest.raises(OSError, match="in use"),
        listener(port, shares=False),
    ):
        pass


def test_a_port_is_free_again_after_its_reservation_and_its_last_connections() -> None:
    """What lingers of closed connections is no obstacle to a restart."""
    with reserved_port(HOST, 0, "grpc_port") as port, listener(port, shares=True) as server:
        client = socket.create_connection((HOST, port))
        accepted, _ = server.accept()
        # The side that closes first keeps the port in TIME_WAIT.
        accepted.close()
        assert b"" == client.recv(1)
        client.close()
    with reserved_port(HOST, port, "grpc_port") as again:
        assert port == again


def test_an_address_of_another_machine_is_named() -> None:
    """With the setting's own name."""
    said = re.escape("TILLGATE_GRPC_PORT: cannot listen on 192.0.2.1:7443")
    with pytest.raises(StartError, match=said), reserved_port("192.0.2.1", 7443, "grpc_port"):
        pass
