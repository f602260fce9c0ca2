"""tillgate serve-people: the door of persons, beside the gateway that serves tills."""

import os

import click
import uvloop

from gateway.runtime.logging import configure_logging
from gateway.runtime.people_door import serve_people
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import load_settings


@click.command("serve-people")
def serve_people_command() -> None:
    """Run the people's door until Ctrl-C: proposals and their approval, the audit log, merchants."""
    settings = load_settings(os.environ)
    configure_logging(settings.log_level, json_lines=settings.log_json)
    with with_servers(settings) as complete:
        scheme = "https" if complete.people_tls_cert_file else "http"
        click.echo(f"people: {scheme}://{complete.people_host}:{complete.people_port}", err=True)
        uvloop.run(serve_people(complete))
