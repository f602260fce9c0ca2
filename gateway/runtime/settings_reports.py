"""Settings of what is reported about demand."""

from pydantic import BaseModel, Field


class ReportSettings(BaseModel):
    """How the weekly demand report keeps buyers from being told apart."""

    demand_accounts_min: int = Field(
        10, ge=3, le=1000, description="distinct accounts that stand in every figure of the demand report"
    )
    demand_wait_days: int = Field(
        5,
        ge=0,
        le=60,
        description="days after a week's end before its demand is reported, for late captures to come in",
    )
