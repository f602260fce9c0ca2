"""What fields of requests may hold, as JSON Schema: the very limits that validation refuses by.

A test tries each of them at the real validation, just within and just beyond.
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.domain.basket import CERTIFICATES_MAX, LINES_MAX, ROUNDING_MAX_KOPECKS
from gateway.domain.category import OKPD2_FORM
from gateway.domain.money import AMOUNT_MAX_KOPECKS, QUANTITY_MAX_MILLI
from gateway.registry.cards import NUMBER_DIGITS_MAX, NUMBER_DIGITS_MIN
from gateway.rpc.validation.claims import OBJECTION_LINES_MAX, OBJECTION_MAX_CHARS
from gateway.rpc.validation.commands import OWN_MONEY_PARTS_MAX
from gateway.rpc.validation.fields import MARKING_CODE_MAX_CHARS, TAG_MAX, TEXT_MAX_CHARS
from gateway.rpc.validation.goods import ITEMS_MAX
from gateway.rpc.validation.listing import PAGE_SIZE_MAX
from gateway.rpc.validation.receipts import FISCAL_NUMBER_MAX, RECEIPTS_MAX

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"maxLength": TEXT_MAX_CHARS}
_UUID: Final[Schema] = {"format": "uuid"}
_UUID7: Final[Schema] = {
    "format": "uuid",
    "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$",
}
_PAID: Final[Schema] = {"minimum": 1, "maximum": AMOUNT_MAX_KOPECKS}
_AMOUNT: Final[Schema] = {"minimum": 0, "maximum": AMOUNT_MAX_KOPECKS}
_ROUNDING: Final[Schema] = {"minimum": 0, "maximum": ROUNDING_MAX_KOPECKS}
_QUANTITY: Final[Schema] = {"minimum": 1, "maximum": QUANTITY_MAX_MILLI}
_NUMBER: Final[Schema] = {"minimum": 1}
_COUNT: Final[Schema] = {"minimum": 0}
_TAG: Final[Schema] = {"minimum": 0, "maximum": TAG_MAX}
_FISCAL_NUMBER: Final[Schema] = {"minimum": 1, "maximum": FISCAL_NUMBER_MAX}
_16_DIGITS: Final[Schema] = {"pattern": "^[0-9]{16}$"}

_GTIN: Final[Schema] = {"pattern": "^([0-9]{8}|[0-9]{12,14})?$"}
_OKPD2: Final[Schema] = {"pattern": f"^({OKPD2_FORM.pattern})?$"}
_MARKING_CODE: Final[Schema] = {"maxLength": MARKING_CODE_MAX_CHARS}
_DAY: Final[Schema] = {"format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_PAGE_SIZE: Final[Schema] = {"minimum": 0, "maximum": PAGE_SIZE_MAX}

_LINES: Final[Schema] = {"maxItems": LINES_MAX}
_RECEIPTS: Final[Schema] = {"maxItems": RECEIPTS_MAX}
_OWN_MONEY: Final[Schema] = {"maxItems": OWN_MONEY_PARTS_MAX}
_CERTIFICATES: Final[Schema] = {"maxItems": CERTIFICATES_MAX, "items": _UUID}
_PURCHASE: Final[Mapping[str, Schema]] = {
    "program_code": _TEXT,
    "certificate_ids": _CERTIFICATES,
    "replaces_request_id": _UUID7,
    "own_money": _OWN_MONEY,
}

LIMITS: Final[Mapping[str, Mapping[str, Schema]]] = {
    "CommandHeader": {"request_id": _UUID7, "shift_number": _COUNT, "cashier_ref": _TEXT},
    "Card": {
        "number": {"pattern": f"^[0-9]{{{NUMBER_DIGITS_MIN},{NUMBER_DIGITS_MAX}}}$"},
        "series": _TEXT,
    },
    "BasketLine": {
        "line_number": _NUMBER,
        "item_name": _TEXT,
        "gtin": _GTIN,
        "marking_code": _MARKING_CODE,
        "item_code": _TEXT,
        "okpd2": _OKPD2,
        "quantity_milli": _QUANTITY,
        "unit_price_kopecks": _AMOUNT,
        "discount_kopecks": _AMOUNT,
        "amount_kopecks": _PAID,
        "payment_subject": _TAG,
        "payment_method": _TAG,
        "vat_rate": _TAG,
        "serial_number": _TEXT,
    },
    "Basket": {
        "lines": {"minItems": 1} | _LINES,
        "total_kopecks": _PAID,
        "rounding_kopecks": _ROUNDING,
    },
    "OwnMoneyPart": {"amount_kopecks": _PAID},
    "FiscalReceipt": {
        "fiscal_drive_number": _16_DIGITS,
        "fiscal_document_number": _FISCAL_NUMBER,
        "fiscal_sign": _FISCAL_NUMBER,
        "kkt_registration_number": _16_DIGITS,
        "seller_inn": {"pattern": "^([0-9]{10}|[0-9]{12})$"},
        "shift_number": _COUNT,
        "total_kopecks": _AMOUNT,
    },
    "FiscalReceiptRef": {"fiscal_drive_number": _16_DIGITS, "fiscal_document_number": _FISCAL_NUMBER},
    "PurchaseRef": {"purchase_id": _UUID, "request_id": _UUID7},
    "CaptureLine": {"line_number": _NUMBER, "quantity_milli": _QUANTITY, "amount_kopecks": _PAID},
    "RefundLine": {"line_number": _NUMBER, "quantity_milli": _QUANTITY},
    "QuoteRequest": {"program_code": _TEXT, "certificate_ids": _CERTIFICATES},
    "AuthorizeRequest": _PURCHASE,
    "SaleRequest": {**_PURCHASE, "receipts": _RECEIPTS},
    "CaptureRequest": {
        "lines": _LINES,
        "rounding_kopecks": _ROUNDING,
        "own_money": _OWN_MONEY,
        "receipts": _RECEIPTS,
    },
    "RefundRequest": {"lines": _LINES, "receipts": _RECEIPTS},
    "AttachReceiptRequest": {"receipts": {"minItems": 1} | _RECEIPTS},
    "ListOperationsRequest": {"page_size": _PAGE_SIZE},
    "SubmittedItem": {
        "gtin": _GTIN,
        "item_code": _TEXT,
        "item_name": {"minLength": 1} | _TEXT,
        "okpd2": _OKPD2,
    },
    "SubmitGoodsRequest": {"items": {"minItems": 1, "maxItems": ITEMS_MAX}},
    "ListSubmittedGoodsRequest": {"page_size": _PAGE_SIZE},
    "ExplainLineRequest": {
        "item_name": _TEXT,
        "gtin": _GTIN,
        "marking_code": _MARKING_CODE,
        "item_code": _TEXT,
        "okpd2": _OKPD2,
        "payment_subject": _TAG,
    },
    "GetDaySealRequest": {"day": _DAY},
    "ListDayLeavesRequest": {"day": _DAY},
    "ListClaimsRequest": {"page_size": _PAGE_SIZE},
    "GetClaimRequest": {"claim_id": _NUMBER},
    "ListClaimLinesRequest": {"claim_id": _NUMBER, "page_size": _PAGE_SIZE},
    "DownloadClaimDocumentRequest": {"claim_id": _NUMBER, "offset": _COUNT},
    "SignClaimRequest": {"claim_id": _NUMBER},
    "ObjectToClaimRequest": {
        "claim_id": _NUMBER,
        "text": {"minLength": 1, "maxLength": OBJECTION_MAX_CHARS},
        "line_numbers": {"maxItems": OBJECTION_LINES_MAX, "items": _NUMBER},
    },
    "ListClaimOperationsRequest": {"page_size": _PAGE_SIZE},
}
"""By message and field."""

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "CommandHeader": ("request_id",),
    "Card": ("number",),
    "BasketLine": ("line_number", "quantity_milli", "amount_kopecks"),
    "Basket": ("lines", "total_kopecks"),
    "OwnMoneyPart": ("kind", "amount_kopecks"),
    "FiscalReceipt": (
        "kind",
        "fiscal_drive_number",
        "fiscal_document_number",
        "fiscal_sign",
        "kkt_registration_number",
        "seller_inn",
        "issued_at",
    ),
    "FiscalReceiptRef": ("fiscal_drive_number", "fiscal_document_number"),
    "CaptureLine": ("line_number", "quantity_milli", "amount_kopecks"),
    "RefundLine": ("line_number", "quantity_milli"),
    "QuoteRequest": ("card", "basket"),
    "AuthorizeRequest": ("header", "card", "basket"),
    "SaleRequest": ("header", "card", "basket"),
    "CaptureRequest": ("header", "purchase"),
    "VoidRequest": ("header", "purchase"),
    "RefundRequest": ("header", "purchase"),
    "AttachReceiptRequest": ("header", "purchase", "receipts"),
    "GetPurchaseRequest": ("purchase",),
    "GetBalanceRequest": ("card",),
    "CloseShiftRequest": ("header",),
    "SubmittedItem": ("item_name",),
    "SubmitGoodsRequest": ("items",),
    "GetDaySealRequest": ("day",),
    "ListDayLeavesRequest": ("day",),
    "GetClaimRequest": ("claim_id",),
    "ListClaimLinesRequest": ("claim_id",),
    "DownloadClaimDocumentRequest": ("claim_id", "document"),
    "SignClaimRequest": ("claim_id",),
    "ObjectToClaimRequest": ("claim_id", "text"),
}
"""Fields without which a message is refused."""

EXCLUSIVE_NEEDED: Final = frozenset({"PurchaseRef.name", "SignClaimRequest.form"})
"""Of which exactly one field must be set; of another oneof at most one may be."""
