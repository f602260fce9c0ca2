"""Types of settings: each refuses by name what it cannot be."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.runtime.hosts import READ_WRITE, SESSION_ATTRIBUTES


def _postgres_url(value: str) -> str:
    try:
        url = make_url(value) if value else None
    except (ArgumentError, ValueError):
        raise ValueError("should be postgresql+asyncpg://user:password@host:port/database") from None
    if url is None:
        return value
    if url.drivername != "postgresql+asyncpg":
        raise ValueError("should begin with postgresql+asyncpg://")
    try:
        url.get_dialect()().create_connect_args(url)
    except ArgumentError as error:
        raise ValueError(f"names its hosts as host=A:5432&host=B:5432; {error}") from None
    if url.query.get("target_session_attrs", "any") not in SESSION_ATTRIBUTES:
        raise ValueError(f"has a target_session_attrs that is none of {', '.join(SESSION_ATTRIBUTES)}")
    return value


def _writing_url(value: str) -> str:
    """Of several hosts one must be chosen that takes writes; which one that is changes with a failover."""
    url = make_url(_postgres_url(value)) if value else None
    if url is not None and url.query.get("target_session_attrs") != READ_WRITE:
        _, options = url.get_dialect()().create_connect_args(url)
        if isinstance(options.get("host"), list):
            raise ValueError(f"names several hosts and should end with target_session_attrs={READ_WRITE}")
    return value


def _redis_url(value: str) -> str:
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("should begin with redis://, rediss:// or unix://")
    return value


def _file_or_none(value: object) -> object:
    return None if value == "" else value


PostgresUrl = Annotated[str, AfterValidator(_postgres_url), Field(repr=False)]
WritingUrl = Annotated[str, AfterValidator(_writing_url), Field(repr=False)]
RedisUrl = Annotated[str, AfterValidator(_redis_url), Field(repr=False)]
OptionalFile = Annotated[Path | None, BeforeValidator(_file_or_none)]
Port = Annotated[int, Field(ge=1, le=65535)]
Text = Annotated[str, Field(min_length=1)]
