"""A client of the JSON door with its certificate, which holds every answer to the description."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.jsondoor.paths import PATHS
from gateway.jsondoor.problems import PROBLEM_TYPE
from tests.openapi_kit import DOCUMENT, schema_of

TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Said:
    """A response: status, headers in lower case, and its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


def client_context(folder: Path, *, has_certificate: bool = True) -> ssl.SSLContext:
    """TLS of a client whose keys lie in a folder."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if has_certificate:
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def connect(folder: Path, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of a client whose keys lie in a folder, to send bytes over."""
    return await asyncio.open_connection("localhost", port, ssl=client_context(folder))


async def said_to(folder: Path, port: int, *parts: bytes) -> bytes:
    """What is answered to these bytes until the door hangs up."""
    reader, writer = await connect(folder, port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await reader.read()
    finally:
        writer.close()


def head(path: str, *fields: str, length: int | None = None, method: str = "POST") -> bytes:
    """A request's head with further fields; without a length it has no body or one in chunks."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *fields]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


class JsonClient:
    """Sends to the JSON door over connections of its own."""

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        has_certificate: bool = True,
        timeout_s: float | None = TIMEOUT_S,
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._url = f"https://localhost:{port}"
        context = client_context(folder, has_certificate=has_certificate)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))

    async def post(self, method: str, body: Any, **headers: str) -> Said:
        """Send a body, as JSON if it is not bytes, to a method's path; `_` of header names becomes `-`."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        said = await self.send("POST", PATHS[method], data, {"Content-Type": "application/json"} | headers)
        described = DOCUMENT["paths"][PATHS[method]]["post"]["responses"]
        assert str(said.status) in described, f"{method} answers {said.status}, which is not described"
        if said.status == 200:
            schema_of(f"{method}Response").validate(said.body)
        return said

    async def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> Said:
        """Send any request; a problem that is answered must be one as described."""
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        async with self._session.request(
            method,
            self._url + path,
            data=body,
            headers=named,
            skip_auto_headers=["Content-Type"],
            timeout=self._timeout,
        ) as response:
            text = await response.read()
            found = {name.lower(): value for name, value in response.headers.items()}
            said = Said(response.status, found, orjson.loads(text) if text else None)
        if said.status != 200 and method != "HEAD":
            assert PROBLEM_TYPE == found["content-type"]
            schema_of("Problem").validate(said.body)
            assert said.status == said.body["status"]
        return said

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()
