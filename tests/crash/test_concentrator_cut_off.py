"""A concentrator is cut off in the middle of its bursts, and sends the same request ids on a new stream."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from tests import wire_kit
from tests.crash.harness import Town, audit
from tests.crash.journal import Journal, Sent
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Line, tills_at
from tests.sdk_support.proxy import wire_to
from tests.transports import end_of, next_burst, open_stream
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

SEED = 20261130
SALES = 150
BURST = 50


def sales(town: Town, journal: Journal, chance: random.Random) -> list[Sent]:
    """Sales of all tills of the chain, noted before anything is sent."""
    noted = []
    for _ in range(SALES):
        till, card = chance.choice(town.concentrator.terminal_ids), chance.choice(town.cards)
        line = wire_kit.line(1, chance.randint(1, 20_00))
        header = wire_kit.header(terminal_id=till)
        sale = wire_kit.sale(line, header=header, card=wire.Card(number=card), accept_partial=True)
        noted.append(journal.write("Sale", header.request_id, till, sale.SerializeToString()))
    return noted


async def exchanged(folder: Path, port: int, journal: Journal, asked: Sequence[Sent]) -> None:
    """Send it in bursts on one stream, and take what answers come until the stream ends, or all are there."""
    line = Line(folder, f"127.0.0.1:{port}")
    stream = open_stream(line.channel)

    async def write() -> None:
        for first in range(0, len(asked), BURST):
            messages = [
                service.ExchangeMessage(message_id=n, sale=service.SaleRequest.FromString(sent.body))
                for n, sent in enumerate(asked[first : first + BURST], first + 1)
            ]
            await stream.write(service.ExchangeRequest(messages=messages).SerializeToString())

    writing, left = asyncio.create_task(write()), len(asked)
    while left and (burst := await next_burst(stream)) is not None:
        for answer in burst:
            assert answer.HasField("sale"), answer.error
            journal.acknowledge(asked[answer.message_id - 1], answer.sale.SerializeToString())
            left -= 1
    await asyncio.gather(writing, return_exceptions=True)
    if left:
        assert "UNAVAILABLE" == (await end_of(stream)).code().name
    stream.cancel()
    await line.close()


async def test_a_burst_that_was_cut_off_is_sent_again_and_nothing_is_done_twice(
    town: Town, gateway: GatewayProcess, rounds: int
) -> None:
    """Whatever of it had arrived or been answered: each id has one outcome, the same at all doors."""
    chance = random.Random(SEED)
    async with tills_at(town.clients, *gateway.doors) as tills, wire_to(gateway.grpc_port) as cable:
        journal = tills[0].journal
        for _ in range(rounds):
            asked = sales(town, journal, chance)
            wanted = await town.outcomes() + chance.randint(1, SALES - BURST)
            sending = asyncio.create_task(exchanged(town.concentrator.folder, cable.port, journal, asked))

            async def is_in_the_middle(wanted: int = wanted) -> bool:
                return await town.outcomes() >= wanted

            await eventually(is_in_the_middle, "a part of it is decided")
            cable.cut()
            await sending
            cable.mend()
            chance.shuffle(asked)
            await exchanged(town.concentrator.folder, cable.port, journal, asked)
        lost = [sent for sent in journal.sent.values() if len(sent.answers) == 1]
        await audit(town, tills, SEED)
    assert 0 < len(lost), "no cut met an answer on its way"
