"""Why a report is refused."""

from enum import Enum, unique


@unique
class ReportCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    WEEK_UNKNOWN = (
        "«{week}» не неделя: нужно, например, 2026-W47",
        "{week!r} is no week: one is written as 2026-W47",
    )
    WEEK_OPEN = (
        "неделя {week} открыта: отчёт возможен с {day:%d.%m.%Y}, когда придут поздние списания",
        "week {week} is open: it can be reported from {day:%d.%m.%Y} on, when late captures are in",
    )
    PAGE_TOKEN_INVALID = (
        "метка страницы не из этой ленты операций",
        "the page token is not of this feed of operations",
    )
