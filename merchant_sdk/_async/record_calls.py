"""What a client asks of whole days: their seals, and the leaves of its merchant's outcomes."""

from datetime import date

from merchant_sdk._async.goods_calls import Reads
from merchant_sdk.credentials import TillCredentials
from merchant_sdk.day_seals import DaySeal, SealedDay
from merchant_sdk.methods import RecordMethod
from tillgate.v1 import record_service_pb2 as record_pb


class RecordCalls(Reads):
    """What a merchant compares with what it kept."""

    _credentials: TillCredentials

    async def day_seal(self, day: date, *, timeout_s: float | None = None) -> DaySeal:
        """The seal of a Moscow day, verified. Raises NotFoundError (DAY_NOT_SEALED) while there is none.

        SealMismatchError if it is not the day's, or the merchant's root not in it.
        """
        request = record_pb.GetDaySealRequest(day=day.isoformat())
        response = await self._read(RecordMethod.GET_DAY_SEAL, request, timeout_s)
        return DaySeal.opened(response, day, self._credentials.outcome_keys, self._credentials.merchant_id)

    async def sealed_day(self, day: date, *, timeout_s: float | None = None) -> SealedDay:
        """A day's seal with all leaves of the merchant, checked: about 90 bytes for each of its outcomes.

        `timeout_s` is for each call, of which there is one for 1,000 outcomes. Raises as `day_seal`.
        """
        seal = await self.day_seal(day, timeout_s=timeout_s)
        request, leaves = record_pb.ListDayLeavesRequest(day=day.isoformat()), []
        while True:
            response = await self._read(RecordMethod.LIST_DAY_LEAVES, request, timeout_s)
            leaves += response.leaves
            request.page_token = response.next_page_token
            if not request.page_token or len(leaves) > seal.outcome_count:
                return SealedDay.of(seal, leaves)
