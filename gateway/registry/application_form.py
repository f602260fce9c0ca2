"""The application (заявка) to join the register of participants, as it is filled in."""

from enum import StrEnum

from msgspec import Struct


class ApplicantKind(StrEnum):
    """Who may join: both are named by the title of appendix 4 of decree 213-ПП."""

    ENTITY = "ENTITY"
    ENTREPRENEUR = "ENTREPRENEUR"


class Signatory(Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs the agreement, and on what basis (charter, power of attorney with its number and date)."""

    name: str
    position: str
    basis: str


class Contact(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom the department asks."""

    name: str
    phone: str
    email: str


class OutletForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A shop of the applicant, with its postal address."""

    name: str
    address: str


class Application(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an applicant says of itself.

    `ogrn` is the ОГРНИП of an entrepreneur, which leaves `kpp` empty; `correspondent_account` and
    `postal_address` may be empty (the directory's one, and the legal address).
    """

    kind: ApplicantKind
    name: str
    full_name: str
    inn: str
    ogrn: str
    bic: str
    account: str
    legal_address: str
    signatory: Signatory
    contact: Contact
    outlets: tuple[OutletForm, ...]
    kpp: str = ""
    correspondent_account: str = ""
    postal_address: str = ""
