"""The people's door by HTTP: pages, each for those who may see it, and the headers that they carry."""

from gateway.people.approvals import ProposalState, approve, proposal_of
from gateway.people.roles import Role
from gateway.people.second_factor import code_at
from gateway.registry.schema import merchant
from tests.people_kit import PASSWORD, Browser, Member, Office, door_of
from tests.registry_kit import add, add_outlet


async def state_of(office: Office, number: int) -> ProposalState:
    """Where a proposal stands."""
    async with office.owned() as connection:
        return (await proposal_of(connection, number)).state


async def test_a_person_joins_signs_in_approves_and_signs_out(
    office: Office, browser: Browser, operator: Member
) -> None:
    """The whole way, page by page."""
    one = await office.proposed(
        await office.signatory(operator), {"amount_kopecks": 123_456, "document_number": "Д-7"}
    )
    invitation = await office.invited("second", Role.APPROVER)
    page = await browser.post("/join", invitation=invitation)
    assert "Имя second" in page.words
    secret = (await office.sign_in.invitation_of(invitation, "192.0.2.1")).totp_secret
    done = await browser.post(
        "/join/finish", invitation=invitation, password=PASSWORD, again=PASSWORD,
        code=code_at(secret, await office.now()),
    )  # fmt: skip
    assert "/login?note=joined" == done.headers["Location"]
    await browser.sign_in(office, Member("second", secret))
    assert "/proposals" == (await browser.get("/")).headers["Location"]
    listed = await browser.get("/proposals")
    assert "исправление оператора" in listed.words
    page = await browser.get(f"/proposals/{one.id}")
    assert "1\u00a0234,56\u00a0₽" in page.words
    assert "Д-7" in page.words
    fields = {"csrf": page.csrf, "payload_sha256": one.payload_sha256.hex(), "because": "проверено"}
    done = await browser.post(f"/proposals/{one.id}/approve", **fields)
    assert (303, f"/proposals/{one.id}") == (done.status, done.headers["Location"])
    assert ProposalState.APPROVED is await state_of(office, one.id)
    assert "утверждено" in (await browser.get(f"/proposals/{one.id}")).words
    again = await browser.post(f"/proposals/{one.id}/approve", **fields)
    assert 409 == again.status
    assert 303 == (await browser.post("/logout", csrf=page.csrf)).status
    assert "/login" == (await browser.get("/proposals")).headers["Location"]


async def test_every_page_speaks_russian_first_and_english_on_request(browser: Browser) -> None:
    """The choice is remembered; a strange one is Russian."""
    assert '<html lang="ru">' in (await browser.get("/login")).text
    assert "Sign in" in (await browser.get("/login?lang=en")).text
    assert "Sign in" in (await browser.get("/login")).text
    assert '<html lang="ru">' in (await browser.get("/login?lang=<script>")).text


async def test_every_answer_carries_the_headers_of_safety(browser: Browser) -> None:
    """Pages, style, redirections, errors."""
    for path in ("/login", "/style.css", "/", "/nothing", "/login/code"):
        answer = await browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "nosniff" == answer.headers["X-Content-Type-Options"]
        assert "DENY" == answer.headers["X-Frame-Options"]
        assert "no-store" == answer.headers["Cache-Control"]
        assert "tillgate" == answer.headers["Server"]
        assert "<script" not in answer.text
        assert " style=" not in answer.text


async def test_over_tls_cookies_and_browsers_are_told_so(office: Office, approver: Member) -> None:
    """The cookie has the host's prefix and Secure; HSTS is sent; the origin must be the public one."""
    async with door_of(office, origin="https://desk.example.org", is_secure=True) as opened:
        browser = Browser(opened)
        login = {"login": "approver", "password": PASSWORD}
        assert 403 == (await browser.post("/login", **login)).status
        done = await browser.post("/login", origin="https://desk.example.org", **login)
        await browser.close()
    cookie = done.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert "max-age=31536000" in done.headers["Strict-Transport-Security"]


async def test_each_role_sees_its_own_pages(
    office: Office, address: str, operator: Member, approver: Member
) -> None:
    """And is refused the others."""
    merchant_id = await add(office.owner, merchant, inn="7700000000", name="ООО Один")
    auditor = await office.member("auditor", Role.AUDITOR)
    manager = await office.member("manager", Role.MERCHANT_MANAGER, merchant_ids=(merchant_id,))
    paths = ("/proposals", "/audit", "/merchants")
    for member, allowed in (
        (operator, {"/proposals"}),
        (approver, {"/proposals"}),
        (auditor, {"/proposals", "/audit"}),
        (manager, {"/merchants"}),
    ):
        browser = Browser(address)
        for path in paths:
            assert "/login" == (await browser.get(path)).headers["Location"]
        await browser.sign_in(office, member)
        assert allowed == {path for path in paths if (await browser.get(path)).status == 200}, member.login
        for path in set(paths) - allowed:
            assert 403 == (await browser.get(path)).status
        await browser.close()


async def test_an_operator_can_not_decide_nor_an_approver_withdraw(
    office: Office, address: str, operator: Member, approver: Member
) -> None:
    """Not by a form that was made by hand."""
    both = await office.member("both", Role.OPERATOR, Role.APPROVER)
    one = await office.proposed(await office.signatory(both))
    for member, step, status in (
        (operator, "approve", 403), (operator, "refuse", 403), (operator, "withdraw", 409),
        (approver, "withdraw", 409), (both, "approve", 409), (both, "refuse", 409),
    ):  # fmt: skip
        browser = Browser(address)
        await browser.sign_in(office, member)
        csrf = (await browser.get("/proposals")).csrf
        answer = await browser.post(
            f"/proposals/{one.id}/{step}", csrf=csrf, payload_sha256=one.payload_sha256.hex(), because="нет"
        )
        assert status == answer.status, (member.login, step)
        await browser.close()
    assert ProposalState.PROPOSED is await state_of(office, one.id)


async def test_a_page_approves_only_what_it_showed(
    office: Office, browser: Browser, operator: Member, approver: Member
) -> None:
    """The payload's hash goes with the form."""
    by = await office.signatory(operator)
    shown, other = await office.proposed(by), await office.proposed(by, {"amount_kopecks": 10**9})
    await browser.sign_in(office, approver)
    page = await browser.get(f"/proposals/{shown.id}")
    fields = {"csrf": page.csrf, "payload_sha256": shown.payload_sha256.hex()}
    assert 409 == (await browser.post(f"/proposals/{other.id}/approve", **fields)).status
    assert ProposalState.PROPOSED is await state_of(office, other.id)


async def test_a_merchant_manager_sees_no_other_merchant(office: Office, browser: Browser) -> None:
    """Another one is answered like one that there is not."""
    own = await add(office.owner, merchant, inn="7700000000", name="ООО Один")
    other = await add(office.owner, merchant, inn="7800000000", name="ООО Другой")
    await add_outlet(office.owner, own, "Магазин на углу")
    await add_outlet(office.owner, other, "Чужой магазин")
    manager = await office.member("manager", Role.MERCHANT_MANAGER, merchant_ids=(own,))
    await browser.sign_in(office, manager)
    page = await browser.get("/merchants")
    assert "ООО Один" in page.words
    assert "ООО Другой" not in page.words
    assert "Магазин на углу" in (await browser.get(f"/merchants/{own}")).words
    foreign, absent = await browser.get(f"/merchants/{other}"), await browser.get("/merchants/987654")
    assert (404, absent.text) == (foreign.status, foreign.text)
    both = await office.member("boss", Role.MERCHANT_MANAGER, merchant_ids=(own, other))
    await browser.post("/logout", csrf=page.csrf)
    await browser.sign_in(office, both)
    for merchant_id in (own, other):
        assert 200 == (await browser.get(f"/merchants/{merchant_id}")).status


async def test_an_auditor_reads_who_approved_whose_proposal(
    office: Office, browser: Browser, operator: Member, approver: Member
) -> None:
    """By any of the filters."""
    one = await office.proposed(await office.signatory(operator))
    async with office.owned() as connection, connection.transaction():
        by = await office.signatory(approver)
        await approve(connection, one.id, by=by, payload_sha256=one.payload_sha256)
    await browser.sign_in(office, await office.member("auditor", Role.AUDITOR))
    for query in ("", "?actor=approver&action=proposal.", f"?subject_kind=PROPOSAL&subject={one.id}"):
        words = (await browser.get(f"/audit{query}")).words
        assert "утверждено" in words
        assert one.payload_sha256.hex() in words
    assert "утверждено" not in (await browser.get("/audit?actor=nobody")).words


async def test_a_proposal_that_is_not_there_is_not_found(
    office: Office, browser: Browser, approver: Member
) -> None:
    """Also beyond what the database can count."""
    await browser.sign_in(office, approver)
    for number in (1, 2**63 - 1, 2**63, 10**18):
        assert 404 == (await browser.get(f"/proposals/{number}")).status


async def test_without_the_database_nobody_is_let_in(
    office: Office, browser: Browser, approver: Member
) -> None:
    """It fails closed, and does not say why."""
    await browser.sign_in(office, approver)
    await office.sql("ALTER TABLE person_session RENAME TO gone")
    answer = await browser.get("/proposals")
    assert 503 == answer.status
    assert "person_session" not in answer.text
    await office.sql("ALTER TABLE gone RENAME TO person_session")
    await office.sql("ALTER TABLE sign_in_attempts RENAME TO gone")
    assert 503 == (await browser.post("/login", login="approver", password=PASSWORD)).status
    await office.sql("ALTER TABLE gone RENAME TO sign_in_attempts")
    assert 200 == (await browser.get("/proposals")).status
