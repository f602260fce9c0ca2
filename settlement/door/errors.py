"""Why a head office is refused at the door."""

from enum import Enum, unique


@unique
class DoorCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    CLAIM_UNKNOWN = ("расчёта {claim_id} нет", "there is no claim {claim_id}")
    PAGE_TOKEN_INVALID = ("страница другого списка", "a page of another listing")
    DOCUMENT_NOT_READY = (
        "документы расчёта {claim_id} ещё не сформированы: они появляются с подачей",
        "claim {claim_id} has no documents yet: they come with its filing",
    )
