"""The single calls of gRPC over HTTP: JSON in, JSON out, errors as problems.

A client that hangs up cancels nothing: its command is decided all the same.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Final

import orjson
from aiohttp import hdrs, web
from google.protobuf.json_format import MessageToDict

from gateway.domain.reasons import Reason
from gateway.jsondoor.authentication import Authentication, Claim
from gateway.jsondoor.paths import OPENAPI_PATH, PATHS
from gateway.jsondoor.problems import SERVER, HttpFault, HttpFaultError, fault_response, refusal_response
from gateway.jsondoor.reading import read_message
from gateway.ledger.answers import CommandError
from gateway.rpc.accounting import OVERLOAD_PAUSE_S, Accounting
from gateway.rpc.errors import CODES, LANGUAGE_KEY, language_of
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Call, Method
from gateway.rpc.validation.findings import InvalidRequestError, invalid

TIMEOUT_HEADER: Final = "Request-Timeout"
JSON_TYPE: Final = "application/json"
DESCRIPTION: Final = "OpenApi"
"""What log and metrics call a look at the description."""

IS_SURPLUS: Final = web.RequestKey("is_surplus", bool)
"""The key of a request under which its server says that its client key has too many connections."""

OK: Final = "OK"
CANCELLED: Final = "CANCELLED"

_SECONDS: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
_ACCEPTED: Final = frozenset({"*/*", "application/*", JSON_TYPE})
_CONTENT_TYPE: Final = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)


class HungUpError(ConnectionError):
    """The client went away before its request was there."""


class JsonService:
    """Answers HTTP requests by a table of methods; `handle` is what a server is given."""

    def __init__(
        self,
        methods: Mapping[str, Method],
        identity: Identity,
        accounting: Accounting,
        describe: Callable[[], bytes],
        body_timeout_s: float,
        authentication: Authentication | None = None,
    ) -> None:
        self._routes = {PATHS[name]: (name, method) for name, method in methods.items()}
        self._identity = identity
        self._accounting = accounting
        self._describe = describe
        self._body_timeout_s = body_timeout_s
        self._authentication = authentication or Authentication()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """The response of a request; raises nothing but HungUpError, and CancelledError when cancelled."""
        call = Call()
        early: HttpFaultError | InvalidRequestError | CommandError | HungUpError | None = None
        name, method, body, claim = "", None, b"", Claim(b"")
        try:
            name, method = self._route(request)
            if request[IS_SURPLUS]:
                raise CommandError(Reason.CLIENT_TOO_BUSY, retry_after_s=OVERLOAD_PAUSE_S)
            # Before the body: who names nobody has nothing read.
            claim = self._authentication.claimed(request)
            body = await self._body(request)
        except (HttpFaultError, InvalidRequestError, CommandError, HungUpError) as error:
            early = error
        # Served is what has arrived as a whole, as at the other doors: a slow sender takes nobody's place.
        started = asyncio.get_running_loop().time()
        code = CANCELLED
        self._accounting.begin()
        try:
            if early is not None:
                raise early
            response = await self._answer(request, method, body, claim, call)
            code = OK
        except HttpFaultError as error:
            call.reason, code = error.fault.name, error.fault.value.grpc_code
            response = fault_response(error, _language(request))
        except HungUpError:
            raise
        except Exception as error:
            refusal = self._accounting.refusal(error, name, call)
            code = CODES[refusal.reason].name
            response = refusal_response(refusal, _language(request))
        finally:
            self._accounting.done(name, code, call, asyncio.get_running_loop().time() - started)
        return response

    async def _answer(
        self, request: web.BaseRequest, method: Method | None, body: bytes, claim: Claim, call: Call
    ) -> web.Response:
        fingerprint = self._authentication.proved(claim, request, body)
        if method is None:
            self._identity.client_of(fingerprint)
            return web.Response(body=self._describe(), headers=SERVER, content_type=JSON_TYPE)
        self._accounting.admit(len(body))
        message = read_message(method.request, body)
        # The registry is asked anew each time: a revoked key gets nothing on a connection that stands.
        client = self._identity.client_of(fingerprint)
        wait_s = _request_timeout_s(request)
        if wait_s is not None:
            call.deadline = asyncio.get_running_loop().time() + wait_s
        with self._accounting.held(fingerprint):
            answer = await method.answer(lambda: (message, client), call)
        said = MessageToDict(answer, preserving_proto_field_name=True)
        return web.Response(body=orjson.dumps(said), headers=SERVER, content_type=JSON_TYPE)

    def _route(self, request: web.BaseRequest) -> tuple[str, Method | None]:
        """The method of a request whose head is as it must be; None for the description."""
        headers, path = request.headers, request.path
        if path == OPENAPI_PATH:
            if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
                raise HttpFaultError(HttpFault.METHOD_NOT_ALLOWED, {hdrs.ALLOW: "GET, HEAD"})
            return DESCRIPTION, None
        found = self._routes.get(path)
        if found is None:
            raise HttpFaultError(HttpFault.PATH_UNKNOWN)
        if request.method != hdrs.METH_POST:
            raise HttpFaultError(HttpFault.METHOD_NOT_ALLOWED, {hdrs.ALLOW: hdrs.METH_POST})
        accept = headers.get(hdrs.ACCEPT, "*/*")
        if accept not in _ACCEPTED and not _accepts_json(accept):
            raise HttpFaultError(HttpFault.NOT_ACCEPTABLE)
        content_type = headers.get(hdrs.CONTENT_TYPE, "")
        if content_type != JSON_TYPE and not _CONTENT_TYPE.fullmatch(content_type):
            raise HttpFaultError(HttpFault.MEDIA_TYPE_UNSUPPORTED, {hdrs.ACCEPT: JSON_TYPE})
        if headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            raise HttpFaultError(HttpFault.MEDIA_TYPE_UNSUPPORTED, {hdrs.ACCEPT_ENCODING: "identity"})
        return found

    async def _body(self, request: web.BaseRequest) -> bytes:
        """The whole body; raises MESSAGE_TOO_LARGE before it is read, if it tells its size; HungUpError."""
        self._accounting.admit(request.content_length or 0)
        if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            if request.content.is_eof():
                return await request.read()
            async with asyncio.timeout(self._body_timeout_s):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise invalid(Reason.MESSAGE_TOO_LARGE) from None
        except TimeoutError:
            raise HttpFaultError(HttpFault.BODY_TIMEOUT, {hdrs.CONNECTION: "close"}) from None
        except (web.PayloadAccessError, web.RequestPayloadError):
            raise HttpFaultError(HttpFault.HTTP_MALFORMED, {hdrs.CONNECTION: "close"}) from None
        except ConnectionError as error:
            raise HungUpError(str(error)) from None


def _language(request: web.BaseRequest) -> str:
    return language_of([(LANGUAGE_KEY, request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))])


def _accepts_json(accept: str) -> bool:
    """Whether one of the media ranges covers JSON; one with q=0 is no wish for it."""
    for media_range in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
        if kind in _ACCEPTED and not any(re.fullmatch(r"q=0(\.0{0,3})?", part) for part in parameters):
            return True
    return False


def _request_timeout_s(request: web.BaseRequest) -> float | None:
    """How long the client waits, as it says; None if it does not."""
    if TIMEOUT_HEADER not in request.headers:
        return None
    # Said twice it says nothing: nobody could tell which of the two is meant.
    said = ",".join(request.headers.getall(TIMEOUT_HEADER))
    if not _SECONDS.fullmatch(said) or not float(said):
        ru, en = "секунды от 0.001 до 999.999", "seconds from 0.001 to 999.999"
        raise invalid(Reason.FIELD_INVALID, TIMEOUT_HEADER, ru, en)
    return float(said)
