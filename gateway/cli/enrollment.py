"""tillgate serve-enrollment: where merchants apply and tills get their certificates."""

import os

import click
import uvloop

from gateway.cli.serve import quieten_grpc
from gateway.runtime.logging import configure_logging
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import load_settings


@click.command("serve-enrollment")
def serve_enrollment_command() -> None:
    """Run enrolment until Ctrl-C: the one process that holds the issuing key."""
    quieten_grpc()
    from gateway.runtime.enrollment import serve_enrollment

    settings = load_settings(os.environ)
    configure_logging(settings.log_level, json_lines=settings.log_json)
    with with_servers(settings) as complete:
        click.echo(f"enrolment: {complete.enrollment_host}:{complete.enrollment_port} (TLS)", err=True)
        uvloop.run(serve_enrollment(complete))
