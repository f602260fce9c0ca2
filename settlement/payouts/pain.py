"""ISO 20022 pain.001.001.09: the register as a message of customer credit transfers.

Russian practice of the message (as banks' guides to their host-to-host channels tell it): banks by BIK under
the clearing system RUCBC, accounts in Othr, INN under the scheme TXID. КПП, КБК and ОКТМО stand in TaxRmt,
since the message has no other place for them. The document's number is InstrId; EndToEndId is ours.
"""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from gateway.domain.policy import MOSCOW
from settlement.payouts.model import Payer, Payout, Transfer, rubles
from settlement.payouts.onec_writer import payer_name

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

_TEXT_MAX_CHARS: Final = 140
_ADDRESS_MAX_CHARS: Final = 70


def write_pain(payout: Payout) -> bytes:
    """The whole message in UTF-8; the same register gives the same bytes."""
    document = Element("Document", {"xmlns": NAMESPACE})
    message = SubElement(document, "CstmrCdtTrfInitn")
    count, total = str(payout.control.count), rubles(payout.control.sum_kopecks)
    head = SubElement(message, "GrpHdr")
    _text(head, "MsgId", f"TG{payout.id}-{payout.control.sha256.hex()[:16]}")
    _text(head, "CreDtTm", payout.made_at.astimezone(MOSCOW).isoformat(timespec="seconds"))
    _text(head, "NbOfTxs", count)
    _text(head, "CtrlSum", total)
    _party(SubElement(head, "InitgPty"), payout.payer.name, payout.payer.inn)
    # The payer's name holds the лицевой счёт, which may be another for each agreement.
    for n, (name, transfers) in enumerate(_by_payer(payout).items(), start=1):
        _batch(message, payout, n, name, transfers)
    body: bytes = tostring(document, encoding="utf-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _by_payer(payout: Payout) -> dict[str, list[Transfer]]:
    found: dict[str, list[Transfer]] = {}
    for one in payout.transfers:
        found.setdefault(payer_name(payout.payer, one), []).append(one)
    return found


def _batch(message: Element, payout: Payout, n: int, name: str, transfers: list[Transfer]) -> None:
    payer = payout.payer
    batch = SubElement(message, "PmtInf")
    _text(batch, "PmtInfId", f"TG{payout.id}-{n}")
    _text(batch, "PmtMtd", "TRF")
    _text(batch, "NbOfTxs", str(len(transfers)))
    _text(batch, "CtrlSum", rubles(sum(one.amount_kopecks for one in transfers)))
    _text(SubElement(batch, "ReqdExctnDt"), "Dt", payout.dated.isoformat())
    _party(SubElement(batch, "Dbtr"), name, payer.inn)
    _account(SubElement(batch, "DbtrAcct"), payer.account)
    _bank(SubElement(batch, "DbtrAgt"), payer.bic, payer.bank_name)
    _account(SubElement(batch, "DbtrAgtAcct"), payer.correspondent_account)
    for one in transfers:
        _transfer(batch, payer, one)


def _transfer(batch: Element, payer: Payer, one: Transfer) -> None:
    bank = one.payee.bank
    made = SubElement(batch, "CdtTrfTxInf")
    ids = SubElement(made, "PmtId")
    _text(ids, "InstrId", one.order_number)
    _text(ids, "EndToEndId", one.end_to_end_id)
    amount = SubElement(SubElement(made, "Amt"), "InstdAmt", {"Ccy": "RUB"})
    amount.text = rubles(one.amount_kopecks)
    _bank(SubElement(made, "CdtrAgt"), bank.bic, bank.bank_name)
    if bank.correspondent_account:
        _account(SubElement(made, "CdtrAgtAcct"), bank.correspondent_account)
    _party(SubElement(made, "Cdtr"), one.payee.name, one.payee.inn)
    _account(SubElement(made, "CdtrAcct"), bank.account)
    if one.purpose_code:
        _text(SubElement(made, "Purp"), "Prtry", one.purpose_code)
    _remittance(SubElement(made, "RmtInf"), payer, one)


def _remittance(made: Element, payer: Payer, one: Transfer) -> None:
    for start in range(0, len(one.purpose), _TEXT_MAX_CHARS):
        _text(made, "Ustrd", one.purpose[start : start + _TEXT_MAX_CHARS])
    structured = SubElement(made, "Strd")
    document = SubElement(structured, "RfrdDocInf")
    _text(document, "Nb", one.order_number)
    _text(document, "RltdDt", one.dated.isoformat())
    tax = SubElement(structured, "TaxRmt")
    payee = SubElement(tax, "Cdtr")
    _text(payee, "TaxId", one.payee.inn)
    if one.payee.kpp:
        _text(payee, "TaxTp", one.payee.kpp)
    department = SubElement(tax, "Dbtr")
    _text(department, "TaxId", payer.inn)
    _text(department, "TaxTp", payer.kpp)
    if payer.oktmo:
        _text(tax, "AdmstnZone", payer.oktmo)
    if one.kbk:
        _text(SubElement(tax, "Rcrd"), "CtgyDtls", one.kbk)
    if one.obligation_number:
        _text(structured, "AddtlRmtInf", f"обязательство {one.obligation_number}")


def _party(element: Element, name: str, inn: str) -> None:
    """A party; what of its name goes beyond the element stands in the address, where banks look for it."""
    _text(element, "Nm", name[:_TEXT_MAX_CHARS])
    rest = name[_TEXT_MAX_CHARS:]
    if rest:
        address = SubElement(element, "PstlAdr")
        for start in range(0, len(rest), _ADDRESS_MAX_CHARS):
            _text(address, "AdrLine", rest[start : start + _ADDRESS_MAX_CHARS])
    other = SubElement(SubElement(SubElement(element, "Id"), "OrgId"), "Othr")
    _text(other, "Id", inn)
    _text(SubElement(other, "SchmeNm"), "Cd", "TXID")


def _bank(element: Element, bic: str, name: str) -> None:
    institution = SubElement(element, "FinInstnId")
    member = SubElement(institution, "ClrSysMmbId")
    _text(SubElement(member, "ClrSysId"), "Cd", "RUCBC")
    _text(member, "MmbId", bic)
    _text(institution, "Nm", name[:_TEXT_MAX_CHARS])


def _account(element: Element, account: str) -> None:
    other = SubElement(SubElement(element, "Id"), "Othr")
    _text(other, "Id", account)
    _text(SubElement(other, "SchmeNm"), "Cd", "BBAN")


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text
