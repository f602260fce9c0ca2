"""Why work on claims is refused: each room of settlement names its own reasons in an enum of texts."""

from gateway.errors import CodedError


class SettlementError(CodedError):
    """Something of settlement is refused; the code's texts are Russian and English."""
