"""What may be asked of the record."""

import re
from datetime import date
from typing import Final

from gateway.domain.reasons import Reason
from gateway.rpc.validation.findings import invalid
from tillgate.v1 import record_service_pb2 as wire

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_day(request: wire.GetDaySealRequest | wire.ListDayLeavesRequest) -> date:
    """The day that is asked for; raises InvalidRequestError (FIELD_MISSING, FIELD_INVALID)."""
    if not request.day:
        raise invalid(Reason.FIELD_MISSING, "day")
    try:
        if _DAY.fullmatch(request.day):
            return date.fromisoformat(request.day)
    except ValueError:
        pass
    raise invalid(Reason.FIELD_INVALID, "day", "нужен день ГГГГ-ММ-ДД", "should be a day, YYYY-MM-DD")
