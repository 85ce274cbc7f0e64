"""The schemes ``smtp:`` and ``smtps:``: what their addresses say, what is refused, and what is not shown."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ninelives import Address, ConfigurationError, Plugins
from ninelives.checkable import Checkable
from ninelives_email import plugin
from ninelives_email.channel import EmailChannel
from ninelives_email.envelope import Envelope
from ninelives_email.factory import email_channel
from ninelives_email.names import host_name, mail_address

NO_LOGIN = "to=ann@example.com&sender=app@example.com"


@pytest.fixture(autouse=True)
def _no_password(monkeypatch):
    monkeypatch.delenv("NINELIVES_SMTP_PASSWORD", raising=False)


def channel(text):
    return email_channel(Address.parse(text))


def server(text):
    return channel(text)._server


def problems(text):
    with pytest.raises(ConfigurationError) as caught:
        channel(text)
    assert len(caught.value.problems) == len(caught.value.args)
    return [str(problem) for problem in caught.value.problems]


def test_a_channel_is_called_by_its_server_and_recipients():
    """A channel's name says which server and, masked, who the mails are for; nothing of the login is in it."""
    made = channel("smtps://ops:hunter2@mail.example?to=ann@example.com,bob@example.com&sender=app@example.com")
    assert made.name == "smtps://mail.example:465?to=***@example.com,***@example.com"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_the_schemes_are_registered(scheme):
    """`smtp:` and `smtps:` are channels that send mails, and that can be checked."""
    made = Plugins(plugin).open_channel(f"{scheme}://mail.example?{NO_LOGIN}")
    assert isinstance(made, EmailChannel)
    assert isinstance(made, Checkable)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 587, "starttls")),
        ("smtp://mail.example/", ("mail.example", 587, "starttls")),
        ("smtp://mail.example:2525", ("mail.example", 2525, "starttls")),
        ("smtps://mail.example", ("mail.example", 465, "ssl")),
        ("smtps://mail.example?tls=ssl", ("mail.example", 465, "ssl")),
        ("smtp://mail.example?tls=ssl", ("mail.example", 465, "ssl")),
        ("smtp://mail.example?tls=none", ("mail.example", 25, "none")),
        ("smtp://mail_1:25?tls=none", ("mail_1", 25, "none")),
        ("smtp://[::1]:25", ("::1", 25, "starttls")),
        ("smtp://[::1]", ("::1", 587, "starttls")),
        ("smtp://bücher.example", ("xn--bcher-kva.example", 587, "starttls")),
    ],
)
def test_tls_is_the_default(address, expected):
    """Without a word on it the way is encrypted; the port is the one of the kind of TLS."""
    made = server(f"{address}{'&' if '?' in address else '?'}{NO_LOGIN}")
    assert (made.host, made.port, made.tls) == expected
    assert made.login is None


def test_time_outs_are_options():
    """`connect_timeout` and `read_timeout` are seconds, by default 3 and 5; `ca` is a path."""
    made = server(f"smtp://mail.example?{NO_LOGIN}")
    assert (made.connect_timeout, made.read_timeout, made.ca) == (3.0, 5.0, None)
    made = server(f"smtp://mail.example?{NO_LOGIN}&connect_timeout=1.5&read_timeout=20&ca=/etc/ca.pem")
    assert (made.connect_timeout, made.read_timeout, made.ca) == (1.5, 20.0, "/etc/ca.pem")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("to=ann@example.com", Envelope("ops@example.com", ("ann@example.com",))),
        ("to=ann@example.com&cc=&sender=", Envelope("ops@example.com", ("ann@example.com",))),
        (
            "to=ann@example.com, bob%2Bx@example.com&cc=cid@example.com&sender=app@example.com",
            Envelope("app@example.com", ("ann@example.com", "bob+x@example.com"), ("cid@example.com",)),
        ),
        ("to=ann@bücher.example", Envelope("ops@example.com", ("ann@xn--bcher-kva.example",))),
    ],
)
def test_the_envelope_is_read(options, expected):
    """Who gets the mails, and a copy, stands there with commas; they are from the user unless `sender` differs."""
    assert channel(f"smtp://ops%40example.com:secret@mail.example?{options}")._envelope == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://ops:secret@mail.example", ("ops", "secret")),
        ("smtp://ops%40example.com:secret@mail.example", ("ops@example.com", "secret")),
        ("smtp://ops:s%40%3A%2F%3F%25@mail.example", ("ops", "s@:/?%")),
    ],
)
def test_the_login_is_percent_decoded(address, expected):
    """User and password may hold any ASCII character, percent-encoded."""
    login = server(f"{address}?{NO_LOGIN}").login
    assert (login.user, login.password()) == expected


def test_where_the_password_comes_from(tmp_path, monkeypatch):
    """The password is the address's, else the file's, else the environment's; the file is read when it is needed."""
    file = tmp_path / "password"
    monkeypatch.setenv("NINELIVES_SMTP_PASSWORD", "from the environment")
    in_file = f"smtp://ops@mail.example?{NO_LOGIN}&password_file={file}"
    login = server(in_file).login
    file.write_text("from the file\r\n")
    assert login.password() == "from the file"
    file.write_text("changed")
    assert login.password() == "changed"
    assert server(in_file.replace("ops@", "ops:given@")).login.password() == "given"
    assert server(f"smtp://ops@mail.example?{NO_LOGIN}").login.password() == "from the environment"


def test_passwords_are_never_shown(monkeypatch):
    """No `repr` and no error shows a password, wherever it came from."""
    monkeypatch.setenv("NINELIVES_SMTP_PASSWORD", "hünter2")
    made = channel(f"smtp://ops:hunter2@mail.example?{NO_LOGIN}")
    shown = [repr(made), str(made), made.name, repr(made._server), repr(made._server.login), str(made._server)]
    shown += problems("smtp://ops:hünter2@mail.example:x?to=ann")
    shown += problems(f"smtp://ops@mail.example?{NO_LOGIN}")
    shown += problems(f"smtp://ops:hünter2@mail.example?{NO_LOGIN}&password_file=%00&nothing=1")
    assert not any("nter2" in text for text in shown)


FORM = "expected smtp://user:password@host:port?to=ops@example.com"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"smtp:mail.example?{NO_LOGIN}", [FORM]),
        (f"smtp:?{NO_LOGIN}", [FORM]),
        (f"smtp://?{NO_LOGIN}", [FORM]),
        (f"smtp://mail..example?{NO_LOGIN}", [FORM]),
        (f"smtp://bü..example?{NO_LOGIN}", [FORM]),
        (f"smtp://mail.example/path?{NO_LOGIN}", [FORM]),
        (f"smtp://[1.2.3.4]?{NO_LOGIN}", [FORM]),
        (f"smtp://[::1?{NO_LOGIN}", [FORM]),
        (f"smtp://[::1]25?{NO_LOGIN}", [FORM]),
        (f"smtp://mail.example%0A?{NO_LOGIN}", [FORM]),
        (f"smtp://mail.example:0?{NO_LOGIN}", ["a port is a number from 1 to 65535"]),
        (f"smtp://mail.example:65536?{NO_LOGIN}", ["a port is a number"]),
        (f"smtp://mail.example:٣?{NO_LOGIN}", ["a port is a number"]),
        (f"smtp://:secret@mail.example?{NO_LOGIN}", ["a user before the password"]),
        (f"smtp://mail.example?{NO_LOGIN}&password_file=/x", ["a user before the password"]),
        (f"smtp://ops@mail.example?{NO_LOGIN}", ["a password for the user: in NINELIVES_SMTP_PASSWORD"]),
        (f"smtp://%C3%B6ps:secret@mail.example?{NO_LOGIN}", ["a user of printable ASCII"]),
        (f"smtp://ops:%00@mail.example?{NO_LOGIN}", ["a password of printable ASCII"]),
        ("smtp://mail.example", ["'to': expected a mail address", "'sender': expected a mail address"]),
        ("smtp://ops:secret@mail.example?to=ann@example.com", ["'sender': expected a mail address"]),
        (f"smtp://mail.example?{NO_LOGIN},", ["'sender' is '***@example.com,'"]),
        ("smtp://mail.example?to=a@x,,b@x&sender=a@x", ["option 'to'"]),
        (f"smtp://mail.example?{NO_LOGIN}&tls=maybe", ["'maybe': expected one of: starttls, ssl, none"]),
        (f"smtps://mail.example?{NO_LOGIN}&tls=starttls", ["that is what smtps: means"]),
        (f"smtp://mail.example?{NO_LOGIN}&tls=none&ca=/x", ["there is no certificate"]),
        (f"smtp://mail.example?{NO_LOGIN}&ca=%00", ["a path without NUL"]),
        (f"smtp://mail.example?{NO_LOGIN}&connect_timeout=0&read_timeout=x", ["above 0", "above 0"]),
        (f"smtp://mail.example?{NO_LOGIN}&read_timeout=nan", ["above 0"]),
        (f"smtp://mail.example?{NO_LOGIN}&connect_timeout=3600.1&read_timeout=1e10", ["at most 3600", "at most 3600"]),
        (f"smtp://mail.example?{NO_LOGIN}&from=a@x", ["option 'from': expected one of: ca, cc, connect_timeout"]),
        (
            "smtp://mail.example:x?to=ann&cc=bob&sender=cid&tls=no&read_timeout=-1&colour=red",
            ["'colour'", "a port is", "'tls'", "'read_timeout'", "'sender'", "'to'", "'cc'"],
        ),
    ],
)
def test_wrong_addresses_are_refused(address, expected):
    """What is wrong or missing is refused when the channel is made, all of it at once, each with its place."""
    found = problems(address)
    assert len(found) == len(expected), found
    assert all(text in problem for text, problem in zip(expected, found, strict=True)), found


@pytest.mark.parametrize("option", ["to", "cc", "sender"])
@pytest.mark.parametrize(
    "wrong",
    [
        "ann@example.com%0ABcc: eve@example.com",
        "ann@example.com%0D%0A",
        "%0Aann@example.com",
        "ann@example.com%00",
        "ann@example.com%E2%80%A8",
        "ann",
        "@example.com",
        "ann@",
        "a b@example.com",
        "ann@@example.com",
        "ann@eve@example.com",
        "<ann@example.com>",
        "Ann <ann@example.com>",
        '"ann"@example.com',
        "%3D%3Futf-8%3Fq%3Fx%3D0d%3D0ay%3F%3D@example.com",
        "a.%3D%3Futf-8%3Fq%3Feve%3F%3D@example.com",
        "änn@example.com",
        ".ann@example.com",
        "ann..eve@example.com",
        "ann@-example.com",
        "ann@[1.2.3.4]",
        f"{'a' * 65}@example.com",
        f"{'a' * 64}@{'e.' * 94}com",
    ],
)
def test_what_is_no_mail_address_is_refused(option, wrong):
    """A mail address that could be a header, two addresses, or none is refused, and shown on one line."""
    options = {"to": "ann@example.com", "sender": "app@example.com", option: wrong}
    (problem,) = problems("smtp://mail.example?" + "&".join(f"{name}={value}" for name, value in options.items()))
    assert f"option {option!r} is " in problem
    assert len(problem.splitlines()) == 1


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_a_login_without_tls_stays_on_this_machine(host):
    """A password is sent without TLS to this machine only."""
    assert server(f"smtp://ops:secret@{host}?tls=none&{NO_LOGIN}").login.user == "ops"
    for other in ("mail.example", "10.0.0.1", "localhost.example", "[::2]"):
        (problem,) = problems(f"smtp://ops:secret@{other}?tls=none&{NO_LOGIN}")
        assert "'tls' is 'none': expected 'starttls' or 'ssl'" in problem


def test_names_have_their_longest():
    """Names and mail addresses of the longest allowed length are taken, one character more is not."""
    longest = ".".join(["a" * 63] * 3 + ["a" * 61])
    assert host_name(longest) == longest
    assert host_name(longest + "a") is None
    assert host_name("a" * 64) is None
    domain = "d" * 63 + "." + "d" * 63 + "." + "d" * 61
    assert mail_address(f"{'l' * 64}@{domain}") == f"{'l' * 64}@{domain}"
    assert mail_address(f"{'l' * 64}@{domain}d") is None
    assert mail_address(f"{'l' * 65}@example.com") is None


def test_building_a_channel_imports_nothing_heavy():
    """Finding the plugin imports nothing of the channel; making one imports neither yagmail nor the library's email."""
    code = (
        "import sys, ninelives_email.plugin\n"
        "print(sorted(name for name in sys.modules if name.startswith('ninelives_email')))\n"
        "from ninelives import Address\n"
        "from ninelives_email.factory import email_channel\n"
        f"email_channel(Address.parse('smtp://ops:secret@mail.example?{NO_LOGIN}'))\n"
        "print({'yagmail', 'smtplib', 'email', 'ssl'} & sys.modules.keys())\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "['ninelives_email', 'ninelives_email.plugin']\nset()\n"
