"""What the registry says at one epoch, as one immutable value that every request reads without waiting."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.policy import Standing
from gateway.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """Whom a client certificate names: a terminal, or a concentrator that speaks for many.

    `terminal_id` is None for a concentrator, which names the terminal in every command; `concentrator_id` is
    0 for a terminal, as in `Origin`.
    """

    merchant_id: int
    terminal_id: int | None
    concentrator_id: int
    terminal_ids: frozenset[int]

    def may_speak_for(self, terminal_id: int) -> bool:
        """True for the terminal itself, and for every terminal of a concentrator's outlets."""
        return terminal_id in self.terminal_ids


@dataclass(frozen=True, slots=True)
class StopListMark:
    """The newest version of the stop list, and when it was made."""

    version: int
    made_at: datetime


class ClientRefusedError(Exception):
    """A client certificate that gets nothing at all; `reason` is CLIENT_UNKNOWN or CLIENT_REVOKED."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True)
class RegistrySnapshot:
    """Terminals with their standing and client keys with their identity, as of `epoch`.

    `ends` tells of keys, in seconds since 1970, when they get nothing any more.
    """

    epoch: int
    standings: Mapping[int, Standing] = field(repr=False)
    clients: Mapping[bytes, ClientIdentity] = field(repr=False)
    revoked: frozenset[bytes] = field(repr=False)
    ends: Mapping[bytes, float] = field(default_factory=dict, repr=False)
    stop_list: StopListMark | None = field(default=None, repr=False)

    def standing_of(self, terminal_id: int) -> Standing | None:
        """What the registry says of a terminal and its merchant; None if there is no such terminal."""
        return self.standings.get(terminal_id)

    def client(self, fingerprint: bytes) -> ClientIdentity:
        """Whom a certificate names, by the SHA-256 of its DER form; raises ClientRefusedError.

        A key that ends is out by this machine's clock, as a certificate is for TLS: also on a connection
        that stands, which TLS does not look at again.
        """
        found = self.clients.get(fingerprint)
        if found is None:
            is_revoked = fingerprint in self.revoked
            raise ClientRefusedError(Reason.CLIENT_REVOKED if is_revoked else Reason.CLIENT_UNKNOWN)
        if self.ends.get(fingerprint, math.inf) <= time.time():
            raise ClientRefusedError(Reason.CLIENT_REVOKED)
        return found
