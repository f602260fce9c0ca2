"""One request of each method and one problem of each status, as they stand in the description.

A test has the requests read and the problems looked at.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast

import orjson

from gateway.domain.reasons import Reason
from gateway.jsondoor.problems import HttpFault, HttpFaultError, fault_response, refusal_response
from gateway.ledger.answers import CommandError
from gateway.rpc.errors import RefusalError
from gateway.rpc.validation.findings import InvalidRequestError, Violation

_HEADER: Final = {"request_id": "019a8f3e-5c1b-7d2a-9e4f-0123456789ab", "shift_number": 12}
_CARD: Final = {"number": "9643100000000000001", "series": "01", "entry_mode": "CARD_ENTRY_MODE_CONTACTLESS"}
_BASKET: Final = {
    "lines": [
        {
            "line_number": 1,
            "item_name": "Молоко 3,2 %",
            "okpd2": "10.51.11",
            "quantity_milli": 2000,
            "unit_price_kopecks": 8990,
            "amount_kopecks": 17980,
        },
        {
            "line_number": 2,
            "item_name": "Сыр",
            "okpd2": "10.51.40",
            "quantity_milli": 250,
            "unit_price_kopecks": 89990,
            "amount_kopecks": 22498,
        },
    ],
    "total_kopecks": 40478,
}
_RECEIPT: Final = {
    "kind": "RECEIPT_KIND_SALE",
    "fiscal_drive_number": "9999078900000001",
    "fiscal_document_number": 17,
    "fiscal_sign": 3456789012,
    "kkt_registration_number": "0000000001000001",
    "seller_inn": "7707083893",
    "shift_number": 12,
    "issued_at": "2026-03-10T09:30:00Z",
    "total_kopecks": 40478,
}
_PURCHASE: Final = {"request_id": "019a8f3e-5c1b-7d2a-9e4f-0123456789aa"}

REQUESTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Quote": {"card": _CARD, "basket": _BASKET, "accept_partial": True},
    "Authorize": {"header": _HEADER, "card": _CARD, "basket": _BASKET, "accept_partial": True},
    "Sale": {"header": _HEADER, "card": _CARD, "basket": _BASKET, "receipts": [_RECEIPT]},
    "Capture": {
        "header": _HEADER,
        "purchase": _PURCHASE,
        "lines": [{"line_number": 1, "quantity_milli": 1000, "amount_kopecks": 8990}],
    },
    "Void": {"header": _HEADER, "purchase": _PURCHASE},
    "Refund": {
        "header": _HEADER,
        "purchase": _PURCHASE,
        "lines": [{"line_number": 2, "quantity_milli": 250}],
    },
    "AttachReceipt": {"header": _HEADER, "purchase": _PURCHASE, "receipts": [_RECEIPT]},
    "GetPurchase": {"purchase": _PURCHASE},
    "GetBalance": {"card": _CARD},
    "CloseShift": {"header": _HEADER},
    "ListOperations": {"page_size": 50},
    "SubmitGoods": {
        "items": [
            {"gtin": "4006381333931", "item_name": "Маркер текстовый", "okpd2": "32.99.12"},
            {"item_code": "70012", "item_name": "Сырники, порция", "okpd2": "10.85.19"},
        ]
    },
    "ListSubmittedGoods": {"state": "SUBMISSION_STATE_REFUSED", "page_size": 50},
    "ExplainLine": {"item_name": "Пиво светлое 0,5 л", "gtin": "4006381333931", "okpd2": "11.05.10"},
    "ListReferences": {"kinds": ["REFERENCE_KIND_PROHIBITED"]},
    "GetDaySeal": {"day": "2026-11-23"},
    "ListDayLeaves": {"day": "2026-11-23"},
    "ListClaims": {"page_size": 50},
    "GetClaim": {"claim_id": 7},
    "ListClaimLines": {"claim_id": 7, "page_size": 500},
    "DownloadClaimDocument": {"claim_id": 7, "document": "CLAIM_DOCUMENT_CLAIM_PDF"},
    "SignClaim": {
        "claim_id": 7,
        "qualified_signature": "MIAGCSqGSIb3DQEHAg==",
    },
    "ObjectToClaim": {
        "claim_id": 7,
        "text": "Чек возврата приложен.",
        "line_numbers": [3],
    },
    "ListClaimOperations": {"page_size": 500},
    "GetReceivables": {},
}

_GTIN: Final = "the last digit of the code"
_INVALID: Final = Violation(Reason.CHECK_DIGIT_WRONG, "basket.lines[1].gtin", 2, _GTIN, _GTIN)
_REFUSALS: Final[tuple[RefusalError, ...]] = (
    InvalidRequestError(_INVALID),
    CommandError(Reason.CLIENT_UNKNOWN),
    CommandError(Reason.TERMINAL_NOT_YOURS, "header.terminal_id"),
    CommandError(Reason.NOT_FOUND),
    CommandError(Reason.REQUEST_ID_CONFLICT, "basket.lines[0].amount_kopecks"),
    CommandError(Reason.MESSAGE_TOO_LARGE),
    CommandError(Reason.OVERLOADED, retry_after_s=0.2),
    CommandError(Reason.UNAVAILABLE),
    CommandError(Reason.EXPIRED_IN_QUEUE),
)
_FAULTS: Final = (
    HttpFault.METHOD_NOT_ALLOWED,
    HttpFault.NOT_ACCEPTABLE,
    HttpFault.BODY_TIMEOUT,
    HttpFault.MEDIA_TYPE_UNSUPPORTED,
)


def _problems() -> dict[HTTPStatus, Any]:
    answers = [refusal_response(error, "en") for error in _REFUSALS]
    answers += [fault_response(HttpFaultError(fault), "en") for fault in _FAULTS]
    return {HTTPStatus(answer.status): orjson.loads(cast(bytes, answer.body)) for answer in answers}


PROBLEMS: Final[Mapping[HTTPStatus, Mapping[str, Any]]] = _problems()
"""One of each status, as the door answers it."""
