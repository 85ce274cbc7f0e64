"""Which mail server: where it is, how the way there is protected, who logs in, and how long it may take."""

from __future__ import annotations

import os
import re

from msgspec import Struct

from ninelives.address import Address
from ninelives.errors import ChannelError
from ninelives_email.names import host_name
from ninelives_email.options import Options

__all__ = ["PASSWORD_VARIABLE", "Login", "Server", "read_server"]

PASSWORD_VARIABLE = "NINELIVES_SMTP_PASSWORD"  # noqa: S105 - a variable's name
"""The environment variable that holds the password where the address does not say it."""

# By kind of TLS, the port when none is given. Sources: RFC 6409 (587), RFC 8314 (465), RFC 5321 (25).
_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_HIGHEST_PORT = 65_535
_FORM = "smtp://user:password@host:port?to=ops@example.com, the user and the password percent-encoded"
_ASCII = "printable ASCII characters, which are all that the login can send"
_LONGEST_PASSWORD = 10_000  # characters: who names the wrong file is told so, and it is not read whole


class Login:
    """Who logs in. The password is in no `repr`, and a file is read anew for each login: it may be changed.

    Args:
        user: The name that the server knows.
        password: The password; None: it is in the file.
        password_file: The file that holds it, and at most one line break behind it.
    """

    def __init__(self, user: str, password: str | None, password_file: str | None = None) -> None:
        self.user = user
        self._password = password
        self._file = password_file

    def __repr__(self) -> str:
        return "Login(***)"

    def password(self) -> str:
        """The password.

        Raises:
            ChannelError: The file can't be read, or what is in it is no password.
        """
        if self._password is not None:
            return self._password
        try:
            with open(str(self._file), encoding="ascii") as file:
                password = file.read(_LONGEST_PASSWORD + 1).removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeError) as error:
            # Not as its cause: what can't be decoded is in it.
            why = error.strerror if isinstance(error, OSError) else f"expected {_ASCII}"
            raise ChannelError(f"the password file {self._file} can't be read: {why}", transient=False) from None
        if not password or not password.isprintable() or len(password) > _LONGEST_PASSWORD:
            expected = f"expected {_ASCII}, on one line"
            raise ChannelError(f"the password file {self._file} holds no password: {expected}", transient=False)
        return password


class Server(Struct, frozen=True):
    """A mail server.

    Attributes:
        host: Its name, or its number.
        port: Its port.
        tls: ``starttls``: plain at first, then TLS; ``ssl``: TLS from the start; ``none``.
        login: Who logs in; None: nobody.
        ca: A file of the CAs that its certificate may be from, in PEM; None: those of the system.
        connect_timeout: Seconds until a connection to one of the host's numbers must stand. Default 3.
        read_timeout: Seconds until an answer must come. Default 5.
    """

    host: str
    port: int
    tls: str
    login: Login | None = None
    ca: str | None = None
    connect_timeout: float = 3.0
    read_timeout: float = 5.0

    @property
    def place(self) -> str:
        """Host and port, as in an address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"mail server {self.place}"


def read_server(address: Address, options: Options) -> Server:
    """What an address says of the server; what is wrong is noted in `options`. Nothing is opened."""
    login, _at, place = address.target.removeprefix("//").removesuffix("/").rpartition("@")
    host, port = _host_and_port(place)
    if not address.target.startswith("//") or host is None:
        options.wrong("", "", _FORM)
    elif not re.fullmatch(r"\d{0,5}", port, re.ASCII) or int(port or 1) not in range(1, _HIGHEST_PORT + 1):
        options.wrong("", "", f"{_FORM}; a port is a number from 1 to {_HIGHEST_PORT}")
        port = ""
    tls = _tls(address.scheme, options)
    return Server(
        host=host or "",
        port=int(port or _PORTS[tls]),
        tls=tls,
        login=_login(login, host or "", tls, options),
        ca=_ca(tls, options),
        connect_timeout=options.seconds("connect_timeout", 3.0),
        read_timeout=options.seconds("read_timeout", 5.0),
    )


def _host_and_port(place: str) -> tuple[str | None, str]:
    if not place.startswith("["):
        host, _colon, port = place.partition(":")
        return host_name(host), port
    from ipaddress import IPv6Address  # few addresses need it

    host, bracket, rest = place[1:].partition("]")
    try:
        return (str(IPv6Address(host)), rest.removeprefix(":")) if bracket and rest[:1] in ("", ":") else (None, "")
    except ValueError:
        return None, ""


def _tls(scheme: str, options: Options) -> str:
    default = "ssl" if scheme == "smtps" else "starttls"
    given = options.text("tls") or default
    if scheme == "smtps" and given != "ssl":
        options.wrong("tls", given, "'ssl' or nothing: that is what smtps: means")
    elif given not in _PORTS:
        options.wrong("tls", given, f"one of: {', '.join(_PORTS)}")
    else:
        return given
    return default


def _ca(tls: str, options: Options) -> str | None:
    path = options.path("ca")
    if path is not None and tls == "none":
        options.wrong("ca", path, "nothing with tls=none: there is no certificate")
    return path


def _login(written: str, host: str, tls: str, options: Options) -> Login | None:
    user, colon, given = written.partition(":")
    file = options.path("password_file")
    if not user:
        if colon or file is not None:
            options.wrong("", "", f"a user before the password: {_FORM}")
        return None
    if not _can_be_sent(user):
        options.wrong("", "", f"a user of {_ASCII}")
    if tls == "none" and not _is_here(host):
        expected = (
            "'starttls' or 'ssl': without TLS the password could be read on its way, so only this machine gets it"
        )
        options.wrong("tls", "none", expected)
    return Login(user, _password(given, file, options), file)


def _password(given: str, file: str | None, options: Options) -> str | None:
    if not given and file is not None:
        return None
    password = given or os.environ.get(PASSWORD_VARIABLE, "")
    if not password:
        options.wrong("", "", f"a password for the user: in {PASSWORD_VARIABLE}, in password_file=, or in the address")
    elif not _can_be_sent(password):
        options.wrong("", "", f"a password of {_ASCII}")
    return password


def _can_be_sent(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_here(host: str) -> bool:
    from ipaddress import ip_address  # few addresses need it

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
