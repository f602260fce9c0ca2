"""The door of operators: /healthz, /readyz and /metrics over plain HTTP, for a private network."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gateway.web.readiness import OK, Readiness

Exposition = Callable[[], Awaitable[bytes]]
"""Makes a page in Prometheus' text format."""


def exposition_of(metrics: CollectorRegistry) -> Exposition:
    """The page of one registry of metrics."""

    async def page() -> bytes:
        return generate_latest(metrics)

    return page


def make_app(readiness: Readiness, exposition: Exposition) -> web.Application:
    """The application: alive, ready, and what is measured."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        checks = await readiness.report()
        is_ready = all(said == OK for said in checks.values())
        body = orjson.dumps({"ready": is_ready, "checks": checks})
        return web.Response(body=body, status=200 if is_ready else 503, content_type="application/json")

    async def expose(_: web.Request) -> web.Response:
        return web.Response(body=await exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", expose)
    return app


class WebDoor:
    """Serves the application on one address."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)

    async def listen(self, host: str, port: int) -> int:
        """Listen, and return the port (chosen by the system if it was 0). Raises OSError if it is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, reuse_port=False).start()
        taken: int = self._runner.addresses[0][1]
        return taken

    async def listen_unix(self, path: Path) -> None:
        """Listen on a Unix socket. Raises OSError."""
        await self._runner.setup()
        await web.UnixSite(self._runner, path).start()

    async def stop(self) -> None:
        """Stop listening; probes under way are finished."""
        await self._runner.cleanup()
