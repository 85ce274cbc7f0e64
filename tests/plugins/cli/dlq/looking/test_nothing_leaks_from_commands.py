"""Law 57 on the command line: no secret that a letter, a store or a configuration holds is shown, unless asked for."""

from __future__ import annotations

import pytest

from ninelives.dead_letters.letter import Attempt, ErrorRecord
from ninelives.plugins import Plugins, default_plugins
from ninelives.testing.contracts.letters import letter
from ninelives_cli.main import command_line

NEEDLE = "9907890"  # in every secret, and nowhere else

SECRETS = [
    f"postgres://app:{NEEDLE}@db", f"Bearer abc{NEEDLE}", f"Basic dXNl{NEEDLE}=", f"AKIAABCDEFGHI{NEEDLE}",
    f"AKIAIOSFODNN7EXAMPLE:{NEEDLE:A>40}", f"eyJhbGciOiJ9.e{NEEDLE}.x{NEEDLE}", f"+1555{NEEDLE}",
    f"{NEEDLE}@example.com", f"password={NEEDLE}", f"'api_key': '{NEEDLE}'", f"iban={NEEDLE}",
    f"ghp_abcdefgh{NEEDLE}", f"--password {NEEDLE}",
    f"Cookie: a={NEEDLE}",
]  # fmt: skip
ALL = "; ".join(SECRETS[:-1]) + "\n" + SECRETS[-1]
CARD, NATIONAL = "4111 1199 0789 0558", "(555) 990-7890"
LOOKS = (NEEDLE, "0789 0558", "990-7890")
PLANTED = {"a": [SECRETS, {"password": NEEDLE, "Iban": NEEDLE, f"{NEEDLE}@example.com": 1}, CARD, NATIONAL, ALL]}


@pytest.fixture(autouse=True)
def iban_is_secret(monkeypatch, nothing_learned):
    """What a program adds counts too."""
    monkeypatch.setenv("NINELIVES_MASK_KEYS", "iban")


@pytest.fixture
def planted(dlq):
    """The id of a letter with secrets in every field that a program or a service has a say in."""
    said = f"{ALL} {CARD} {NATIONAL}"
    error = ErrorRecord(
        type=f"shop.{SECRETS[0]}",
        message=said,
        traceback=f'  File "a.py", line 1\n    f("{said}")',
        causes=(said, said),
    )
    (letter_id,) = dlq.put(
        letter(
            0, key=said, pipeline=SECRETS[0], operation=f"call {SECRETS[1]} {SECRETS[6]}", host=SECRETS[7],
            args=[PLANTED], kwargs={"x": PLANTED, "iban": NEEDLE}, error_info=PLANTED,
            original={"args": [PLANTED], "kwargs": {}},
            unserialisable=({"path": "args[1]", "repr": said},), replayable=False, error=error, fingerprint=SECRETS[8],
            attempts=(Attempt(at=error_at(), type=SECRETS[0], message=said),), notes=(said, said), trace=SECRETS[3],
            tags={"a": said, "token": NEEDLE, SECRETS[7]: "b"}, extra=PLANTED, caused_by=SECRETS[9],
        )
    )  # fmt: skip
    return letter_id


def error_at():
    return letter(0).created


def shows_nothing(*shown: str) -> bool:
    return not any(look in text for text in shown for look in LOOKS)


@pytest.mark.parametrize(
    "args",
    [
        ["list"], ["list", "--json"], ["show", "ID"], ["show", "ID", "--json"], ["groups"], ["groups", "--json"],
        ["stats"], ["stats", "--json"], ["note", "ID", ALL], ["note", "ID", ALL, "--json"],
        ["park", "ID", "--reason", ALL],
        ["park", "ID", "--json"], ["purge", "ID", "--yes"], ["expire", "--yes", "--json"], ["list", "--operation", ALL],
        ["edit", "ID", "--set", f'kwargs.x="{SECRETS[0]}"', "--note", ALL],
        ["edit", "ID", "--set", f"kwargs.iban={NEEDLE}1", "--json"],
        ["edit", "ID", "--set", f"kwargs.password={NEEDLE}"],
        ["edit", "ID", "--set", f"args[7].phone={NEEDLE}"],
        ["replay", "--app", "planted:shop", "ID"], ["replay", "--app", "planted:shop", "--all", "--json"],
        ["replay", "--app", "planted:gone", "ID"], ["replay", "--app", "raising", "ID"],
        ["move", "--all", "--to", "file:b.json"],
        ["show", f"password={NEEDLE}"], ["show", f"{NEEDLE}@example.com", "--json"],
    ],
)  # fmt: skip
def test_a_letter_shows_no_secret(dlq, planted, tmp_path, args):
    """Whatever is asked of it: as text, as JSON, and in what is wrong with it."""
    (tmp_path / "planted.py").write_text("from ninelives import Pipeline\nshop = Pipeline('shop', notify=False)\n")
    (tmp_path / "raising.py").write_text(f"secret = {ALL!r}\nraise ValueError({ALL!r} + {CARD!r})\n")
    done = dlq(*(planted if arg == "ID" else arg for arg in args))
    assert shows_nothing(done.out, done.err), done


@pytest.mark.parametrize(
    "args", [["show", "ID", "--reveal"], ["show", "ID", "--reveal", "--json"], ["export", "--all"]]
)
def test_what_is_asked_for_is_shown(dlq, planted, args):
    """Whoever says --reveal, or writes letters out, gets them as they are."""
    assert NEEDLE in dlq(*(planted if arg == "ID" else arg for arg in args)).out


@pytest.mark.parametrize(
    "args", [["list"], ["list", "--json"], ["show", "ID"], ["show", "ID", "--json"], ["groups"], ["groups", "--json"]]
)
def test_a_function_is_named_whatever_its_module_is_called(dlq, args):
    """As in alerts: tokens:charge is a function; in an error's text it may be a password."""
    error = ErrorRecord(type="E", message="no password:hunter2", traceback="")
    (letter_id,) = dlq.put(letter(0, pipeline="shop", operation="tokens:charge", error=error))
    shown = dlq(*(letter_id if arg == "ID" else arg for arg in args)).out
    assert "tokens:charge" in shown
    assert "hunter2" not in shown


MAIL = f"smtp://app:{NEEDLE}@127.0.0.1:1?to={NEEDLE}@example.com&sender=a@b.io"
CONFIGURATION = f"""
[defaults.notify]
channels = ["sms:+1555{NEEDLE}", "{MAIL}", "bad:{NEEDLE}@example.com?token={NEEDLE}"]
template = "{{token}} {ALL.splitlines()[0]}"
[pipelines.shop]
dead_letter = {{ store = "file:./a.json?password={NEEDLE}", redact = ["{ALL.splitlines()[0]}"] }}
backoff = {{ max_retries = "{SECRETS[1]}", retry_exceptions = ["{SECRETS[7]}"] }}
[pipelines."{SECRETS[7]}"]
breaker = {{ failure_threshold = "+1555{NEEDLE}" }}
unknown = {{ token = "{NEEDLE}" }}
[redaction]
keys = [5, "{SECRETS[0]}"]
"""


@pytest.mark.parametrize(
    "args",
    [
        ["doctor"], ["doctor", "--json"], ["notify", "test"], ["dlq", "list"], ["dlq", "list", "--pipeline", "shop"],
        ["notify", "test", "--channel", f"bad:{NEEDLE}@example.com?password={NEEDLE}"],
        ["plugins"], ["plugins", "--json"],
        ["notify", "test", "--channel", f"sms:+1555{NEEDLE}x"], ["doctor", f"+1555{NEEDLE}"],
        ["notify", "test", "--channel", MAIL, "--message", ALL],
        ["dlq", "list", "--store", f"bad://app:{NEEDLE}@db"], ["dlq", "list", "--store", f"file:./x?token={NEEDLE}"],
        ["dlq", "move", "--all", "--store", "file:a.json", "--to", f"bad://app:{NEEDLE}@db"],
    ],
)  # fmt: skip
def test_a_configuration_shows_no_secret(tmp_path, monkeypatch, capsys, args):
    """Neither where it is right nor where it is wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ninelives.toml").write_text(CONFIGURATION)
    monkeypatch.setenv("DLQ_QUEUE_URL", f"https://app:{NEEDLE}@sqs/x")
    monkeypatch.setenv("BACKOFF_MAX_RETRIES", f"password={NEEDLE}")
    with pytest.raises(SystemExit):
        command_line(args, prog_name="ninelives")
    out, err = capsys.readouterr()
    assert shows_nothing(out, err), (out, err)


def test_a_broken_plugin_shows_no_secret(monkeypatch, capsys):
    """What it raises is masked in the list of plugins, and in what the doctor says."""
    from ninelives.plugins import PluginInfo

    broken = PluginInfo("plugin", "broken", "stranger", "1", error=ALL)
    monkeypatch.setattr(Plugins, "installed", lambda _self: (broken,))
    assert default_plugins().installed() == (broken,)
    for args in (["plugins"], ["plugins", "--json"], ["doctor"], ["doctor", "--json"]):
        with pytest.raises(SystemExit):
            command_line(args, prog_name="ninelives")
        out, err = capsys.readouterr()
        assert "stranger" in out
        assert shows_nothing(out, err), (out, err)
