"""Four eyes: another person decides, on exactly what was proposed, and it is executed once."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from gateway.people.approvals import (
    Proposal,
    ProposalKind,
    ProposalState,
    approve,
    begin,
    finish,
    proposal_of,
    proposals,
    propose,
    refuse,
    withdraw,
)
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Permission, Role, Signatory, permissions_of
from tests.people_kit import Office

OPERATOR = Signatory("operator", permissions_of([Role.OPERATOR]))
APPROVER = Signatory("approver", permissions_of([Role.APPROVER]))
BOTH = Signatory("both", permissions_of([Role.OPERATOR, Role.APPROVER]))
AUDITOR = Signatory("auditor", permissions_of([Role.AUDITOR]))


async def approved(office: Office, one: Proposal, by: Signatory = APPROVER) -> Proposal:
    """Approve a proposal as it is."""
    async with office.owned() as connection, connection.transaction():
        return await approve(connection, one.id, by=by, payload_sha256=one.payload_sha256)


async def begun(office: Office, number: int, by: Signatory = OPERATOR, *, resumes: bool = False) -> Proposal:
    """Begin to execute a proposal."""
    async with office.owned() as connection, connection.transaction():
        return await begin(connection, number, kind=ProposalKind.CORRECT, by=by, resumes=resumes)


async def finished(office: Office, number: int) -> Proposal:
    """Finish it."""
    async with office.owned() as connection, connection.transaction():
        return await finish(connection, number, by=OPERATOR, result="done")


async def test_what_one_proposed_and_another_approved_is_executed(office: Office) -> None:
    """Every step is in the audit log, the last ones with who approved."""
    one = await office.proposed(OPERATOR, {"amount_kopecks": 500, "document_number": "Д-1"})
    assert ProposalState.PROPOSED is one.state
    assert ProposalState.APPROVED is (await approved(office, one)).state
    taken = await begun(office, one.id, resumes=True)
    assert (ProposalState.EXECUTING, one.payload) == (taken.state, taken.payload)
    done = await finished(office, one.id)
    assert (ProposalState.EXECUTED, "done", "operator", "approver") == (
        done.state, done.result, done.executed_by, done.decided_by,
    )  # fmt: skip
    assert [
        "proposal.made",
        "proposal.approved",
        "proposal.begun",
        "proposal.executed",
    ] == await office.actions()
    assert "approver" == await office.sql("SELECT approved_by FROM audit_entry ORDER BY id DESC LIMIT 1")


async def test_nobody_approves_their_own_proposal(office: Office) -> None:
    """Whatever roles they have; nor refuses it, which would look like another's decision."""
    one = await office.proposed(BOTH)
    with pytest.raises(PeopleError) as error:
        await approved(office, one, BOTH)
    assert PeopleCode.SAME_PERSON is error.value.code
    async with office.owned() as connection, connection.transaction():
        with pytest.raises(PeopleError):
            await refuse(connection, one.id, by=BOTH, because="нет")
    assert ProposalState.APPROVED is (await approved(office, one)).state


async def test_the_database_itself_refuses_one_person_for_two(office: Office) -> None:
    """Whoever writes, and however."""
    one = await office.proposed(BOTH)
    with pytest.raises(asyncpg.CheckViolationError):
        await office.sql(
            "UPDATE proposal SET state = 'APPROVED', decided_by = 'both', decided_at = now(), because = ''"
            " WHERE id = $1", one.id,
        )  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proposal SET payload = '{}', payload_sha256 = sha256('{}')",
        "UPDATE proposal SET payload = '{}'",
        "UPDATE proposal SET proposed_by = 'somebody'",
        "UPDATE proposal SET expires_at = expires_at + interval '1 year'",
        "UPDATE proposal SET state = 'PROPOSED', decided_by = NULL, decided_at = NULL, because = NULL",
        "UPDATE proposal SET decided_by = 'another'",
        "UPDATE proposal SET state = 'EXECUTED', executed_by = 'x', begun_at = now(), executed_at = now(),"
        " result = ''",
        "DELETE FROM proposal",
        "TRUNCATE proposal",
    ],
)
async def test_what_was_approved_stays_what_it_was(office: Office, statement: str) -> None:
    """Also for the owner of the tables."""
    one = await approved(office, await office.proposed(OPERATOR))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await office.sql(statement)
    async with office.owned() as connection:
        assert one == await proposal_of(connection, one.id)


async def test_an_approval_is_of_the_payload_that_was_looked_at(office: Office) -> None:
    """The hash of another one approves nothing."""
    one, other = await office.proposed(OPERATOR), await office.proposed(OPERATOR, {"amount_kopecks": 999})
    for digest in (other.payload_sha256, b""):
        async with office.owned() as connection, connection.transaction():
            with pytest.raises(PeopleError) as error:
                await approve(connection, one.id, by=APPROVER, payload_sha256=digest)
        assert PeopleCode.PAYLOAD_CHANGED is error.value.code


async def test_it_is_executed_once(office: Office) -> None:
    """Neither after it is done nor, where it can't be resumed, while it is under way."""
    one = await approved(office, await office.proposed(OPERATOR))
    await begun(office, one.id)
    with pytest.raises(PeopleError):
        await begun(office, one.id)
    await begun(office, one.id, resumes=True)
    await finished(office, one.id)
    for resumes in (False, True):
        with pytest.raises(PeopleError) as error:
            await begun(office, one.id, resumes=resumes)
        assert PeopleCode.NOT_APPROVED is error.value.code
    with pytest.raises(PeopleError):
        await finished(office, one.id)


async def test_of_several_who_execute_at_one_moment_one_does(office: Office) -> None:
    """The others wait for its row and find it taken."""
    one = await approved(office, await office.proposed(OPERATOR))
    results = await asyncio.gather(*(begun(office, one.id) for _ in range(6)), return_exceptions=True)
    assert 1 == sum(isinstance(result, Proposal) for result in results)
    assert 5 == sum(isinstance(result, PeopleError) for result in results)


async def test_of_two_who_decide_at_one_moment_one_does(office: Office) -> None:
    """Approved or refused, never both."""
    one = await office.proposed(OPERATOR)
    second = Signatory("second", APPROVER.permissions)

    async def refused() -> Proposal:
        async with office.owned() as connection, connection.transaction():
            return await refuse(connection, one.id, by=second, because="нет")

    results = await asyncio.gather(approved(office, one), refused(), return_exceptions=True)
    assert 1 == sum(isinstance(result, Proposal) for result in results)
    assert 2 == len(await office.actions())


async def test_an_effect_and_its_proposal_are_one(office: Office) -> None:
    """What fails in between leaves the proposal approved."""
    one = await approved(office, await office.proposed(OPERATOR))
    async with office.owned() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await begin(connection, one.id, kind=ProposalKind.CORRECT, by=OPERATOR)
        await transaction.rollback()
    async with office.owned() as connection:
        assert ProposalState.APPROVED is (await proposal_of(connection, one.id)).state


async def test_sqlalchemys_connections_do_as_well(office: Office) -> None:
    """The registry works on them."""
    async with office.owner.begin() as connection:
        one = await propose(
            connection,
            kind=ProposalKind.CHANGE_ACCOUNT,
            payload={"merchant_id": 1},
            by=OPERATOR,
            reason="смена банка",
        )
    async with office.owner.begin() as connection:
        await approve(connection, one.id, by=APPROVER, payload_sha256=one.payload_sha256)
        taken = await begin(connection, one.id, kind=ProposalKind.CHANGE_ACCOUNT, by=OPERATOR)
        await finish(connection, one.id, by=OPERATOR, result="ok")
    assert {"merchant_id": 1} == taken.payload


async def test_time_ends_a_proposal(office: Office) -> None:
    """Undecided or approved; what was begun may be finished."""
    waiting = await office.proposed(OPERATOR, lifetime=timedelta(hours=1))
    ready = await approved(office, await office.proposed(OPERATOR, lifetime=timedelta(hours=1)))
    under_way = await approved(office, await office.proposed(OPERATOR, lifetime=timedelta(hours=1)))
    await begun(office, under_way.id)
    await office.pass_time(3600)
    for attempt in (
        approved(office, waiting),
        begun(office, ready.id),
        begun(office, ready.id, resumes=True),
    ):
        with pytest.raises(PeopleError) as error:
            await attempt
        assert PeopleCode.EXPIRED is error.value.code
    await finished(office, under_way.id)
    async with office.owned() as connection:
        assert [] == await proposals(connection, open_only=True)
        states = [one.state for one in await proposals(connection, open_only=False)]
    assert [ProposalState.EXECUTED, ProposalState.EXPIRED, ProposalState.EXPIRED] == states


async def test_only_the_proposer_withdraws_and_only_before_its_execution(office: Office) -> None:
    """Also after the approval."""
    one = await approved(office, await office.proposed(OPERATOR))
    async with office.owned() as connection, connection.transaction():
        with pytest.raises(PeopleError) as error:
            await withdraw(connection, one.id, by=BOTH)
        assert PeopleCode.NOT_THE_PROPOSER is error.value.code
        assert ProposalState.WITHDRAWN is (await withdraw(connection, one.id, by=OPERATOR)).state
        with pytest.raises(PeopleError):
            await withdraw(connection, one.id, by=OPERATOR)
    with pytest.raises(PeopleError):
        await begun(office, one.id)


async def test_an_approver_takes_back_what_nobody_has_begun(office: Office) -> None:
    """Another approver can't; what is being executed goes on."""
    one = await approved(office, await office.proposed(OPERATOR))
    async with office.owned() as connection, connection.transaction():
        with pytest.raises(PeopleError) as error:
            await withdraw(connection, one.id, by=Signatory("second", APPROVER.permissions))
        assert PeopleCode.NOT_THE_PROPOSER is error.value.code
        assert ProposalState.WITHDRAWN is (await withdraw(connection, one.id, by=APPROVER)).state
    with pytest.raises(PeopleError):
        await begun(office, one.id)
    other = await approved(office, await office.proposed(OPERATOR))
    await begun(office, other.id)
    async with office.owned() as connection, connection.transaction():
        with pytest.raises(PeopleError):
            await withdraw(connection, other.id, by=APPROVER)


async def test_each_step_needs_its_permission(office: Office) -> None:
    """An approver proposes and executes nothing, an operator decides nothing, an auditor does none of it."""
    one = await office.proposed(OPERATOR)
    attempts = [
        (Permission.PROPOSE, office.proposed(APPROVER)),
        (Permission.PROPOSE, office.proposed(AUDITOR)),
        (Permission.DECIDE, approved(office, one, Signatory("other", OPERATOR.permissions))),
        (Permission.DECIDE, approved(office, one, AUDITOR)),
        (Permission.EXECUTE, begun(office, one.id, APPROVER)),
    ]
    for permission, attempt in attempts:
        with pytest.raises(PeopleError) as error:
            await attempt
        assert (PeopleCode.NOT_PERMITTED, permission.value) == (
            error.value.code, error.value.details["permission"],
        )  # fmt: skip


async def test_what_is_not_there_or_is_something_else_is_refused(office: Office) -> None:
    """An unknown number, another kind, no reason."""
    one = await approved(office, await office.proposed(OPERATOR))
    async with office.owned() as connection, connection.transaction():
        for code, attempt in (
            (PeopleCode.UNKNOWN_PROPOSAL, begin(connection, 999, kind=ProposalKind.CORRECT, by=OPERATOR)),
            (PeopleCode.OTHER_KIND, begin(connection, one.id, kind=ProposalKind.PUBLISH_LIST, by=OPERATOR)),
            (PeopleCode.REASON_MISSING, refuse(connection, one.id, by=APPROVER, because=" ")),
            (
                PeopleCode.REASON_MISSING,
                propose(connection, kind=ProposalKind.CORRECT, payload={}, by=OPERATOR, reason=" "),
            ),
        ):
            with pytest.raises(PeopleError) as error:
                await attempt
            assert code is error.value.code
