"""Files of receipts: the tax service's JSON, JSON lines and QR strings."""

import os

from gateway.registry.requisites import is_valid_inn
from settlement.errors import SettlementError
from settlement.receipts.files import ReceiptFile
from tests.fuzz.targets import scratch

PATH = scratch() / f"tillgate-fuzz-receipts-{os.getpid()}"


def check(data: bytes) -> None:
    """A row is a receipt with numbers that the database holds, or has a problem with both texts."""
    PATH.write_bytes(data)
    try:
        for row in ReceiptFile(PATH, is_valid_inn).rows():
            receipt, problem = row.receipt, row.problem
            assert (receipt is None) != (problem is None), row
            assert problem is None or (problem.ru and problem.en), row
            if receipt is not None:
                assert len(receipt.fiscal_drive_number) == 16, row
                assert 0 <= receipt.total_kopecks <= 10**15, row
                names = "".join(line.name + line.quantity for line in receipt.lines)
                assert "\0" not in names, row
                assert names.encode(), row
                assert receipt.issued_at.tzinfo is not None, row
    except SettlementError as error:
        assert error.ru
        assert error.en
    finally:
        PATH.unlink()
