"""The people's door by HTTP: what it is for works, and what an attacker tries does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.people.approvals import ProposalState, approve, proposal_of
from gateway.people.attempts import LOGIN_MAX
from gateway.people.persons import set_roles
from gateway.people.roles import Role
from gateway.people.second_factor import code_at
from gateway.people.sessions import csrf_token
from gateway.registry.schema import merchant
from tests.people_kit import FOUNDER, PASSWORD, Browser, Member, Office, door_of, office_on
from tests.registry_kit import add, add_outlet


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office."""
    async with office_on(database_url) as made:
        yield made


@pytest.fixture
async def address(office: Office) -> AsyncIterator[str]:
    """Where its door is."""
    async with door_of(office) as opened:
        yield opened


@pytest.fixture
async def browser(address: str) -> AsyncIterator[Browser]:
    """A browser at it."""
    made = Browser(address)
    yield made
    await made.close()


@pytest.fixture
async def approver(office: Office) -> Member:
    """Who decides."""
    return await office.member("approver", Role.APPROVER)


@pytest.fixture
async def operator(office: Office) -> Member:
    """Who proposes."""
    return await office.member("operator", Role.OPERATOR)


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
    invitation = await office.invited("petrov", Role.APPROVER)
    page = await browser.post("/join", invitation=invitation)
    assert "Имя petrov" in page.words
    secret = (await office.sign_in.invitation_of(invitation, "192.0.2.1")).totp_secret
    done = await browser.post(
        "/join/finish", invitation=invitation, password=PASSWORD, again=PASSWORD,
        code=code_at(secret, await office.now()),
    )  # fmt: skip
    assert "/login?note=joined" == done.headers["Location"]
    await browser.sign_in(office, Member("petrov", secret))
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


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1:1", "http://127.0.0.1.evil"]
)
async def test_a_form_of_another_site_is_refused(
    office: Office, browser: Browser, approver: Member, operator: Member, origin: str | None
) -> None:
    """Even with the cookie and the form's own token; also at signing in, where there is no session yet."""
    one = await office.proposed(await office.signatory(operator))
    assert 403 == (await browser.post("/login", origin=origin, login="approver", password=PASSWORD)).status
    assert {} == browser.cookies
    await browser.sign_in(office, approver)
    page = await browser.get(f"/proposals/{one.id}")
    fields = {"csrf": page.csrf, "payload_sha256": one.payload_sha256.hex()}
    assert 403 == (await browser.post(f"/proposals/{one.id}/approve", origin=origin, **fields)).status
    assert ProposalState.PROPOSED is await state_of(office, one.id)


async def test_a_form_without_the_sessions_token_is_refused(
    office: Office, browser: Browser, approver: Member, operator: Member
) -> None:
    """None, a strange one, another session's, and that of the stage before."""
    one = await office.proposed(await office.signatory(operator))
    digest = one.payload_sha256.hex()
    await browser.post("/login", login="approver", password=PASSWORD)
    before = (await browser.get("/login/code")).csrf
    done = await browser.post("/login/code", csrf=before, code=await office.code(approver))
    assert 303 == done.status
    others = csrf_token(await office.session(operator))
    for csrf in ("", "x", before, others):
        answer = await browser.post(f"/proposals/{one.id}/approve", csrf=csrf, payload_sha256=digest)
        assert 403 == answer.status
    assert 403 == (await browser.post("/logout", csrf=others)).status
    assert ProposalState.PROPOSED is await state_of(office, one.id)


async def test_nothing_is_done_by_opening_an_address(
    office: Office, browser: Browser, approver: Member, operator: Member
) -> None:
    """What changes something takes POST."""
    one = await office.proposed(await office.signatory(operator))
    await browser.sign_in(office, approver)
    for path in (f"/proposals/{one.id}/approve", f"/proposals/{one.id}/refuse", "/logout", "/join/finish"):
        assert 405 == (await browser.get(path)).status
    assert ProposalState.PROPOSED is await state_of(office, one.id)
    assert 200 == (await browser.get("/proposals")).status


async def test_a_session_that_somebody_planted_is_not_the_one_that_signs_in(
    office: Office, address: str, browser: Browser, approver: Member
) -> None:
    """Fixation: neither a made-up token nor the one of the first stage is ever signed in."""
    browser.set_cookie("session", "planted-by-somebody")
    await browser.post("/login", login="approver", password=PASSWORD)
    first = browser.cookies["session"]
    form = await browser.get("/login/code")
    await browser.post("/login/code", csrf=form.csrf, code=await office.code(approver))
    signed_in = browser.cookies["session"]
    assert 3 == len({"planted-by-somebody", first, signed_in})
    for planted in ("planted-by-somebody", first):
        thief = Browser(address)
        thief.set_cookie("session", planted)
        assert "/login" == (await thief.get("/proposals")).headers["Location"]
        await thief.close()
    assert 200 == (await browser.get("/proposals")).status


async def test_a_stolen_cookie_is_worth_nothing_after_the_session(
    office: Office, address: str, browser: Browser, approver: Member
) -> None:
    """Signed out, idle, or with other roles."""
    thief = Browser(address)
    for end in ("logout", "idle", "roles"):
        await browser.sign_in(office, approver)
        thief.set_cookie("session", browser.cookies["session"])
        assert 200 == (await thief.get("/proposals")).status
        if end == "logout":
            await browser.post("/logout", csrf=(await browser.get("/password")).csrf)
        elif end == "idle":
            await office.pass_time(15 * 60)
        else:
            async with office.owned() as connection:
                await set_roles(connection, "approver", roles=[Role.APPROVER], by=FOUNDER)
        assert "/login" == (await thief.get("/proposals")).headers["Location"], end
    await thief.close()


async def test_a_code_is_not_replayed(
    office: Office, address: str, browser: Browser, approver: Member
) -> None:
    """Who looked over the shoulder, and knows the password too, comes too late."""
    thief = Browser(address)
    for one in (browser, thief):
        await one.post("/login", login="approver", password=PASSWORD)
    code = await office.code(approver)
    for one, status in ((browser, 303), (thief, 403)):
        form = await one.get("/login/code")
        assert status == (await one.post("/login/code", csrf=form.csrf, code=code)).status
    assert "/login" == (await thief.get("/proposals")).headers["Location"]
    await thief.close()


async def test_who_exists_can_not_be_told_from_answers(browser: Browser, approver: Member) -> None:
    """Same status, same page, and the same lock after as many attempts."""
    pages: dict[str, list[tuple[int, str]]] = {}
    for login in ("approver", "nobody"):
        for _ in range(LOGIN_MAX + 1):
            answer = await browser.post("/login", login=login, password="wrong")
            text = answer.words if answer.status != 429 else "locked"
            pages.setdefault(login, []).append((answer.status, text))
    assert pages["approver"] == pages["nobody"]
    assert [403] * LOGIN_MAX + [429] == [status for status, _ in pages["approver"]]


@pytest.mark.parametrize(
    "evil",
    ["' OR '1'='1", "approver' --", "'; DROP TABLE person; --", "approver\0", "\\", "%", "{}", "a" * 9000],
)
async def test_fields_are_values_and_never_statements(
    office: Office, browser: Browser, approver: Member, operator: Member, evil: str
) -> None:
    """In every field, parameter and cookie that is read."""
    auditor = await office.member("auditor", Role.AUDITOR)
    one = await office.proposed(await office.signatory(operator))
    for fields in ({"login": evil, "password": "x"}, {"login": "approver", "password": evil}):
        assert 403 == (await browser.post("/login", **fields)).status
    assert 403 == (await browser.post("/join", invitation=evil)).status
    await browser.sign_in(office, auditor)
    for name in ("actor", "action", "subject_kind", "subject", "before"):
        answer = await browser.get("/audit", params={name: evil[:500]})
        assert 200 == answer.status
        assert evil not in answer.text or evil in ("\\", "%", "{}")
    await browser.post("/logout", csrf=(await browser.get("/password")).csrf)
    await browser.sign_in(office, approver)
    csrf = (await browser.get("/proposals")).csrf
    for fields in ({"because": "нет", "payload_sha256": evil}, {"payload_sha256": ""}):
        assert 409 == (await browser.post(f"/proposals/{one.id}/approve", csrf=csrf, **fields)).status
    refused = await browser.post(f"/proposals/{one.id}/refuse", csrf=csrf, because=evil)
    assert refused.status in (303, 409)
    assert 3 == await office.sql("SELECT count(*) FROM person")


async def test_texts_of_people_are_shown_and_never_run(
    office: Office, browser: Browser, approver: Member, operator: Member
) -> None:
    """In a payload, a reason and the audit log."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    one = await office.proposed(await office.signatory(operator), {"document_number": evil, evil: "x"})
    await browser.sign_in(office, approver)
    page = await browser.get(f"/proposals/{one.id}")
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert evil in page.words.replace("\u00a0", " ") or "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/style.css/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
        "/..%2f..%2fetc%2fpasswd", "/style.css%00.html", "/proposals/../../x", "/proposals/0x1",
        "/proposals/١", "/proposals/-1",
        "/proposals/99999999999999999999", "/merchants/1'--", "/.git/config", "/static/", "/login%0d%0aX: y",
    ],
)  # fmt: skip
async def test_addresses_lead_to_pages_and_never_to_files(
    office: Office, browser: Browser, approver: Member, path: str
) -> None:
    """Every other one is not found, signed in or not."""
    assert (await browser.get(path)).status in (400, 404)
    await browser.sign_in(office, approver)
    answer = await browser.get(path)
    assert answer.status in (400, 404)
    assert "root:" not in answer.text


async def test_a_proposal_that_is_not_there_is_not_found(
    office: Office, browser: Browser, approver: Member
) -> None:
    """Also beyond what the database can count."""
    await browser.sign_in(office, approver)
    for number in (1, 2**63 - 1, 2**63, 10**18):
        assert 404 == (await browser.get(f"/proposals/{number}")).status


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
        (approver, "withdraw", 403), (both, "approve", 409), (both, "refuse", 409),
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


async def test_large_strange_and_slow_requests_are_refused(
    office: Office, address: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By size, by kind of content, by method; a body that never comes is not waited for."""
    assert 413 == (await browser.post("/login", login="x" * 20_000, password="x")).status
    session = browser._session
    origin = {"Origin": address}
    for body in (b'{"login": "x"}', b"\xff\xfe"):
        async with session.post(f"{address}/login", data=body, headers=origin) as answer:
            assert 400 == answer.status
    async with session.post(
        f"{address}/login", data=b"login=%FF%FE&password=x",
        headers={**origin, "Content-Type": "application/x-www-form-urlencoded; charset=nonsense"},
    ) as answer:  # fmt: skip
        assert 400 == answer.status
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        async with session.request(method, f"{address}/login") as answer:
            assert 405 == answer.status
    monkeypatch.setattr("gateway.web.people.safety.ARRIVAL_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(
        b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 100\r\n\r\nlogin="
    )
    assert b" 408 " in await reader.readline()
    writer.close()


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
