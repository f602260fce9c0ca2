"""A catalogue as decisions look it up: what was put in is found, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.goods.catalogue_store import (
    CatalogueBuilder,
    CatalogueStoreError,
    open_catalogue,
    write_catalogue,
)

_ITEMS = st.lists(
    st.tuples(
        st.integers(0, 10**14 - 1).map("{:014}".format)
        | st.sampled_from(["00000000000017", "04607130280263"]),
        st.sampled_from(["", "11.01", "10.71.11.110", "11.05.10"]),
    )
)


@given(_ITEMS, st.integers(0, 10**14 - 1).map("{:014}".format))
def test_every_item_is_found_with_all_its_codes(items: list[tuple[str, str]], other: str) -> None:
    """As a plain dictionary would; in whatever parts the items came."""
    codes: dict[str, set[str]] = {}
    for gtin, okpd2 in items:
        if okpd2:
            codes.setdefault(gtin, set()).add(okpd2)
    builder = CatalogueBuilder()
    builder.add(items[: len(items) // 2])
    builder.add(items[len(items) // 2 :])
    catalogue = builder.build("first")
    assert len(codes) == len(catalogue)
    for gtin in {other, *codes}:
        assert tuple(sorted(codes.get(gtin, ()))) == tuple(sorted(catalogue.codes_of(gtin)))


def test_a_stored_catalogue_is_the_same(tmp_path: Path) -> None:
    """Mapped from its files, with its version."""
    builder = CatalogueBuilder()
    builder.add([("04607130280263", "10.84"), ("00000000000017", "11.01"), ("00000000000017", "11.07")])
    write_catalogue(builder.build("2026-11"), tmp_path / "kept")
    kept = open_catalogue(tmp_path / "kept")
    assert ("2026-11", 2) == (kept.version, len(kept))
    assert ("11.01", "11.07") == kept.codes_of("00000000000017")
    assert ("10.84",) == kept.codes_of("04607130280263")
    assert () == kept.codes_of("99999999999999")


def test_half_a_catalogue_is_refused(tmp_path: Path) -> None:
    """A folder whose writing was cut off has no card."""
    with pytest.raises(CatalogueStoreError, match="holds no catalogue"):
        open_catalogue(tmp_path)
    write_catalogue(CatalogueBuilder().build("empty"), tmp_path)
    assert 0 == len(open_catalogue(tmp_path))
    (tmp_path / "gtins.npy").write_bytes(b"short")
    with pytest.raises(CatalogueStoreError, match="holds no catalogue"):
        open_catalogue(tmp_path)
