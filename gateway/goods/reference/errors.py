"""Why reference data is not taken or not published: one error with a code, and texts for people."""

from enum import Enum, unique

from gateway.errors import CodedError


@unique
class ListCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    UNKNOWN_VERSION = ("версии {version} списка {kind} нет", "{kind} has no version {version}")
    VERSION_EXISTS = (
        "версия {version} списка {kind} уже есть, и содержание у неё другое",
        "{kind} has a version {version} already, and its content is another",
    )
    DRAFT_EXISTS = (
        "у списка {kind} уже есть черновик {version}: опубликуйте или отмените его",
        "{kind} has a draft already, {version}: publish or discard it first",
    )
    BUSY = ("список {kind} сейчас загружает другой оператор", "another import of {kind} is under way")
    NOTHING_USABLE = ("в файле нет ни одной годной строки", "the file has no usable row")
    SOURCE_MALFORMED = ("{what}", "{what}")
    SOURCE_CHANGED = ("файл {path} изменился во время загрузки", "{path} changed while it was read")
    TOO_LARGE = (
        "файлы занимают {bytes} байт, допустимо {limit}",
        "{bytes} bytes of files, {limit} are allowed",
    )
    NOT_REHEARSED = (
        "версия {version} списка {kind} не проверена на чеках: сначала репетиция",
        "{kind} {version} was not rehearsed",
    )
    ALREADY_PUBLISHED = (
        "версия {version} списка {kind} уже опубликована",
        "{kind} {version} is published already",
    )
    DISCARDED = ("версия {version} списка {kind} отменена", "{kind} {version} was discarded")
    ACT_MISSING = (
        "нужен акт: кто принял, номер, дата",
        "the act is missing: who decided, number and date",
    )
    ADDRESS_MISSING = (
        "нужен адрес, по которому список опубликован",
        "the address is missing at which the list was published",
    )
    PUBLISHED_IN_FUTURE = (
        "опубликован позже, чем сейчас: {announced_at}",
        "the moment of publication is still to come: {announced_at}",
    )
    EFFECTIVE_BEFORE_PUBLICATION = (
        "вступает в силу {effective_from}, раньше опубликования {announced_at}",
        "in force from {effective_from}, before its publication at {announced_at}",
    )
    EFFECTIVE_TOO_SOON = (
        "вступает в силу {effective_from}; узлы успеют узнать к {earliest}",
        "in force from {effective_from}; the nodes need until {earliest} to hear of it",
    )
    NOTICE_TOO_SHORT = (
        "вступает в силу {effective_from}, а по сроку уведомления не раньше {earliest}",
        "in force from {effective_from}, and the notice ends at {earliest}",
    )
    APPROVERS_MISSING = (
        "срочную публикацию утверждают двое, названо: {count}",
        "two people approve an urgent publication, and {count} are named",
    )
    SAME_APPROVER = (
        "{approver} не может утвердить: назван дважды или сам загрузил черновик",
        "{approver} cannot approve: named twice, or the one who imported the draft",
    )
    OVERLAPPING_EFFECTIVE_DATE = (
        "с {effective_from} уже действует версия {version}",
        "version {version} is in force from {effective_from} already",
    )
    EFFECTIVE_BEFORE_LAST = (
        "вступает в силу раньше версии {version} ({effective_from}), на которой основана",
        "in force before version {version} ({effective_from}), on which it builds",
    )
    PROGRAM_CHANGED = (
        "опубликованные программы изменены или пропали: {programs}",
        "published programs are changed or gone: {programs}",
    )
    NOMINAL_CHANGED = (
        "действующие номиналы изменены или пропали: {nominals}",
        "nominal values in force are changed or gone: {nominals}",
    )
    KIND_NOT_EMPTY = (
        "у списка {kind} уже есть версии: перенимать нечего",
        "{kind} has versions already: there is nothing to take over",
    )
    CONTENT_DAMAGED = (
        "содержание версии {version} списка {kind} повреждено: {what}",
        "the content of {kind} {version} is damaged: {what}",
    )


class ListError(CodedError):
    """Something about a list is refused, with a ListCode."""
