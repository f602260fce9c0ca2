"""The yardstick: gRPC with mutual TLS that parses the same request and builds an answer of the same size.

`python -m loadtests.bench.echo IDENTITY_DIR PORT ANSWER_BYTES` serves until SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import grpc
import uvloop

from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

METHOD = "Authorize"


async def serve(identity: Path, port: int, answer_bytes: int) -> None:
    """Answer every Authorize with fresh bytes of the wanted size."""

    async def answer(body: bytes, _: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        request = service.AuthorizeRequest.FromString(body)
        payload = request.header.request_id.encode().ljust(answer_bytes, b"\0")
        sealed = wire.SignedAnswer(signed_payload=payload, signature=bytes(64), key_id="echo")
        return service.AuthorizeResponse(answer=sealed).SerializeToString()

    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
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
    await stopping.wait()
    await server.stop(1)


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
