"""The register as it is published (decree 213-ПП, 3.4): participants with their shops, and nothing private.

Published is whoever is registered and not suspended or excluded, by name, number and shops. No signatory,
contact, account, agreement or home address: an entrepreneur's legal address is where the person lives.
"""

import io
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.application_form import ApplicantKind
from gateway.registry.enrolment_schema import merchant_profile
from gateway.registry.machine import MerchantState
from gateway.registry.schema import merchant, outlet
from gateway.spreadsheets import SpreadsheetWriter

COLUMNS: Final = (
    "inn",
    "ogrn",
    "kind",
    "name",
    "full_name",
    "legal_address",
    "registered_on",
    "outlet",
    "address",
)


class PublishedOutlet(Struct, frozen=True):
    """A shop that is open to buyers with certificates."""

    name: str
    address: str


class PublishedMerchant(Struct, frozen=True):
    """A participant; `kind` and what belongs to it is empty for one that was entered without a profile."""

    inn: str
    ogrn: str
    kind: str
    name: str
    full_name: str
    legal_address: str
    registered_on: date | None
    outlets: tuple[PublishedOutlet, ...]


async def published_register(connection: AsyncConnection) -> list[PublishedMerchant]:
    """Every participant that is active, by INN, with its enabled shops."""
    profile = merchant_profile.c
    participants = (
        select(
            merchant.c.id,
            merchant.c.inn,
            merchant.c.name,
            func.coalesce(profile.ogrn, "").label("ogrn"),
            func.coalesce(profile.kind, "").label("kind"),
            func.coalesce(profile.full_name, "").label("full_name"),
            func.coalesce(profile.legal_address, "").label("legal_address"),
            profile.registered_on,
        )
        .select_from(merchant.outerjoin(merchant_profile, profile.merchant_id == merchant.c.id))
        .where(merchant.c.state == MerchantState.ACTIVE)
        .order_by(merchant.c.inn)
    )
    shops: dict[int, list[PublishedOutlet]] = {}
    enabled = (
        select(outlet.c.merchant_id, outlet.c.name, outlet.c.address)
        .where(outlet.c.is_enabled)
        .order_by(outlet.c.id)
    )
    for row in await connection.execute(enabled):
        shops.setdefault(row.merchant_id, []).append(PublishedOutlet(row.name, row.address))
    return [
        PublishedMerchant(
            inn=row.inn,
            ogrn=row.ogrn,
            kind=row.kind,
            name=row.name,
            full_name=row.full_name,
            legal_address="" if row.kind == ApplicantKind.ENTREPRENEUR else row.legal_address,
            registered_on=row.registered_on,
            outlets=tuple(shops.get(row.id, ())),
        )
        for row in await connection.execute(participants)
    ]


def as_csv(register: Sequence[PublishedMerchant]) -> str:
    """One row for each shop, or one for a participant without any; with a byte order mark."""
    out = io.StringIO(newline="")
    writer = SpreadsheetWriter(out, has_mark=True)
    writer.row(COLUMNS)
    for one in register:
        for shop in one.outlets or (PublishedOutlet("", ""),):
            cells = (
                one.inn, one.ogrn, one.kind, one.name, one.full_name, one.legal_address,
                one.registered_on.isoformat() if one.registered_on else "", shop.name, shop.address,
            )  # fmt: skip
            writer.row(cells)
    return out.getvalue()


def as_json(register: Sequence[PublishedMerchant]) -> bytes:
    """The same as JSON, an array of participants with their shops."""
    return msgspec.json.format(msgspec.json.encode(register), indent=1) + b"\n"
