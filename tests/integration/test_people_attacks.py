"""What an attacker tries at the people's door: foreign forms, planted sessions, guesses, strange fields."""

import asyncio

import pytest

from gateway.people.approvals import ProposalState, proposal_of
from gateway.people.attempts import LOGIN_MAX
from gateway.people.persons import set_roles
from gateway.people.roles import Role
from gateway.people.sessions import csrf_token
from tests.people_kit import FOUNDER, PASSWORD, Browser, Member, Office


async def state_of(office: Office, number: int) -> ProposalState:
    """Where a proposal stands."""
    async with office.owned() as connection:
        return (await proposal_of(connection, number)).state


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
