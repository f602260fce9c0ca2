"""A flood of handshakes at the gRPC port: standing connections and known addresses come first.

The kernel's filter is looked at on real sockets; the test machine has all of 127.0.0.0/8.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from gateway.rpc import metrics
from gateway.rpc.newcomers import LEAST_SHARE, KnownAddresses, Shares, address_in
from gateway.rpc.syn_filter import Address, filter_port, syn_filter
from loadtests.bench.strangers import is_heard, make_stranger, stranger_context
from tests import wire_kit as till
from tests.crash.processes import eventually
from tests.door_kit import Door, door_on
from tillgate.v1 import purchase_service_pb2 as service

SOON_S = 0.3
PER_S = 20


def known(*names: str) -> list[Address]:
    """Addresses."""
    return [ip_address(name) for name in names]


@pytest.fixture(params=["127.0.0.1", "::"], ids=["IPv4", "both"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A port, of IPv4 alone or of both kinds, as gRPC has it."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    is_dual = family == socket.AF_INET6
    with socket.create_server((request.param, 0), family=family, dualstack_ipv6=is_dual) as made:
        yield made


def gets_in(listener: socket.socket, source: str, *, timeout_s: float = SOON_S) -> bool:
    """Whether a connection from one of this machine's addresses begins at once."""
    host = "::1" if ":" in source else "127.0.0.1"
    with socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET) as client:
        client.bind((source, 0))
        client.settimeout(timeout_s)
        try:
            client.connect((host, listener.getsockname()[1]))
        except TimeoutError:
            return False
        return True


def set_filter(listener: socket.socket, program: bytes | None) -> None:
    """Put a program before the port, as the door does: by its number."""
    assert 1 == filter_port(listener.getsockname()[1], program)


def test_others_are_dropped_and_known_addresses_get_in(listener: socket.socket) -> None:
    """Whichever of many it is; without the filter everybody does."""
    many = known(*(f"10.0.{n // 256}.{n % 256}" for n in range(998)), "127.0.0.7", "127.0.0.9")
    set_filter(listener, syn_filter(many, known_share=1, share=0))
    for source, is_in in (("127.0.0.7", True), ("127.0.0.9", True), ("127.0.0.8", False)):
        assert is_in == gets_in(listener, source), source
    set_filter(listener, syn_filter(many, known_share=0, share=1))
    for source, is_in in (("127.0.0.7", False), ("127.0.0.8", True)):
        assert is_in == gets_in(listener, source), source
    set_filter(listener, None)
    set_filter(listener, None)
    assert gets_in(listener, "127.0.0.7")


def test_of_ipv6_the_network_counts() -> None:
    """The first 64 bits are a customer's."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        set_filter(listener, syn_filter(known("2001:db8::1", "::2"), known_share=1, share=0))
        assert (True, False) == (gets_in(listener, "::1"), gets_in(listener, "127.0.0.1"))
        set_filter(listener, syn_filter(known("2001:db8::1"), known_share=1, share=0))
        assert not gets_in(listener, "::1")


def test_a_connection_that_stands_feels_nothing(listener: socket.socket) -> None:
    """It began under the filter, or before; its bytes go through when nobody is let in."""
    sockets = []
    for program in (None, syn_filter([], known_share=1, share=1)):
        set_filter(listener, program)
        client = socket.create_connection(("127.0.0.1", listener.getsockname()[1]))
        sockets += [client, listener.accept()[0]]
    set_filter(listener, syn_filter([], known_share=0, share=0))
    for one, other in ((sockets[0], sockets[1]), (sockets[3], sockets[2])):
        one.sendall(b"bytes")
        assert b"bytes" == other.recv(5)
    for one in sockets:
        one.close()


def test_a_share_is_let_in(listener: socket.socket) -> None:
    """By chance, so that whoever is dropped now gets in later."""
    set_filter(listener, syn_filter([], known_share=1, share=0.5))
    listener.listen(200)
    begun = [gets_in(listener, "127.0.0.1", timeout_s=0.02) for _ in range(100)]
    assert 10 < sum(begun) < 90


def test_shares_follow_what_begins() -> None:
    """Others pay first, known addresses only when nobody else is left, and both come back."""
    shares = Shares(50)
    shares.look(50)
    assert shares.are_whole
    shares.look(200)
    assert (0.25, 1.0) == (shares.others, shares.known)
    for _ in range(5):
        shares.look(500)
    assert LEAST_SHARE == shares.others
    assert shares.known < 1
    for _ in range(30):
        shares.look(0)
    assert shares.are_whole


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.7:1234", "192.0.2.7"),
        ("ipv6:%5B2001:db8::7%5D:1234", "2001:db8::7"),
        ("ipv6:[::ffff:192.0.2.7]:1234", "192.0.2.7"),
        ("unix:/somewhere", None),
    ],
)
def test_addresses_are_read_from_grpcs_names(peer: str, address: str | None) -> None:
    """As the filter meets them."""
    assert (ip_address(address) if address else None) == address_in(peer)


def test_known_addresses_are_every_workers_and_outlive_a_restart(tmp_path: Path) -> None:
    """A broken file costs nobody anything but his turn."""
    first, second = KnownAddresses(tmp_path, 0), KnownAddresses(tmp_path, 1)
    first.note(b"one", "ipv4:192.0.2.1:1")
    second.note(b"two", "ipv4:192.0.2.2:1")
    assert (False, True) == (first.wants(b"one"), first.wants(b"two"))
    for one in (first, second):
        one.keep()
    assert known("192.0.2.1", "192.0.2.2") == first.all()
    (tmp_path / "1.json").write_bytes(b"[1]")
    assert known("192.0.2.1") == KnownAddresses(tmp_path, 0).all()


@pytest.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway that bears few handshakes."""
    limits = tmp_path / "limits.toml"
    limits.write_text(f"[handshakes]\nper_s = {PER_S}\n", encoding="utf-8")
    async with door_on(tmp_path / "door", database_url, redis_url, limits_file=limits) as made:
        yield made


async def connects(port: int, source: str) -> bool:
    """Whether a connection from an address begins soon."""
    try:
        async with asyncio.timeout(SOON_S):
            _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    except TimeoutError:
        return False
    writer.transport.abort()
    return True


async def test_honest_tills_connect_and_buy_while_strangers_are_held_back(door: Door, tmp_path: Path) -> None:
    """Strangers' connections are not even begun; afterwards everybody is let in again."""
    port, card = door.gateway.grpc_port, await door.card(500_00)
    assert (await door.till().outcome(till.sale(card=card))).purchase.certificate_kopecks
    make_stranger(tmp_path)
    context = stranger_context(tmp_path)
    heard: list[bool] = []

    async def knock() -> None:
        while True:
            heard.append(await is_heard(port, context))

    knocking = [asyncio.create_task(knock()) for _ in range(20)]

    async def is_held_back() -> bool:
        return not await connects(port, "127.0.0.66")

    try:
        await eventually(is_held_back, "strangers are held back")
        for _ in range(3):
            new = door.till()
            call: Any = service.GetBalanceRequest(card=card)
            assert (await new.call(call)).certificates
            assert await connects(port, "127.0.0.1")
    finally:
        for task in knocking:
            task.cancel()
        await asyncio.gather(*knocking, return_exceptions=True)
    assert not any(heard)
    await eventually(lambda: 1 == metrics.NEWCOMERS_SHARE._value.get(), "everybody is let in again")
    assert await connects(port, "127.0.0.77")
