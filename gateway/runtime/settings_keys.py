"""Settings of keys: files, none of whose content stands in a setting itself."""

from pydantic import BaseModel, Field

from gateway.runtime.settings_types import OptionalFile


class KeySettings(BaseModel):
    """Where the gateway's keys and certificates are."""

    tls_ca_file: OptionalFile = Field(
        None, description="the CA of the tills' certificates, PEM; empty: one is made, in development"
    )
    tls_cert_file: OptionalFile = Field(
        None, description="the gateway's certificate chain, PEM; empty: likewise"
    )
    tls_key_file: OptionalFile = Field(None, description="the gateway's private key, PEM; empty: likewise")
    signing_key_file: OptionalFile = Field(
        None, description="the Ed25519 private key that signs outcomes, PEM; empty: likewise"
    )
    card_token_key_file: OptionalFile = Field(
        None, description="the key that turns card numbers into tokens, 32 bytes; empty: likewise"
    )
    issuing_dir: OptionalFile = Field(
        None, description="the folder of issuing authorities, to enrol clients; empty: likewise"
    )
    issuing_passphrase_file: OptionalFile = Field(
        None, description="the passphrase of their keys, a file of its own; empty: likewise"
    )
    hmac_master_key_file: OptionalFile = Field(
        None,
        description="the key of which HMAC keys of the JSON door are made; empty: certificates alone count",
    )
    tls_proxy_token_file: OptionalFile = Field(
        None,
        description="the secret by which a proxy that ends TLS is known; the tills' doors then speak plainly,"
        " and must be on a loopback address; empty: they end TLS themselves",
    )
    stop_list_key_file: OptionalFile = Field(
        None, description="the master key of the merchants' stop lists, 32 bytes; empty: likewise"
    )
