"""tillgate serve: the gateway, in one process or in several behind one port.

The rooms are imported where a process begins to be what it is: the parent of workers holds none of them,
least of all gRPC, beside which no process may be forked.
"""

import os
from pathlib import Path

import click
import uvloop

from gateway.runtime.logging import configure_logging
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import load_settings


@click.command("serve")
@click.option("--workers", type=int, help="processes that serve tills; TILLGATE_WORKERS otherwise")
def serve_command(workers: int | None) -> None:
    """Run the gateway until Ctrl-C."""
    settings = load_settings(os.environ, **({} if workers is None else {"workers": workers}))
    configure_logging(settings.log_level, json_lines=settings.log_json)
    with with_servers(settings) as complete:
        click.echo(f"tills: {complete.grpc_host}:{complete.grpc_port} (mutual TLS)", err=True)
        click.echo(f"JSON: https://{complete.json_host}:{complete.json_port}/v1 (mutual TLS)", err=True)
        click.echo(f"health and metrics: http://{complete.http_host}:{complete.http_port}/readyz", err=True)
        _use_one_core()
        quieten_grpc()
        if complete.workers == 1:
            from gateway.runtime.serving import serve

            uvloop.run(serve(complete))
        else:
            from gateway.runtime.supervisor import supervise

            uvloop.run(supervise(complete))


def _use_one_core() -> None:
    """Keep numpy, which reads this when it is imported, from waking all cores for a basket.

    A worker is for one core: threads that wait for each other make a cold basket six times as slow.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def quieten_grpc() -> None:
    """Keep gRPC, which reads this when it is imported, from writing a line for each handshake that fails.

    Whoever knocks with a bad certificate would fill the disk, 200 bytes a time.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


@click.command("serve-worker", hidden=True)
@click.option("--number", required=True, type=int)
@click.option("--operators-socket", required=True, type=click.Path(path_type=Path))
def serve_worker_command(number: int, operators_socket: Path) -> None:
    """Be one of the workers of `serve`, which starts it with complete settings in its environment."""
    quieten_grpc()
    from gateway.runtime.bootstrap import WorkerPlace
    from gateway.runtime.serving import serve

    settings = load_settings(os.environ)
    configure_logging(settings.log_level, json_lines=settings.log_json)
    uvloop.run(serve(settings, WorkerPlace(number, operators_socket)))
