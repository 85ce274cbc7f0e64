"""The channel of an address."""

from __future__ import annotations

from ninelives.address import Address
from ninelives.errors import ConfigurationError
from ninelives_email.channel import EmailChannel
from ninelives_email.envelope import read_envelope
from ninelives_email.options import Options
from ninelives_email.server import read_server

__all__ = ["email_channel"]


def email_channel(address: Address) -> EmailChannel:
    """The channel of ``smtp://user:password@host:587?to=a@x.example,b@x.example`` and its like with ``smtps:``.

    Options: ``to`` and ``cc``, several with commas; ``sender``, by default the user; ``tls=starttls|ssl|none``, by
    default starttls, and ssl with ``smtps:``; ``ca=PATH``; ``password_file=PATH``; ``connect_timeout=3`` and
    ``read_timeout=5``, in seconds. The port is by default 587, with ssl 465, without TLS 25.

    Raises:
        ConfigurationError: An option is unknown, missing or wrong; it names all that are.

    Example:
        >>> email_channel(Address.parse("smtp://localhost?tls=none&to=ops@example.com&sender=app@example.com")).name
        'smtp://localhost:25?to=***@example.com'
    """
    options = Options(address)
    server = read_server(address, options)
    envelope = read_envelope(options, server.login.user if server.login else None)
    if options.problems:
        raise ConfigurationError(*options.problems)
    return EmailChannel(server, envelope)
