"""The table of published reports. Alembic holds its history."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
)

metadata = MetaData()

# A week is published once: what came later would tell, by the difference, who it was.
demand_week = Table(
    "demand_week",
    metadata,
    Column("first_day", Date, primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.tillgate_now()),
    Column("made_by", Text, nullable=False),
    Column("accounts_min", SmallInteger, nullable=False),
    # Only what may be published; kept as the text that was written.
    Column("tables", JSON, nullable=False),
    CheckConstraint("extract(isodow FROM first_day) = 1", name="demand_week_monday"),
    CheckConstraint("made_by <> '' AND accounts_min >= 3", name="demand_week_made"),
)
