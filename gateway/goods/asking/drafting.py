"""What would be in force if a draft were: the edition of an instant with the draft in one place."""

from datetime import datetime
from typing import cast

import asyncpg
from msgspec.structs import replace

from gateway.domain.judging import Edition
from gateway.goods.editions import GoodsEdition
from gateway.goods.meaning import class_map, program, prohibited_list
from gateway.goods.reference.drafts import content_of, require_open
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.reading import StoredVersion
from gateway.goods.reference.versions import ReferenceVersion
from gateway.goods.rows import Classes, Programs, Rules


async def with_draft(
    connection: asyncpg.Connection, base: GoodsEdition, draft: ReferenceVersion, now: datetime
) -> GoodsEdition:
    """An edition in which a draft holds instead of the published version of its kind.

    The table of ОКПД2 names decides nothing, so that a draft of it changes nothing. Raises ListError
    ALREADY_PUBLISHED and DISCARDED, and what `content_of` raises.
    """
    require_open(draft)
    edition, lists = base.edition, base.lists
    if draft.kind is Kind.PROHIBITED:
        rows = cast(Rules, await content_of(connection, draft))
        rules = prohibited_list(rows, version=draft.version, effective_from=now, act="")
        edition, lists = Edition(rules, edition.class_map), replace(lists, prohibited=(rules,))
    elif draft.kind is Kind.CLASSES:
        classes = class_map(cast(Classes, await content_of(connection, draft)), version=draft.version)
        edition, lists = Edition(edition.prohibited, classes), replace(lists, class_map=classes)
    elif draft.kind is Kind.PROGRAMS:
        programs = map(program, cast(Programs, await content_of(connection, draft)).program)
        lists = replace(lists, programs={(one.code, one.version): one for one in programs})
    stored = StoredVersion(draft.version, draft.number, now, draft.content_sha256, draft.entry_count)
    return replace(
        base,
        edition=edition,
        lists=lists,
        catalogue=stored if draft.kind is Kind.CATALOGUE else base.catalogue,
        names=stored if draft.kind is Kind.NAMES else base.names,
    )


def in_force(base: GoodsEdition, kind: Kind) -> str:
    """The version of a kind in an edition; "" where there is none, or none of its own."""
    stored = {Kind.CATALOGUE: base.catalogue, Kind.NAMES: base.names}.get(kind)
    if stored is not None:
        return stored.version
    lists = {Kind.PROHIBITED: base.edition.prohibited.version, Kind.CLASSES: base.edition.class_map.version}
    return lists.get(kind, "")
