"""Where each method is found: custom methods of AIP-136 on the things that they are about.

Every method is a POST with its whole request in the body, reading ones too: a card number
must never stand in an address, which servers and proxies log.
"""

from collections.abc import Mapping
from typing import Final

OPENAPI_PATH: Final = "/v1/openapi.json"

PATHS: Final[Mapping[str, str]] = {
    "Quote": "/v1/purchases:quote",
    "Authorize": "/v1/purchases:authorize",
    "Sale": "/v1/purchases:sale",
    "Capture": "/v1/purchases:capture",
    "Void": "/v1/purchases:void",
    "Refund": "/v1/purchases:refund",
    "AttachReceipt": "/v1/purchases:attachReceipt",
    "GetPurchase": "/v1/purchases:get",
    "GetBalance": "/v1/cards:getBalance",
    "CloseShift": "/v1/shifts:close",
    "ListOperations": "/v1/operations:list",
    "SubmitGoods": "/v1/goods:submit",
    "ListSubmittedGoods": "/v1/goods:listSubmitted",
    "ExplainLine": "/v1/goods:explainLine",
    "ListReferences": "/v1/references:list",
    "GetDaySeal": "/v1/daySeals:get",
    "ListDayLeaves": "/v1/daySeals:listLeaves",
    "ListClaims": "/v1/claims:list",
    "GetClaim": "/v1/claims:get",
    "ListClaimLines": "/v1/claims:listLines",
    "DownloadClaimDocument": "/v1/claims:downloadDocument",
    "SignClaim": "/v1/claims:sign",
    "ObjectToClaim": "/v1/claims:object",
    "ListClaimOperations": "/v1/claims:listOperations",
    "GetReceivables": "/v1/claims:getReceivables",
}
