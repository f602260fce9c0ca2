"""The yardstick of the unary door: what gRPC itself costs for such a request and such an answer.

`python -m loadtests.bench.echo IDENTITY_DIR PORT SHAPE` serves until SIGTERM; several share a port. Like
the gateway it runs grpc.aio on uvloop, asks for a client certificate, parses the AuthorizeRequest and builds
a fresh SignedOutcome with a line for each line of the basket, as many bytes as the gateway's are in the mean
(`Shape`), and wraps its bytes in an AuthorizeResponse. It checks, decides, signs, stores and logs nothing.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Self

import grpc
import uvloop

from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

METHOD = "Authorize"
PURCHASE_ID = "01890000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Shape:
    """Bytes of an answer: so many, and so many more for each line."""

    fixed_bytes: int
    line_bytes: int

    @classmethod
    def of(cls, answers: Sequence[tuple[int, int]]) -> Self:
        """The shape that fits measured answers best; each is (lines, bytes)."""
        slope, intercept = linear_regression(*zip(*answers, strict=True))
        return cls(round(intercept), round(slope))

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


class Answers:
    """Builds answers of a shape; texts that the gateway takes from a table are constants here too."""

    def __init__(self, shape: Shape) -> None:
        self._line_notice, self._notice = wire.Notice(), wire.Notice()
        bare = [self._size(lines) for lines in (0, 1, 2)]
        fixed_gap = shape.fixed_bytes - bare[0]
        line_gap = shape.line_bytes - (bare[2] - bare[1])
        self._line_notice = _notice(line_gap)
        self._notice = _notice(fixed_gap)

    def answer(self, body: bytes) -> bytes:
        """The bytes of an AuthorizeResponse to the bytes of an AuthorizeRequest."""
        request = service.AuthorizeRequest.FromString(body)
        request_id, basket = request.header.request_id, request.basket
        outcome = wire.SignedOutcome(
            request_id=request_id,
            kind=wire.COMMAND_KIND_AUTHORIZE,
            decision=wire.DECISION_APPROVED,
            notice=self._notice,
            merchant_id=1,
            terminal_id=1,
            purchase=wire.Purchase(
                purchase_id=PURCHASE_ID,
                request_id=request_id,
                state=wire.PURCHASE_STATE_AUTHORIZED,
                total_kopecks=basket.total_kopecks,
                certificate_kopecks=basket.total_kopecks,
                lines=[self._line(line) for line in basket.lines],
            ),
        )
        outcome.decided_at.GetCurrentTime()
        sealed = wire.SignedAnswer(
            signed_payload=outcome.SerializeToString(), signature=bytes(64), key_id="echo-key-of-bench"
        )
        return service.AuthorizeResponse(answer=sealed).SerializeToString()

    def _line(self, line: wire.BasketLine) -> wire.PurchaseLine:
        return wire.PurchaseLine(
            line_number=line.line_number,
            quantity_milli=line.quantity_milli,
            amount_kopecks=line.amount_kopecks,
            approved_kopecks=line.amount_kopecks,
            rule_id="food",
            list_version="2024-01-01",
            evidence_source="declared",
            notice=self._line_notice,
            shares=[
                wire.CertificateShare(
                    certificate_id=PURCHASE_ID, program_code="food", amount_kopecks=line.amount_kopecks
                )
            ],
        )

    def _size(self, lines: int) -> int:
        line = wire.BasketLine(line_number=1, quantity_milli=1000, amount_kopecks=100_00)
        basket = wire.Basket(lines=[line] * lines, total_kopecks=100_00)
        header = wire.CommandHeader(request_id=PURCHASE_ID)
        return len(self.answer(service.AuthorizeRequest(header=header, basket=basket).SerializeToString()))


def _notice(size: int) -> wire.Notice:
    """Four texts that make up so many bytes with their framing, which is about three bytes each."""
    text = "x" * max(0, (size - 15) // 4)
    return wire.Notice(cashier_ru=text, cashier_en=text, buyer_ru=text, buyer_en=text)


async def serve(identity: Path, port: int, shape: Shape) -> None:
    """Answer every Authorize until SIGTERM."""
    answers = Answers(shape)

    async def answer(body: bytes, _: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return answers.answer(body)

    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    name = service.DESCRIPTOR.services_by_name["PurchaseService"].full_name
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {METHOD: handler}),))
    credentials = grpc.ssl_server_credentials(
        [((identity / "key.pem").read_bytes(), (identity / "cert.pem").read_bytes())],
        root_certificates=(identity / "ca.pem").read_bytes(),
        require_client_auth=True,
    )
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stopping.wait()
    await server.stop(1)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2]), Shape.from_json(sys.argv[3])))
