"""The people's door: every page with what it demands, and the server under it."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.people.roles import Permission
from gateway.people.sessions import Stage
from gateway.web.people import deciding, looking, signing
from gateway.web.people.desk import DESK, Desk
from gateway.web.people.safety import BODY_MAX_BYTES, Door, add_headers, errors_as_pages

KEEPALIVE_S: Final = 30.0
LINGER_S: Final = 2.0

_STYLE: Final = Path(__file__).with_name("style.css").read_text(encoding="utf-8")

GET: Final[Mapping[str, Door]] = {
    "/": Door(signing.home),
    "/login": Door(signing.login_page, stage=None),
    "/login/code": Door(signing.code_page, Stage.PASSWORD),
    "/join": Door(signing.join_page, stage=None),
    "/password": Door(signing.password_page),
    "/proposals": Door(deciding.list_page, permission=Permission.SEE_PROPOSALS),
    r"/proposals/{number:\d{1,19}}": Door(deciding.proposal_page, permission=Permission.SEE_PROPOSALS),
    "/audit": Door(looking.audit_page, permission=Permission.READ_AUDIT),
    "/merchants": Door(looking.merchants_page, permission=Permission.SEE_OWN_MERCHANTS),
    r"/merchants/{merchant_id:\d{1,19}}": Door(looking.merchant_page),
}

POST: Final[Mapping[str, Door]] = {
    "/login": Door(signing.login, stage=None),
    "/login/code": Door(signing.code, Stage.PASSWORD),
    "/logout": Door(signing.logout),
    "/join": Door(signing.join, stage=None),
    "/join/finish": Door(signing.finish_joining, stage=None),
    "/password": Door(signing.change_password),
    r"/proposals/{number:\d{1,19}}/approve": Door(deciding.approve, permission=Permission.DECIDE),
    r"/proposals/{number:\d{1,19}}/refuse": Door(deciding.refuse, permission=Permission.DECIDE),
    r"/proposals/{number:\d{1,19}}/withdraw": Door(deciding.withdraw, permission=Permission.SEE_PROPOSALS),
}


def make_people_app(desk: Desk) -> web.Application:
    """The application."""
    app = web.Application(middlewares=[errors_as_pages], client_max_size=BODY_MAX_BYTES)
    app[DESK] = desk
    app.on_response_prepare.append(add_headers)
    for path, door in GET.items():
        app.router.add_get(path, door.serve)
    for path, door in POST.items():
        app.router.add_post(path, door.serve)
    app.router.add_get("/style.css", _style)
    return app


async def _style(_: web.Request) -> web.Response:
    return web.Response(text=_STYLE, content_type="text/css")


class PeopleDoor:
    """Serves the application on one address, over TLS if there is a context for it."""

    def __init__(self, app: web.Application, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGER_S,
            auto_decompress=False,
        )

    async def listen(self, host: str, port: int) -> int:
        """Listen, and return the port (chosen by the system if it was 0). Raises OSError if it is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls, reuse_port=False)
        await site.start()
        taken: int = self._runner.addresses[0][1]
        return taken

    async def stop(self) -> None:
        """Stop listening; what is under way is finished."""
        await self._runner.cleanup()
