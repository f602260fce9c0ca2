"""What the bench sends and what its yardsticks answer and write."""

from collections import Counter
from itertools import islice

from google.protobuf.json_format import Parse

from gateway.ledger import schema
from loadtests.bench.baskets import AuthorizeRequests, Cards, card_number
from loadtests.bench.belt import ITEMS, SIZES, Belt, bench_items
from loadtests.bench.cloning import clone_sql
from loadtests.bench.echo import Answers, Shape
from loadtests.bench.pgbench import Sample, purchase_script, spread
from loadtests.bench.streams import exchange_message
from loadtests.bench.usage import hit_rate
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

CARDS = Cards(1_000, 50)


def make_baskets(count: int) -> list[wire.Basket]:
    """The first baskets of a belt."""
    belt = Belt(1)
    return [belt.basket() for _ in range(count)]


def test_baskets_have_the_sizes_of_the_source() -> None:
    """The mean of many is the source's mean, and what the lines sum to is the total."""
    baskets = make_baskets(3_000)
    wanted = sum(size * count for size, count in SIZES.items()) / sum(SIZES.values())
    assert abs(wanted - sum(len(basket.lines) for basket in baskets) / len(baskets)) < 0.2
    assert all(
        basket.total_kopecks == sum(line.amount_kopecks for line in basket.lines) for basket in baskets
    )


def test_every_request_has_an_id_of_its_own_and_a_card_of_the_range() -> None:
    """Bytes that are put together of cut pieces are whole messages."""
    baskets = make_baskets(10)
    requests = AuthorizeRequests(CARDS, baskets)
    sent = [service.AuthorizeRequest.FromString(requests.next()) for _ in range(40)]
    assert 40 == len({request.header.request_id for request in sent})
    assert {request.card.number for request in sent} <= {card_number(n) for n in range(1_000, 1_050)}
    assert baskets * 4 == [request.basket for request in sent]


def test_a_json_request_says_the_same() -> None:
    """The JSON door is sent the message that the gRPC door is sent."""
    baskets = make_baskets(3)
    requests = AuthorizeRequests(CARDS, baskets, as_json=True, terminal_id=7)
    request = Parse(requests.next(), service.AuthorizeRequest())
    assert (baskets[0], 7, True) == (request.basket, request.header.terminal_id, request.accept_partial)


def test_baskets_drawn_anew_are_those_of_the_belt_on_both_doors() -> None:
    """What is put together of serialized lines is the belt's own basket, as bytes and as JSON."""
    by_bytes, by_json = AuthorizeRequests(CARDS, seed=3), AuthorizeRequests(CARDS, as_json=True, seed=3)
    belt = Belt(3)
    for _ in range(100):
        basket = belt.basket()
        assert basket == service.AuthorizeRequest.FromString(by_bytes.next()).basket
        assert basket == Parse(by_json.next(), service.AuthorizeRequest()).basket


def test_goods_are_as_frequent_as_in_the_source() -> None:
    """So many lines as the source has meet with as many items, within 5 %, and as many of them once."""
    belt, counts = Belt(1), Counter[int]()
    while counts.total() < 37_335:
        counts.update(belt.chosen())
    assert abs(len(counts) - 14_430) < 0.05 * 14_430
    assert abs(sum(count == 1 for count in counts.values()) - 8_291) < 0.05 * 8_291


def test_every_item_has_a_name_and_a_barcode_of_its_own() -> None:
    """Tens of thousands of names; a part of the lines has a barcode, a part a code, most neither."""
    items = bench_items()
    assert ITEMS == len({item.line.item_name for item in items}) == len({item.gtin for item in items})
    told = Counter((bool(item.line.gtin), bool(item.line.okpd2)) for item in items)
    assert told[False, False] > told[True, False] > told[True, True] > 0.05 * ITEMS


def test_the_hit_rate_is_of_the_lines_between_two_looks() -> None:
    """What was before does not count, and no lines have no rate."""
    assert 0.75 == hit_rate({"yes": 100, "no": 50}, {"yes": 130, "no": 60})
    assert str(hit_rate({"yes": 1, "no": 1}, {"yes": 1, "no": 1})) == "nan"


def test_messages_of_a_stream_put_together_are_a_burst() -> None:
    """The bytes around an AuthorizeRequest are those that protobuf itself would make."""
    bodies = [AuthorizeRequests(CARDS, make_baskets(2)).next() for _ in range(2)]
    burst = service.ExchangeRequest.FromString(
        exchange_message(1, bodies[0]) + exchange_message(300, bodies[1])
    )
    assert [1, 300] == [message.message_id for message in burst.messages]
    sent = [service.AuthorizeRequest.FromString(body) for body in bodies]
    assert sent == [message.authorize for message in burst.messages]


def test_the_echo_answers_each_request_in_the_size_that_was_measured() -> None:
    """A line more is so many bytes more, and the answer is the request's own."""
    shape = Shape.of([(1, 740), (2, 952), (5, 1590)])
    answers, requests = Answers(shape), AuthorizeRequests(CARDS, make_baskets(200))
    for body in islice(iter(requests.next, b""), 200):
        request = service.AuthorizeRequest.FromString(body)
        answer = answers.answer(body)
        wanted = shape.fixed_bytes + shape.line_bytes * len(request.basket.lines)
        assert abs(len(answer) - wanted) <= 0.03 * wanted
        payload = service.AuthorizeResponse.FromString(answer).answer.signed_payload
        outcome = wire.SignedOutcome.FromString(payload)
        assert request.header.request_id == outcome.request_id
        assert len(request.basket.lines) == len(outcome.purchase.lines)


def test_few_samples_are_spread_evenly() -> None:
    """Each stands for a part of the same size, so that their mean is near that of all."""
    assert [1, 4, 7] == spread(range(9), 3)


def test_a_purchase_of_pgbench_writes_every_column() -> None:
    """Each of the three inserts names all columns: what differs is a variable, the rest as in a real row."""
    tables = (schema.purchase, schema.entry, schema.outcome)
    rows = {table.name: {column.name: "'x'" for column in table.c} for table in tables}
    script = purchase_script(3, Sample({}, "100", rows))
    for table in tables:
        insert = next(line for line in script.splitlines() if line.startswith(f"INSERT INTO {table.name} "))
        assert f"({', '.join(column.name for column in table.c)})" in insert
    assert script.index("BEGIN;") < script.index("UPDATE card_account") < script.index("COMMIT;")
    assert all(f":{name}3" in script for name in ("lines", "canonical", "payload", "signature"))


def test_a_clone_copies_what_is_not_computed() -> None:
    """Columns come from the sample's row but for those that are named."""
    sql = clone_sql(schema.review_case, "review_case s", {"operation_id": "gen_random_uuid()"})
    assert sql.endswith(
        "SELECT gen_random_uuid(), s.kind, s.account_id, s.purchase_id, s.amount_kopecks, s.opened_at"
        " FROM review_case s"
    )
