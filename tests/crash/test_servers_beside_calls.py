"""Embedded servers are started, killed and started again in processes that have gRPC calls open."""

import asyncio
from pathlib import Path

import grpc

from gateway.runtime.embedded_place import account_for
from tests.crash.tills import Raw


async def _echo(message: bytes, _: object) -> bytes:
    return message


async def test_programs_start_under_another_account_beside_busy_calls(tmp_path: Path) -> None:
    """A fork of a process with calls open dies in gRPC's fork handlers, about every third time."""
    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]]
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(_echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    is_over = False

    async def call_on() -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
            call: Raw = channel.unary_unary("/test/Echo")
            while not is_over:
                await call(b"")

    calls = [asyncio.create_task(call_on()) for _ in range(4)]
    account = account_for(tmp_path)
    try:
        answers = [await asyncio.to_thread(account.may, "-x", Path("/")) for _ in range(40)]
    finally:
        is_over = True
        await asyncio.gather(*calls)
        await server.stop(None)
    assert [True] * 40 == answers
