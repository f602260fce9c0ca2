"""Settings of the gateway: what an operator may choose, checked once at the start.

Each setting is read from a variable `TILLGATE_<NAME>`, else from the TOML file that `TILLGATE_CONFIG` names,
else it has its default. Nothing is guessed: a name that does not exist and a value that does not fit are
refused by name. `python -m gateway.runtime.settings` prints docs/settings.md.
"""

import sys
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator
from sqlalchemy import make_url

from gateway.domain.policy import Policy, RefundAfterExpiry, RefundOrder, RefundScope
from gateway.runtime import settings_source
from gateway.runtime.settings_keys import KeySettings
from gateway.runtime.settings_payouts import PayoutSettings
from gateway.runtime.settings_people import PeopleSettings
from gateway.runtime.settings_reports import ReportSettings
from gateway.runtime.settings_source import SettingsError
from gateway.runtime.settings_types import (
    OptionalFile,
    Port,
    PostgresUrl,
    RedisUrl,
    Text,
    WritingUrl,
    is_loopback,
)

__all__ = ["LogLevel", "Profile", "Settings", "SettingsError", "load_settings"]


class Profile(StrEnum):
    """How much the gateway may take care of by itself."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    """The least important level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


DATABASE_NAMES = ("database_url", "database_migrator_url", "database_reader_url")


class Settings(KeySettings, PeopleSettings, PayoutSettings, ReportSettings):
    """All settings, immutable; the name of a field in capitals after `TILLGATE_` is its variable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Profile = Field(
        Profile.DEVELOPMENT,
        description="`production` refuses embedded servers and keys that the gateway made for itself",
    )
    data_dir: Path = Field(
        Path("var"),
        description="the node's files of goods; the development profile's servers and keys too",
    )

    database_url: WritingUrl = Field(
        "", description="PostgreSQL as the role that serves purchases; empty: an embedded one"
    )
    database_migrator_url: WritingUrl = Field(
        "", description="the same database as the role that owns the tables; empty: an embedded one"
    )
    database_reader_url: PostgresUrl = Field(
        "", description="the same database, or a standby, as the role that only reads; empty: an embedded one"
    )
    database_backup_url: PostgresUrl = Field(
        "",
        description="the server as a role with REPLICATION, for `tillgate backup`; empty: an embedded one",
    )
    database_enrollment_url: WritingUrl = Field(
        "", description="the same database as the role that admits clients, to enrol; empty: an embedded one"
    )
    redis_url: RedisUrl = Field(
        "", description="Redis or Valkey for what may be lost; empty: an embedded one"
    )

    grpc_host: Text = Field("127.0.0.1", description="the address of the tills' door")
    grpc_port: Port = Field(7443, description="the port of the tills' door, mutual TLS")
    grpc_idle_timeout_s: int = Field(
        1800, ge=10, le=86400, description="how long a connection to the tills' door may have no call"
    )
    json_host: Text = Field("127.0.0.1", description="the address of the tills' JSON door")
    json_port: Port = Field(7444, description="the port of the tills' JSON door, mutual TLS")
    json_idle_timeout_s: int = Field(
        60,
        ge=1,
        le=3600,
        description="how long a client of the JSON door may send no request, or leave answers unread",
    )
    json_arrival_timeout_s: int = Field(
        10, ge=1, le=300, description="how long a TLS handshake or a body may take to arrive at the JSON door"
    )
    http_host: Text = Field("127.0.0.1", description="the address of health and metrics")
    http_port: Port = Field(7480, description="the port of health and metrics, plain HTTP")

    enrollment_host: Text = Field("127.0.0.1", description="the address where clients enrol")
    enrollment_port: Port = Field(
        7445, description="the port where clients enrol, TLS without certificates of clients"
    )
    public_host: Text = Field(
        "localhost", description="the name under which tills find this gateway's ports, told at enrolment"
    )

    workers: int = Field(1, ge=1, le=64, description="processes that serve tills behind the one port")

    limits_file: OptionalFile = Field(
        None,
        description="limits and thresholds of signals, TOML; empty: those of the package (docs/limits.md)",
    )

    log_level: LogLevel = Field(LogLevel.INFO, description="the least important level that is logged")
    log_json: bool = Field(False, description="log JSON lines instead of text for people")

    hold_ttl_s: int = Field(
        1800, ge=1, le=86_400, description="how long points stay held, if the program does not say"
    )
    late_capture_window_h: int = Field(
        72,
        ge=0,
        le=720,
        description="how long after the hold's end a capture with an earlier receipt is taken",
    )
    clock_tolerance_s: int = Field(
        300, ge=0, le=3600, description="how far a receipt's time may lie outside the hold"
    )
    line_sum_tolerance_kopecks: int = Field(
        1, ge=0, le=100, description="how far a line's amount may lie from quantity × price − discount"
    )
    wind_down_days: int = Field(
        30, ge=0, le=365, description="how long a suspended merchant may still void, capture and refund"
    )
    refund_order: RefundOrder = Field(
        RefundOrder.POINTS_FIRST, description="how a refund of a line paid by points and own money is split"
    )
    refund_after_expiry: RefundAfterExpiry = Field(
        RefundAfterExpiry.LAPSE,
        description="what happens to points refunded after their certificate's last day",
    )
    refund_extend_days: int = Field(
        30, ge=1, le=365, description="how long such points live again, if they are extended"
    )
    refund_scope: RefundScope = Field(
        RefundScope.MERCHANT,
        description="whether any terminal of the merchant may refund, or of the outlet alone",
    )

    queue_limit: int = Field(
        2000, ge=1, le=100_000, description="commands that may wait; beyond it tills are told to come later"
    )
    queue_wait_ms: int = Field(
        500,
        ge=10,
        le=60_000,
        description="how long commands may wait their turn; beyond, tills are told to come later",
    )
    door_wait_ms: int = Field(
        100,
        ge=10,
        le=60_000,
        description="how long calls may wait to be looked at; beyond, ever more tills are told to come later",
    )
    batch_limit: int = Field(128, ge=1, le=1024, description="commands decided and written by one statement")
    decision_max_age_s: int = Field(
        2, ge=1, le=60, description="a decision older than this is not written but decided again"
    )
    listing_delay_s: int = Field(
        5, ge=0, le=60, description="how long after its decision an outcome is listed to its merchant"
    )
    database_silence_s: int = Field(
        10, ge=1, le=300, description="how long the database may be silent before a connection counts as lost"
    )
    drain_notice_s: int = Field(
        0,
        ge=0,
        le=300,
        description="how long readiness is red before a stopping gateway takes no more calls, for balancers",
    )
    drain_timeout_s: int = Field(
        20, ge=1, le=300, description="how long a stopping gateway waits for what it has begun"
    )
    max_message_bytes: int = Field(
        1_048_576, ge=65_536, le=4_194_304, description="the largest request that is read"
    )
    postgres_bin_dir: OptionalFile = Field(
        None,
        description="PostgreSQL's programs for backup and restore; empty: those of the embedded server",
    )
    exchange_in_flight: int = Field(
        512,
        ge=1,
        le=4096,
        description="messages of one stream that may be unanswered; beyond, it is not read",
    )
    downloads_at_once: int = Field(
        8, ge=1, le=64, description="downloads of lists that a process serves at once; more come later"
    )
    download_stall_s: int = Field(
        30, ge=1, le=600, description="how long a client may leave a chunk of its download unread"
    )
    lists_dir: OptionalFile = Field(
        None, description="the directory of programs and prohibited lists; empty: those of the package"
    )
    retention_years: int = Field(
        5, ge=5, le=100, description="how long months of purchases and entries stay out of the archive"
    )
    reference_lead_s: int = Field(
        60,
        ge=5,
        le=86_400,
        description="how long before a published list holds every node must have heard of it",
    )
    list_notice_working_days: int = Field(
        5,
        ge=0,
        le=60,
        description="working days between the publication of what points buy and its first day in force",
    )
    catalogue_notice_working_days: int = Field(
        0, ge=0, le=60, description="the same for catalogue, ОКПД2 table and classifier of names"
    )

    @property
    def enforces_four_eyes(self) -> bool:
        """True if the command line takes users and proposals for what needs two persons."""
        return self.four_eyes or self.profile is Profile.PRODUCTION

    @property
    def policy(self) -> Policy:
        """What of the settings decisions depend on."""
        return Policy(
            hold_ttl=timedelta(seconds=self.hold_ttl_s),
            late_capture_window=timedelta(hours=self.late_capture_window_h),
            clock_tolerance=timedelta(seconds=self.clock_tolerance_s),
            wind_down=timedelta(days=self.wind_down_days),
            refund_order=self.refund_order,
            refund_after_expiry=self.refund_after_expiry,
            refund_extend=timedelta(days=self.refund_extend_days),
            refund_scope=self.refund_scope,
        )

    @property
    def goods_dir(self) -> Path:
        """Where a node keeps its files of goods: catalogues and classifiers, made from the database."""
        return self.data_dir / "goods"

    @property
    def keys_dir(self) -> Path:
        """Where the development profile keeps the keys and certificates that it makes for itself."""
        return self.data_dir / "keys"

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.profile is Profile.PRODUCTION:
            problems = [*self._missing_servers(), *self._unfit_files()]
        else:
            given = [name for name in DATABASE_NAMES if getattr(self, name)]
            problems = [
                f"{settings_source.variable(name)}: give all three database URLs or none"
                for name in DATABASE_NAMES
                if given and name not in given
            ]
        if self.reference_lead_s < self.decision_max_age_s:
            name = settings_source.variable("reference_lead_s")
            problems.append(
                f"{name}: must not be shorter than decision_max_age_s ({self.decision_max_age_s})"
            )
        problems += self._exposed_doors()
        if problems:
            raise SettingsError(problems)
        return self

    def _exposed_doors(self) -> list[str]:
        """Whoever reaches a door that believes a proxy, and knows the secret, is whom he likes."""
        if self.tls_proxy_token_file is None:
            return []
        return [
            f"{settings_source.variable(name)}: must be a loopback address while tls_proxy_token_file is set"
            for name in ("grpc_host", "json_host")
            if not is_loopback(getattr(self, name))
        ]

    def _missing_servers(self) -> list[str]:
        problems = [
            f"{settings_source.variable(name)}: the production profile refuses the embedded server; name one"
            for name in (*DATABASE_NAMES, "redis_url")
            if not getattr(self, name)
        ]
        if not problems and make_url(self.database_url).username in {
            make_url(self.database_migrator_url).username,
            make_url(self.database_reader_url).username,
        }:
            name = settings_source.variable("database_url")
            problems.append(f"{name}: the production profile wants a role of its own for each of the three")
        return problems

    def _unfit_files(self) -> list[str]:
        secret_names = ("tls_key_file", "signing_key_file", "card_token_key_file", "stop_list_key_file")
        problems = []
        for name in ("tls_ca_file", "tls_cert_file", *secret_names):
            file: Path | None = getattr(self, name)
            if file is None:
                problem = "the production profile makes none; name a file"
            elif not file.is_file():
                problem = f"{file} is not a file"
            elif file.resolve().is_relative_to(self.keys_dir.resolve()):
                problem = f"{file} was made for development; the production profile refuses it"
            elif name in secret_names and file.stat().st_mode & 0o077:
                problem = f"{file} can be read by other users: chmod 600"
            else:
                continue
            problems.append(f"{settings_source.variable(name)}: {problem}")
        return problems


def load_settings(environment: Mapping[str, str], **overrides: Any) -> Settings:
    """Reads and checks the settings of `environment`; `overrides` win over it, for commands with options.

    Raises SettingsError, which names every setting that is wrong and what would be right.
    """
    return settings_source.load(Settings, environment, overrides)


if __name__ == "__main__":
    sys.stdout.write(settings_source.markdown(Settings))
