"""Settings of payouts."""

from pydantic import BaseModel, Field

from gateway.runtime.settings_types import OptionalFile


class PayoutSettings(BaseModel):
    """What `tillgate claims payout` goes by."""

    payer_file: OptionalFile = Field(
        None, description="the department's requisites in payment orders, TOML (docs/payouts.md)"
    )
