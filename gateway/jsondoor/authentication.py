"""Who sends a request over HTTP: by its certificate, by what a trusted proxy says of it, or by its HMAC.

    Authorization: TILLGATE-HMAC-SHA256 key_id=terminal-12.1,timestamp=1767225600,mac=<64 hexadecimal digits>

The code covers key id, method, path, query, body and time (see `gateway.registry.keys.hmac_keys`). What is
replayed within the five minutes does no harm, and no replay is remembered: a command has its request id, and
gets the one stored answer again; what reads tells a listener what he has heard already.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from aiohttp import hdrs, web

from gateway.domain.reasons import Reason
from gateway.registry.keys.hmac_keys import (
    CLOCK_TOLERANCE_S,
    SCHEME,
    HmacMaster,
    code_of,
    fingerprint_of_key_id,
)
from gateway.rpc.proxy import TrustedProxy
from gateway.rpc.validation.findings import invalid

FINGERPRINT: Final = web.RequestKey("fingerprint", bytes)
"""The key of a request under which its server puts the SHA-256 of the client's certificate; empty: none."""

_CLAIM: Final = re.compile(
    rf"{SCHEME} key_id=(?P<key_id>[a-z0-9.-]{{1,64}}),timestamp=(?P<timestamp>[0-9]{{1,12}}),"
    r"mac=(?P<mac>[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says it is from; with a `mac` that is to be proved by its body."""

    fingerprint: bytes
    key_id: str = ""
    timestamp: str = ""
    mac: bytes = b""


class Authentication:
    """Knows the senders of requests. `clock` tells seconds since 1970."""

    def __init__(
        self,
        master: HmacMaster | None = None,
        proxy: TrustedProxy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._master = master
        self._proxy = proxy
        self._clock = clock

    def claimed(self, request: web.BaseRequest) -> Claim:
        """What the head of a request says; raises InvalidRequestError(CLIENT_UNKNOWN) if nobody is named.

        A certificate counts before a code: whoever has both is known by what TLS has proved.
        """
        fingerprint = request[FINGERPRINT]
        if self._proxy is not None:
            headers = request.headers.items()
            if not self._proxy.is_known(headers):
                raise invalid(Reason.CLIENT_UNKNOWN)
            fingerprint = self._proxy.fingerprint_in(headers) or b""
        if fingerprint:
            return Claim(fingerprint)
        said = request.headers.getall(hdrs.AUTHORIZATION, [])
        found = _CLAIM.fullmatch(said[0]) if self._master is not None and len(said) == 1 else None
        if found is None:
            raise invalid(Reason.CLIENT_UNKNOWN)
        named = found["key_id"]
        mac = bytes.fromhex(found["mac"])
        return Claim(fingerprint_of_key_id(named), named, found["timestamp"], mac)

    def proved(self, claim: Claim, request: web.BaseRequest, body: bytes) -> bytes:
        """The fingerprint of the key that a request is from.

        Raises InvalidRequestError: CLIENT_MAC_WRONG, also if there is no such key, and CLIENT_CLOCK_WRONG
        only to whoever has one.
        """
        if not claim.mac or self._master is None:
            return claim.fingerprint
        path, _, query = request.raw_path.partition("?")
        signed = {
            "key_id": claim.key_id,
            "method": request.method,
            "path": path,
            "query": query,
            "body_sha256": sha256(body).hexdigest(),
            "timestamp": claim.timestamp,
        }
        if not compare_digest(code_of(self._master.key(claim.key_id), signed), claim.mac):
            raise invalid(Reason.CLIENT_MAC_WRONG, hdrs.AUTHORIZATION)
        now = int(self._clock())
        if abs(now - int(claim.timestamp)) > CLOCK_TOLERANCE_S:
            ru, en = f"время шлюза {now}", f"the gateway's time is {now}"
            raise invalid(Reason.CLIENT_CLOCK_WRONG, hdrs.AUTHORIZATION, ru, en)
        return claim.fingerprint
