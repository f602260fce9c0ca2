"""Who a request over HTTP says it is from, in its Authorization or in what a proxy adds."""

from typing import Any, cast

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.jsondoor.authentication import FINGERPRINT, Authentication
from gateway.registry.keys.hmac_keys import HmacMaster, fingerprint_of_key_id
from gateway.rpc.proxy import TrustedProxy
from gateway.rpc.validation.findings import InvalidRequestError

SECRET = "a secret of thirty-two characters"
WITH_CODES = Authentication(HmacMaster(bytes(32)), clock=lambda: 1_767_225_600)
BEHIND_A_PROXY = Authentication(None, TrustedProxy(SECRET.encode()))
NAMES = (hdrs.AUTHORIZATION, "x-tillgate-proxy-secret", "x-tillgate-client-sha256")


class Request(dict[Any, Any]):
    """The parts of a request that are looked at."""

    method = "POST"

    def __init__(self, headers: list[tuple[str, str]], raw_path: str) -> None:
        super().__init__({FINGERPRINT: b""})
        self.headers = CIMultiDict(headers)
        self.raw_path = raw_path


def check(data: bytes) -> None:
    """A line is a header's value, its first character which header; the last line is the path."""
    *lines, path = data.decode("latin-1").split("\n")
    headers = [(NAMES[ord(line[0]) % len(NAMES)], line[1:]) for line in lines if line]
    # Most have the secret, or nothing beyond it would ever be reached.
    for who, known in ((WITH_CODES, []), (BEHIND_A_PROXY, [(NAMES[1], SECRET)])):
        request = cast(web.BaseRequest, Request([*headers, *known], path))
        try:
            claim = who.claimed(request)
        except InvalidRequestError:
            continue
        if not claim.mac:
            assert len(claim.fingerprint) == 32
            continue
        assert claim.fingerprint == fingerprint_of_key_id(claim.key_id)
        assert len(claim.mac) == 32
        try:
            who.proved(claim, request, data)
        except InvalidRequestError:
            continue
        raise AssertionError("somebody without the key made its code")
