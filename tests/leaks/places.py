"""Everything that a gateway leaves behind, as named streams for the scanner."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from redis import Redis
from sqlalchemy.engine import make_url

from gateway.runtime.embedded import EmbeddedPostgres
from tests.leaks.scanner import CardScanner, Finding


def in_database(scanner: CardScanner, postgres: EmbeddedPostgres, database: str) -> Iterator[Finding]:
    """A whole dump: every row of every table, bytes as hex."""
    host = str(make_url(postgres.url(database)).query["host"])
    command = [str(postgres.bin_dir / "pg_dump"), "-h", host, "-U", "postgres", "--no-sync", database]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as dump:
        if dump.stdout is None:
            raise RuntimeError("pg_dump was started without a pipe")
        yield from scanner.scan_stream(f"database {database}", dump.stdout)
    if dump.returncode:
        raise RuntimeError(f"pg_dump ended with {dump.returncode}")


def in_files(scanner: CardScanner, *places: Path) -> Iterator[Finding]:
    """Files, and all files below directories: logs, keys, result files."""
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                with path.open("rb") as file:
                    yield from scanner.scan_stream(str(path), file)


def in_redis(scanner: CardScanner, url: str) -> Iterator[Finding]:
    """Names and values of all keys, of whatever type."""
    with closing(Redis.from_url(url)) as client:
        for key in client.scan_iter():
            yield from scanner.scan("a key of Redis", key)
            yield from scanner.scan(f"value of {key!r}", repr(_value(client, key)).encode())


def _value(client: Any, key: bytes) -> object:
    read = {
        b"string": lambda: client.get(key),
        b"hash": lambda: client.hgetall(key),
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda: client.xrange(key),
    }
    return cast(object, read[client.type(key)]())
