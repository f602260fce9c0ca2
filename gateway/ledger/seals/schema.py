"""The tables of day seals. Triggers refuse every change, a break in the chain, and additions to a sealed day.

Leaves are kept beside the roots, 56 bytes an outcome, so that a difference is named and not only noticed.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

day_seal = Table(
    "day_seal",
    metadata,
    Column("day", Date, primary_key=True),
    Column("merchant_count", Integer, nullable=False),
    Column("outcome_count", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("statement", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("merchant_count >= 0 AND outcome_count >= merchant_count", name="day_seal_counted"),
    CheckConstraint(
        "octet_length(root) = 32 AND octet_length(previous_hash) = 32"
        " AND hash = sha256(convert_to(statement, 'UTF8'))",
        name="day_seal_hashes",
    ),
    # One chain: no seal has two that follow it.
    UniqueConstraint("previous_hash"),
)

day_seal_merchant = Table(
    "day_seal_merchant",
    metadata,
    Column("day", Date, primary_key=True),
    Column("merchant_id", BigInteger, primary_key=True),
    Column("outcome_count", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    CheckConstraint("outcome_count > 0 AND octet_length(root) = 32", name="day_seal_merchant_counted"),
)

day_seal_leaves = Table(
    "day_seal_leaves",
    metadata,
    Column("day", Date, primary_key=True),
    Column("merchant_id", BigInteger, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("leaves", LargeBinary, nullable=False),
    CheckConstraint(
        "octet_length(leaves) > 0 AND octet_length(leaves) % 56 = 0", name="day_seal_leaves_whole"
    ),
)
