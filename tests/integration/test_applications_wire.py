"""An application over the wire: from the form to the register, and what its sender is told on the way."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from gateway.registry.application_form import Application
from gateway.registry.applications import refuse, register, review
from merchant_sdk.enrollment import ApplicationStatus
from merchant_sdk.enums import Reason
from merchant_sdk.errors import InvalidRequestError, NotFoundError, RequestIdConflictError
from merchant_sdk.request_ids import new_request_id
from tests.door_kit import settings_for
from tests.enrolment_kit import WHO, entity, entrepreneur
from tests.keys_kit import Enrollment, enrollment_on
from tillgate.v1 import enrollment_service_pb2 as wire

SECRET = secrets.token_bytes(32)


@pytest_asyncio.fixture
async def enrollment(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Enrollment]:
    """Enrolment alone: no purchase is served here."""
    async with enrollment_on(settings_for(tmp_path, database_url, redis_url)) as running:
        yield running


def on_wire(form: Application) -> wire.Application:
    """The same as an applicant sends it."""
    kinds = {"ENTITY": "LEGAL_ENTITY", "ENTREPRENEUR": "INDIVIDUAL_ENTREPRENEUR"}
    texts = {
        name: getattr(form, name) for name in form.__struct_fields__ if isinstance(getattr(form, name), str)
    }
    return wire.Application(
        **{**texts, "kind": f"APPLICANT_KIND_{kinds[form.kind]}"},
        signatory=wire.Signatory(
            name=form.signatory.name, position=form.signatory.position, basis=form.signatory.basis
        ),
        contact=wire.Contact(name=form.contact.name, phone=form.contact.phone, email=form.contact.email),
        outlets=[wire.ApplicantOutlet(name=one.name, address=one.address) for one in form.outlets],
    )


async def submitted(
    enrollment: Enrollment, form: Application, request_id: UUID | None = None, secret: bytes = SECRET
) -> str:
    """The number of an application."""
    message, wanted = on_wire(form), request_id or new_request_id()
    return await enrollment.with_client(lambda client: client.submit_application(message, wanted, secret))


async def status(enrollment: Enrollment, number: str, secret: bytes = SECRET) -> ApplicationStatus:
    """What its sender is told."""
    return await enrollment.with_client(lambda client: client.application(number, secret))


async def change(enrollment: Enrollment, work: Any, number: str, **options: Any) -> Any:
    """The department decides."""
    return await enrollment.change(lambda connection: work(connection, int(number), **options))


@pytest.mark.parametrize("form", [entity(), entrepreneur()], ids=["entity", "entrepreneur"])
async def test_an_applicant_follows_its_application_into_the_register(
    enrollment: Enrollment, form: Application
) -> None:
    """Submitted, under review, registered; and told if it is shut out later."""
    number = await submitted(enrollment, form)
    seen = [(await status(enrollment, number)).state]
    await change(enrollment, review, number, by="Первый")
    seen.append((await status(enrollment, number)).state)
    merchant_id = await change(enrollment, register, number, **WHO)
    found = await status(enrollment, number)
    assert ["SUBMITTED", "UNDER_REVIEW", "REGISTERED"] == [*seen, found.state]
    assert merchant_id == found.merchant_id
    await enrollment.change(
        lambda connection: connection.execute(
            text(
                "UPDATE merchant SET state = 'SUSPENDED', suspended_at = tillgate_now(),"
                " suspend_reason = 'проверка'"
            )
        )
    )
    found = await status(enrollment, number)
    assert ("SUSPENDED", ("проверка",)) == (found.state, found.reasons)


async def test_a_refused_applicant_reads_why(enrollment: Enrollment) -> None:
    """In the words of whoever refused."""
    number = await submitted(enrollment, entity())
    await change(enrollment, review, number, by="Первый")
    await change(enrollment, refuse, number, by="Первый", reason="нет доверенности")
    found = await status(enrollment, number)
    assert ("REFUSED", ("нет доверенности",)) == (found.state, found.reasons)


async def test_each_failed_check_is_named_by_its_field(enrollment: Enrollment) -> None:
    """So that whoever filled in the form finds it."""
    form = entity(inn="0000000001", bic="12", legal_address="")
    with pytest.raises(InvalidRequestError) as caught:
        await submitted(enrollment, form)
    fields = {violation.field for violation in caught.value.violations}
    assert {"application.inn", "application.bic", "application.legal_address"} <= fields
    with pytest.raises(InvalidRequestError) as caught:
        await enrollment.with_client(
            lambda client: client.submit_application(wire.Application(), new_request_id(), b"short")
        )
    assert {"access_secret", "application.kind"} == {one.field for one in caught.value.violations}


async def test_the_same_application_again_has_the_same_number(enrollment: Enrollment) -> None:
    """Another one under its id, or the same by somebody else, is refused; so is a second one of this INN."""
    request_id = new_request_id()
    number = await submitted(enrollment, entity(), request_id)
    assert number == await submitted(enrollment, entity(), request_id)
    for form, secret in ((entity(2), SECRET), (entity(), bytes(32))):
        with pytest.raises(RequestIdConflictError) as caught:
            await submitted(enrollment, form, request_id, secret)
        assert Reason.REQUEST_ID_CONFLICT == caught.value.reason
    with pytest.raises(RequestIdConflictError) as caught:
        await submitted(enrollment, entity())
    assert Reason.APPLICATION_EXISTS == caught.value.reason


@pytest.mark.parametrize("number", ["1", "2", "0", "-1", "", "1 OR 1=1", "9" * 64, "9" * 65, "\0"])
async def test_numbers_cannot_be_tried_one_after_the_other(enrollment: Enrollment, number: str) -> None:
    """Without the secret there is no application, whatever the number."""
    assert "1" == await submitted(enrollment, entity())
    with pytest.raises(NotFoundError) as caught:
        await status(enrollment, number, bytes(32))
    assert Reason.APPLICATION_UNKNOWN == caught.value.reason
