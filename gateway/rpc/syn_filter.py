"""A filter in the kernel before a listening port: which new connections it does not even begin.

A classic BPF program at the listening socket sees each packet that would open a connection, before anything
is spent on it; whoever owns the socket may set one. What it drops, an honest client's kernel sends again
after a second, three, seven. Nothing else is touched. Linux alone has it.
"""

import ctypes
import os
import socket
import struct
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

# Numbers of the kernel's interface: linux/filter.h, linux/bpf_common.h, asm-generic/socket.h.
_LOAD_BYTE, _LOAD_WORD, _AND, _EQUALS, _AT_LEAST, _JUMP, _RETURN = 0x30, 0x20, 0x54, 0x15, 0x35, 0x05, 0x06
_NETWORK_HEADER: Final = 0xFFF00000
_RANDOM: Final = 0xFFFFF038
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_TCP_FLAGS_AT, _SYN, _SYN_OR_ACK = 13, 0x02, 0x12
_IPV4_SOURCE_AT, _IPV6_SOURCE_AT = 12, 8
_WHOLE_PACKET: Final = 0xFFFFFFFF
_STEP_BYTES: Final = 8

_Step: TypeAlias = tuple[int, int, int, int | str]
"""Code, how many steps to skip if true and if not, operand: of a jump the name of where it goes."""


def syn_filter(known: Collection[Address], *, known_share: float, share: float) -> bytes:
    """The program that lets in these shares, from 0 to 1, of new connections from known and other addresses.

    An IPv6 address stands for its /64.
    """
    steps: list[_Step] = [
        (_LOAD_BYTE, 0, 0, _TCP_FLAGS_AT),
        (_AND, 0, 0, _SYN_OR_ACK),
        (_EQUALS, 1, 0, _SYN),
        (_RETURN, 0, 0, _WHOLE_PACKET),
        (_LOAD_BYTE, 0, 0, _NETWORK_HEADER),
        (_AND, 0, 0, 0xF0),
        (_EQUALS, 1, 0, 0x40),
        (_JUMP, 0, 0, "ipv6"),
        (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _IPV4_SOURCE_AT),
    ]
    for one in known:
        if isinstance(one, IPv4Address):
            steps += [(_EQUALS, 0, 1, int(one)), (_JUMP, 0, 0, "known")]
    steps.append((_JUMP, 0, 0, "others"))
    places = {"ipv6": len(steps)}
    for network in sorted({int(one) >> 64 for one in known if isinstance(one, IPv6Address)}):
        steps += [
            (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _IPV6_SOURCE_AT),
            (_EQUALS, 0, 3, network >> 32),
            (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _IPV6_SOURCE_AT + 4),
            (_EQUALS, 0, 1, network & 0xFFFFFFFF),
            (_JUMP, 0, 0, "known"),
        ]
    places["others"] = len(steps)
    steps += _thinned(share)
    places["known"] = len(steps)
    steps += _thinned(known_share)
    return b"".join(
        struct.pack("HBBI", code, *skips, places[operand] - n - 1 if isinstance(operand, str) else operand)
        for n, (code, *skips, operand) in enumerate(steps)
    )


def _thinned(share: float) -> list[_Step]:
    if share >= 1:
        return [(_RETURN, 0, 0, _WHOLE_PACKET)]
    return [
        (_LOAD_WORD, 0, 0, _RANDOM),
        (_AT_LEAST, 0, 1, int(share * 2**32)),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, _WHOLE_PACKET),
    ]


def filter_port(port: int, program: bytes | None) -> int:
    """Put a program, or none, before this process's listening sockets of a port; returns how many there are.

    gRPC tells nobody its sockets, so they are looked for among the open files. Raises OSError.
    """
    count = 0
    for listener in _listeners(port):
        with listener:
            count += 1
            if program is None:
                with suppress(FileNotFoundError):
                    listener.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
                continue
            steps = ctypes.create_string_buffer(program, len(program))
            held = struct.pack("HP", len(program) // _STEP_BYTES, ctypes.addressof(steps))
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, held)
    return count


def _listeners(port: int) -> Iterator[socket.socket]:
    if sys.platform != "linux":
        return
    for name in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                continue
            # Its own descriptor: closing it leaves gRPC's alone.
            found = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        if _listens_at(found, port):
            yield found
        else:
            found.close()


def _listens_at(found: socket.socket, port: int) -> bool:
    if found.family not in (socket.AF_INET, socket.AF_INET6) or found.type != socket.SOCK_STREAM:
        return False
    with suppress(OSError):
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)) and (
            found.getsockname()[1] == port
        )
    return False
