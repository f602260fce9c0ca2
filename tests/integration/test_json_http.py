"""What only HTTP can get wrong: each kind has a problem of its own, and none hurts the next request."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import orjson
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict

from gateway.jsondoor.paths import OPENAPI_PATH, PATHS
from gateway.jsondoor.problems import PROBLEM_TYPE
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit as till
from tests.door_kit import Door, door_on
from tests.json_client import JsonClient, client_context, head, said_to
from tests.openapi_kit import DOCUMENT, schema_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUOTE = PATHS["Quote"]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Scene:
    """A running gateway, a client of its JSON door, and a body that is answered."""

    door: Door
    client: JsonClient
    body: bytes

    async def raw(self, *parts: bytes) -> bytes:
        """What is answered to these bytes until the door hangs up."""
        return await said_to(self.door.fixture.terminals[0].folder, self.door.gateway.json_port, *parts)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    make_database: Callable[[], str],
) -> AsyncIterator[Scene]:
    """One gateway for all tests here."""
    url = postgres.url(make_database())
    async with door_on(tmp_path_factory.mktemp("door"), url, valkey.url, max_message_bytes=65_536) as door:
        client = JsonClient(door.fixture.terminals[0].folder, door.gateway.json_port)
        quote = till.quote(card=await door.card(500_00))
        yield Scene(door, client, orjson.dumps(MessageToDict(quote)))
        await client.close()


@pytest.mark.parametrize("path", ["/", "/v1/purchases", "/v1/purchases:nothing", f"{QUOTE}/", "/v1/../v1"])
async def test_an_unknown_path_is_named(scene: Scene, path: str) -> None:
    """404, and no method is guessed."""
    said = await scene.client.send("POST", path, scene.body, JSON)
    assert (404, "PATH_UNKNOWN", "urn:tillgate:http:PATH_UNKNOWN") == (
        said.status,
        said.body["reason"],
        said.body["type"],
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
async def test_another_http_method_is_told_which_one_is_right(scene: Scene, method: str) -> None:
    """405 with Allow; HEAD has no body, as it must not."""
    said = await scene.client.send(method, QUOTE, None)
    reason = said.body["reason"] if method != "HEAD" else "METHOD_NOT_ALLOWED"
    assert (405, "METHOD_NOT_ALLOWED", "POST") == (said.status, reason, said.headers["allow"])
    assert PROBLEM_TYPE == said.headers["content-type"]
    said = await scene.client.send("POST", OPENAPI_PATH, scene.body, JSON)
    assert (405, "GET, HEAD") == (said.status, said.headers["allow"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=windows-1251"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "nonsense"},
    ],
)
async def test_a_body_of_another_kind_is_refused_unread(scene: Scene, headers: dict[str, str]) -> None:
    """415: neither guessed at nor unpacked."""
    body = gzip.compress(scene.body) if headers.get("Content-Encoding") == "gzip" else scene.body
    said = await scene.client.send("POST", QUOTE, body, headers)
    assert (415, "MEDIA_TYPE_UNSUPPORTED") == (said.status, said.body["reason"])


@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
async def test_json_may_say_that_it_is_utf8(scene: Scene, kind: str) -> None:
    """However it is written."""
    assert 200 == (await scene.client.send("POST", QUOTE, scene.body, {"Content-Type": kind})).status


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("text/html, application/json;q=0.5", 200),
        ("text/html, */*;q=0.1", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("", 406),
    ],
)
async def test_whoever_takes_no_json_is_told_so_before_anything_is_done(
    scene: Scene, accept: str, status: int
) -> None:
    """406; a problem comes as a problem all the same."""
    said = await scene.client.send("POST", QUOTE, scene.body, {**JSON, "Accept": accept})
    assert status == said.status
    assert status == 200 or "NOT_ACCEPTABLE" == said.body["reason"]


@pytest.mark.parametrize("seconds", ["", "0", "0.0", "-1", "1e3", "5s", "1000", "nan", "٣", "5|9", "5|5"])
async def test_a_request_timeout_that_is_none_is_named(scene: Scene, seconds: str) -> None:
    """400 with the header as the field; also of one that is said twice."""
    fields = ("Connection: close", *(f"Request-Timeout: {one}" for one in seconds.split("|")))
    said = await scene.raw(head(QUOTE, *fields, length=len(scene.body)), scene.body)
    problem = orjson.loads(said.partition(b"\r\n\r\n")[2])
    schema_of("Problem").validate(problem)
    assert (400, "FIELD_INVALID", "Request-Timeout") == (
        problem["status"],
        problem["reason"],
        problem["field"],
    )


async def test_an_empty_body_is_no_message(scene: Scene) -> None:
    """400, whether its length is told or not."""
    said = await scene.client.post("Quote", b"")
    assert (400, "MESSAGE_MALFORMED") == (said.status, said.body["reason"])
    assert b"MESSAGE_MALFORMED" in await scene.raw(head(QUOTE, "Connection: close"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"card": {}, "card": {}}', "card: the field is named twice"),
        (b'{"accept_partial": true, "acceptPartial": true}', "acceptPartial: the field is named twice"),
        (b'{"card": ' * 5_000, "nested too deeply"),
        (b'{"card": ' * 100 + b"1" + b"}" * 100, "card.card: there is no such field"),
        (
            b'{"basket": {"total_kopecks": 1' + b"0" * 30 + b"}}",
            "basket.total_kopecks: a number beyond 64 bits",
        ),
        (b'{"basket": {"total_kopecks": 1e400}}', "basket.total_kopecks: a whole number is needed"),
        (b'{"basket": {"total_kopecks": NaN}}', "NaN and Infinity are no JSON numbers"),
        (b'{"program_code": "\xff"}', "the body is not UTF-8"),
        (b'{"program_code": "\\ud800"}', "program_code: half of a surrogate pair"),
        (b'{"card": {"number": "9643', "the body is not JSON"),
        (b"[]", "an object is needed"),
        (b"null", "an object is needed"),
    ],
)
async def test_a_body_that_is_no_message_is_a_problem(scene: Scene, body: bytes, said: str) -> None:
    """400 with what is wrong and where, whatever a client sends; the same connection goes on."""
    answer = await scene.client.post("Quote", body, Accept_Language="en")
    assert (400, "MESSAGE_MALFORMED") == (answer.status, answer.body["reason"])
    assert f"The message cannot be parsed. ({said})" == answer.body["detail"]
    assert 200 == (await scene.client.post("Quote", scene.body)).status


async def test_what_does_not_fit_is_named_by_field(scene: Scene) -> None:
    """The path as validation would name it."""
    said = await scene.client.post(
        "Quote", {"basket": {"lines": [{"price": 1}]}}, **{"Accept-Language": "en"}
    )
    assert ("MESSAGE_MALFORMED", "basket.lines[0].price", "en") == (
        said.body["reason"],
        said.body["field"],
        said.headers["content-language"],
    )
    assert said.body["detail"].endswith("(basket.lines[0].price: there is no such field)")


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(scene: Scene) -> None:
    """413: told by its length, or by what has come of it."""
    said = await scene.client.post("Quote", b" " * 65_537)
    assert (413, "MESSAGE_TOO_LARGE") == (said.status, said.body["reason"])
    told = head(QUOTE, "Expect: 100-continue", "Connection: close", length=999_999_999_999)
    assert (await scene.raw(told)).startswith(b"HTTP/1.1 413")
    chunked = head(QUOTE, "Transfer-Encoding: chunked", "Connection: close")
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    assert b"MESSAGE_TOO_LARGE" in await scene.raw(chunked, *[chunk] * 5, b"0\r\n\r\n")


async def test_a_body_may_come_in_chunks_and_after_a_word_to_go_on(scene: Scene) -> None:
    """As HTTP/1.1 has it."""
    fields = ("Transfer-Encoding: chunked", "Expect: 100-continue", "Connection: close")
    half = len(scene.body) // 2
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (scene.body[:half], scene.body[half:], b"")]
    said = await scene.raw(head(QUOTE, *fields), *chunks)
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST " + b"/" * 20_000 + b" HTTP/1.1\r\nHost: l\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: l\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: l\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: l\r\nno colon\r\n\r\n",
        b"QUOTE / HTTP/1.1\r\nHost: l\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /v1/покупка HTTP/1.1\r\nHost: l\r\n\r\n".encode(),
    ],
)
async def test_what_is_not_http_is_a_problem_too(scene: Scene, sent: bytes) -> None:
    """400, and the door hangs up; the next one is served."""
    fields, _, body = (await scene.raw(sent)).partition(b"\r\n\r\n")
    # Whoever speaks no HTTP is answered in the version that everybody should know.
    assert fields.startswith(b"HTTP/1.0 400 ")
    assert b"application/problem+json" in fields
    assert "HTTP_MALFORMED" == orjson.loads(body)["reason"]
    assert 200 == (await scene.client.post("Quote", scene.body)).status


async def test_a_broken_chunk_is_a_problem_too(scene: Scene) -> None:
    """Where the body ends nobody can tell any more, so the connection ends."""
    chunked = head(QUOTE, "Transfer-Encoding: chunked")
    assert b"HTTP_MALFORMED" in await scene.raw(chunked, b"zz\r\n{}\r\n")


async def test_one_connection_serves_many_requests(scene: Scene) -> None:
    """Also after refusals, also pipelined."""
    one = head(QUOTE, length=len(scene.body)) + scene.body
    bad = head("/nowhere", length=2) + b"{}"
    last = head(QUOTE, "Connection: close", length=len(scene.body)) + scene.body
    said = await scene.raw(one + bad + one + last)
    assert [b"200", b"404", b"200", b"200"] == statuses(said)


async def test_pipelined_requests_are_answered_in_their_order(scene: Scene) -> None:
    """However many come at once, each answer stands where its request stood."""
    kinds = [(QUOTE, b"200"), ("/nowhere", b"404"), (OPENAPI_PATH, b"405")] * 40
    sent = b"".join(head(path, length=len(scene.body)) + scene.body for path, _ in kinds)
    last = head(QUOTE, "Connection: close", length=0)
    assert [*(status for _, status in kinds), b"400"] == statuses(await scene.raw(sent + last))


def statuses(said: bytes) -> list[bytes]:
    """The status of each answer."""
    return [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("fields", [("Upgrade: websocket", "Connection: upgrade"), ("Upgrade: h2c",)])
async def test_an_upgrade_is_not_taken_up(scene: Scene, fields: tuple[str, ...]) -> None:
    """The request is answered in HTTP/1.1, and so is the next one."""
    one = head(QUOTE, *fields, length=len(scene.body)) + scene.body
    last = head(QUOTE, "Connection: close", length=len(scene.body)) + scene.body
    assert [b"200", b"200"] == statuses(await scene.raw(one + last))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (f"POST https://localhost{QUOTE} HTTP/1.1", b"1 200"),
        (f"POST {QUOTE} HTTP/1.0", b"0 200"),
        ("POST /v1/purchases%3Aquote HTTP/1.1", b"1 200"),
        ("POST /v1/%ff%zz HTTP/1.1", b"1 404"),
        ("OPTIONS * HTTP/1.1", b"1 404"),
        ("CONNECT localhost:443 HTTP/1.1", b"1 404"),
    ],
)
async def test_a_request_line_may_take_any_form_of_http(scene: Scene, line: str, status: bytes) -> None:
    """What names a path of the door in another way is served, whatever else is not."""
    one = head(QUOTE, "Connection: close", length=len(scene.body)) + scene.body
    said = await scene.raw(line.encode() + b"\r\n" + one.partition(b"\r\n")[2])
    assert said.startswith(b"HTTP/1." + status)


async def test_nobody_learns_what_the_door_is_made_of(scene: Scene) -> None:
    """Neither from an answer nor from a problem."""
    for body in (scene.body, b"{"):
        assert "tillgate" == (await scene.client.post("Quote", body)).headers["server"]


async def test_the_description_is_served_to_clients(scene: Scene) -> None:
    """The committed one; HEAD tells its size."""
    said = await scene.client.send("GET", OPENAPI_PATH, None)
    assert (200, DOCUMENT) == (said.status, said.body)
    assert 200 == (await scene.client.send("HEAD", OPENAPI_PATH, None)).status


async def test_each_path_of_the_description_is_served(scene: Scene) -> None:
    """An empty request is refused by validation, or answered: the door knows the path."""
    for path, methods in DOCUMENT["paths"].items():
        for method in methods:
            said = await scene.client.send(method.upper(), path, b"{}" if method == "post" else None, JSON)
            # A till is told nothing of claims.
            assert said.status in ((403,) if path.startswith("/v1/claims:") else (200, 400)), path


async def test_an_old_tls_is_refused(scene: Scene) -> None:
    """TLS 1.2 is the oldest that is spoken."""
    context = client_context(scene.door.fixture.terminals[0].folder)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    port = scene.door.gateway.json_port
    _, writer = await asyncio.open_connection("localhost", port, ssl=context)
    assert "TLSv1.2" == writer.get_extra_info("ssl_object").version()
    writer.close()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        await asyncio.open_connection("localhost", port, ssl=context)
