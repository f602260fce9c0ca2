"""The files of a register: one content in every format."""

from enum import StrEnum
from typing import Final

from settlement.payouts.model import Payout
from settlement.payouts.onec_writer import write_onec
from settlement.payouts.pain import write_pain
from settlement.payouts.xlsx import write_xlsx


class PayoutFormat(StrEnum):
    """What a register is written as."""

    ONEC = "1c"
    ONEC_UTF8 = "1c-utf8"
    PAIN = "pain"
    XLSX = "xlsx"


SUFFIXES: Final = {
    PayoutFormat.ONEC: ".txt",
    PayoutFormat.ONEC_UTF8: ".txt",
    PayoutFormat.PAIN: ".xml",
    PayoutFormat.XLSX: ".xlsx",
}


def write(payout: Payout, form: PayoutFormat) -> bytes:
    """The whole file; raises PayoutError CHARACTER_UNFIT if its encoding cannot carry a text."""
    if form is PayoutFormat.PAIN:
        return write_pain(payout)
    if form is PayoutFormat.XLSX:
        return write_xlsx(payout)
    return write_onec(payout, "windows-1251" if form is PayoutFormat.ONEC else "utf-8")
