"""Ports of gateways in tests and benches: many are asked for before anybody listens."""

from collections import deque

import pytest

from loadtests import serving


def test_a_port_is_not_given_twice_before_anybody_could_listen_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two settings of one gateway would get the same one, once in some thousand times."""
    monkeypatch.setattr(serving, "_PORTS", range(15_000, 15_100))
    monkeypatch.setattr(serving, "_given", deque(maxlen=50))
    ports = [serving.free_port() for _ in range(50)]
    assert 50 == len(set(ports))
