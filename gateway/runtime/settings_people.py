"""Settings of the people's door, and of what takes two persons."""

from pydantic import BaseModel, Field

from gateway.runtime.settings_types import OptionalFile, Port, Text, WritingUrl


class PeopleSettings(BaseModel):
    """What `tillgate serve-people`, `users` and `proposals` go by."""

    four_eyes: bool = Field(
        False,
        description="commands that take two persons want users and proposals; in production they always do",
    )
    proposal_lifetime_h: int = Field(
        72, ge=1, le=720, description="how long a proposal may wait until it is approved and executed"
    )
    database_people_url: WritingUrl = Field(
        "", description="the same database as the role of the people's door; empty: an embedded one"
    )
    people_host: Text = Field("127.0.0.1", description="the address of the people's door")
    people_port: Port = Field(7490, description="the port of the people's door")
    people_tls_cert_file: OptionalFile = Field(
        None,
        description="its certificate chain, PEM; empty: plain HTTP, on a loopback address or behind a proxy",
    )
    people_tls_key_file: OptionalFile = Field(None, description="the private key of that certificate, PEM")
    people_origin: str = Field(
        "",
        pattern=r"^(https://[a-z0-9.-]+(:[0-9]{1,5})?)?$",
        description="as browsers know the door if a proxy ends TLS before it: https://desk.example.org",
    )
    people_key_file: OptionalFile = Field(
        None, description="the key that seals second factors, 32 bytes; empty: one is made, in development"
    )
    session_idle_s: int = Field(
        900, ge=60, le=86_400, description="how long a person's session lasts without a request"
    )
    session_longest_s: int = Field(
        36_000, ge=60, le=86_400, description="how long a person's session lasts at all"
    )
