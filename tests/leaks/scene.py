"""A gateway in a process of its own, and every place where it could leave a card number behind."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.registry.admin import stop_card
from gateway.registry.cards import card_token
from gateway.registry.keys.hmac_keys import HmacMaster
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.keys import load_keys
from gateway.runtime.settings import load_settings
from loadtests.cards import made_up_number
from tests.crash.harness import Town, found_town
from tests.crash.processes import GatewayProcess
from tests.leaks.places import in_database, in_files, in_redis
from tests.leaks.scanner import CardScanner, Finding

GOOD, STOPPED, UNKNOWN, IN_FILE = (made_up_number(n) for n in (1, 2, 190, 191))
SCANNER: Final = CardScanner()


@dataclass
class Scene:
    """A gateway in a process of its own, with a log of all that it does, and what it answered."""

    postgres: EmbeddedPostgres
    database: str
    redis_url: str
    town: Town
    gateway: GatewayProcess
    folder: Path
    log_began: int
    answers: list[bytes] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """What is found in database, files, logs, Redis and answers."""
        with server_log(self.postgres).open("rb") as log:
            log.seek(self.log_began)
            in_server_log = [*SCANNER.scan_stream("the log of PostgreSQL", log)]
        return [
            *in_server_log,
            *in_database(SCANNER, self.postgres, self.database),
            *in_files(SCANNER, self.folder / "data", self.gateway.log_path),
            *in_redis(SCANNER, self.redis_url),
            *(found for answer in self.answers for found in SCANNER.scan("an answer", answer)),
        ]

    async def run(self, *arguments: object, typed: str = "") -> int:
        """A command of the gateway's, told something by standard input; what it says is an answer too."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.cli", *map(str, arguments),
            env=os.environ | dict(self.town.settings),
            stdin=PIPE, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate(typed.encode())
        self.answers.append(said)
        return process.returncode or 0


def server_log(postgres: EmbeddedPostgres) -> Path:
    """Where PostgreSQL writes its errors; other tests have written there before."""
    return postgres.directory.parent / "postgres.log"


@asynccontextmanager
async def scene_on(
    postgres: EmbeddedPostgres, database: str, redis_url: str, folder: Path
) -> AsyncIterator[Scene]:
    """A small town with one card on the stop list; its JSON door takes HMAC keys too."""
    town = await found_town(postgres, database, redis_url, folder / "data", cards=2)
    assert [GOOD, STOPPED] == list(town.cards)
    HmacMaster.create(folder / "master")
    names = {"TILLGATE_LOG_LEVEL": "debug", "TILLGATE_HMAC_MASTER_KEY_FILE": str(folder / "master")}
    town = town.with_settings(names)
    settings = load_settings(town.settings)
    engine = make_engine(settings.database_migrator_url, pool_size=1)
    await stop_card(engine, card_token(STOPPED, "", load_keys(settings).card_tokens), "lost", by="operator")
    await engine.dispose()
    with GatewayProcess(town.settings, folder / "gateway.log") as process:
        gateway = await process.start_ready()
        log_began = server_log(postgres).stat().st_size
        yield Scene(postgres, database, redis_url, town, gateway, folder, log_began)
