"""Secrets as services, shells, databases, validators and people write them down."""

from __future__ import annotations

import pytest

from ninelives.redaction import redact, redact_text

WORD = "hunter2Xq9"
LONG = "Zq8mK3vN7pL2xW9tR4yB6cD1fG5hJ0sA"
HEX = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # In commands.
        (f"curl -u tom:{WORD} https://x", "curl -u tom:*** https://x"),
        (f"curl --user 'tom:{WORD}' x", "curl --user 'tom:***' x"),
        (f"Command '['curl', '-u', 'tom:{WORD}', 'x']' returned 7",
         "Command '['curl', '-u', 'tom:***', 'x']' returned 7"),
        (f"mysql -u root -p{WORD} shop", "mysql -u root -p*** shop"),
        (f"['mysqldump', '-p{WORD}']", "['mysqldump', '-p***']"),
        (f"sshpass -p {WORD} ssh x", "sshpass -p *** ssh x"),
        (f"docker login -u tom -p {WORD} reg", "docker login -u tom -p *** reg"),
        (f"docker --debug login -p {WORD}", "docker --debug login -p ***"),
        (f"Command '['docker', '-H', 'x', 'login', '-u', 'tom', '-p', '{WORD}']' returned 1",
         "Command '['docker', '-H', 'x', 'login', '-u', 'tom', '-p', '***']' returned 1"),
        (f'["podman", "login", "-p", "{WORD}"]', '["podman", "login", "-p", "***"]'),
        (f"sudo -u tom mysql -p{WORD} && docker exec db mysqldump -p{WORD}",
         "sudo -u tom mysql -p*** && docker exec db mysqldump -p***"),
        (f"redis-cli -a {WORD} ping", "redis-cli -a *** ping"),
        (f"http -a tom:{WORD} x", "http -a tom:*** x"),
        # In sentences.
        (f"password is {WORD}", "password is ***"),
        (f"Password '{WORD}' is wrong", "Password *** is wrong"),
        (f"the password {WORD}, for tom", "the password ***, for tom"),
        (f"password for user tom is `{WORD}`", "password for user tom is ***"),
        (f"Incorrect API key provided: {LONG}.", "Incorrect API key provided: ***"),
        (f"invalid token '{LONG}'", "invalid token ***"),
        ("your Acme code is 913412", "your Acme code is ***"),
        ("OTP is 913412, verification code: 1234", "OTP is ***, verification code: ***"),
        # Of databases and validators.
        ("Key (email)=(tom) already exists.", "Key (email)=*** already exists."),
        (f"Key (name, password)=(tom, {WORD}) exists", "Key (name, password)=*** exists"),
        ("INSERT INTO t (name, pin) VALUES ('x', 'hunter2Xq9'), ('y', 'z') ON",
         "INSERT INTO t (name, pin) VALUES *** ON"),
        ("[SQL: INSERT INTO t (name, password) VALUES (?, ?)]\n[parameters: ('x', 'hunter2Xq9')]\n(x)",
         "[SQL: INSERT INTO t (name, password) VALUES (?, ?)]\n[parameters: ***]\n(x)"),
        ("[SQL: UPDATE t SET token=%s WHERE id = 1]\n[parameters: ('hunter2Xq9',)]",
         "[SQL: UPDATE t SET token=%s WHERE id = 1]\n[parameters: ***]"),
        (f"ALTER USER tom IDENTIFIED BY '{WORD}'", "ALTER USER tom IDENTIFIED BY ***"),
        (f"PRAGMA key = '{WORD}'", "PRAGMA key = ***"),
        (f"SET x = PASSWORD('{WORD}')", "SET x = PASSWORD(***)"),
        (f"user.password\n  Too short [type=x, input_value='{WORD}', input_type=str]",
         "user.password\n  Too short [type=x, input_value=***, input_type=str]"),
        (f"user\n  No [type=x, input_value={{'name': 'tom', 'pass...': '{WORD}'}}, input_type=dict]",
         "user\n  No [type=x, input_value={'name': 'tom', 'pass...***, input_type=dict]"),
        (f"Server=db;Uid=sa;Pwd={WORD};", "Server=db;Uid=sa;Pwd=***"),
        (f"jdbc:oracle:thin:scott/{WORD}@host:1521", "jdbc:oracle:thin:scott/***@host:1521"),
        # In URLs and headers.
        (f"https://{LONG}:x-oauth-basic@host/x", "https://***:***@host/x"),
        (f"/cb?code={LONG}&state=1", "/cb?code=***&state=1"),
        (f"code={LONG}&grant_type=authorization_code", "code=***&grant_type=authorization_code"),
        (f"https://maps.example/x?key={LONG}", "https://maps.example/x?key=***"),
        (f"?sv=2020&sig={LONG}%3D&se=2026", "?sv=2020&sig=***&se=2026"),
        (f"AccountKey={LONG}==;EndpointSuffix=x", "AccountKey=***"),
        (f"X-Amz-Signature={LONG}&X-Amz-Security-Token={LONG}&X-Amz-Date=1",
         "X-Amz-Signature=***&X-Amz-Security-Token=***&X-Amz-Date=1"),
        (f"X-Api-Key: {LONG}\nSet-Cookie: a={LONG}; b", "X-Api-Key: ***\nSet-Cookie: ***"),
        (f"client_secret={LONG}&refresh_token={LONG}", "client_secret=***&refresh_token=***"),
        (f"AUTH PLAIN {LONG}", "AUTH PLAIN ***"),
        (f"hooks.slack.com/triggers/{LONG} hooks.zapier.com/hooks/catch/1/a",
         "hooks.slack.com/triggers/*** hooks.zapier.com/hooks/catch/***"),
        # With a shape of their own.
        (f"github_pat_{LONG} xoxb-123-{LONG} sk_live_{LONG}", "github_pat_*** xoxb-*** sk_live_***"),
        (f"dapi{HEX} sntrys_{LONG} glsa_{LONG}", "dapi*** sntrys_*** glsa_***"),
        (f"{HEX}-us21, abc8Q~{LONG}", "***, ***"),
        # Behind names.
        (f"DB_PASS={WORD} smtp-pass={WORD} pw={WORD}", "DB_PASS=*** smtp-pass=*** pw=***"),
        ("otp_code=123456 card_cvc=123 totp: 123456", "otp_code=*** card_cvc=*** totp: ***"),
        (f"service_key: {LONG} creds={WORD}", "service_key: *** creds=***"),
        ("token=***: expected", "token=***: expected"),
    ],
)  # fmt: skip
def test_common_forms_are_masked(text, masked):
    """And what is masked already stays as it is."""
    assert redact_text(text) == masked
    assert redact_text(masked) == masked


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        (["/usr/bin/curl", "-u", f"tom:{WORD}", "x"], ["/usr/bin/curl", "-u", "tom:***", "x"]),
        (("mysql", f"-p{WORD}", "shop"), ["mysql", "-p***", "shop"]),
        (["sshpass", "-p", WORD, "ssh"], ["sshpass", "-p", "***", "ssh"]),
        (["docker", "run", "-u", "1000:1000", 5], ["docker", "run", "-u", "1000:1000", 5]),
        (["curl", "-u", "1000:1000", 5, "x"], ["curl", "-u", "1000:1000", 5, "x"]),
        (["mysql", "-p", "shop"], ["mysql", "-p", "shop"]),
        (["docker", "login", "-u", "tom", "-p", WORD, "reg"], ["docker", "login", "-u", "tom", "-p", "***", "reg"]),
        (["/usr/bin/docker", "--debug", "login", f"-p{WORD}"], ["/usr/bin/docker", "--debug", "login", "-p***"]),
        (["docker", "run", "-p", "80:80", "x/login"], ["docker", "run", "-p", "80:80", "x/login"]),
        (["ls", "login", "-p", "x"], ["ls", "login", "-p", "x"]),
        (["ssh", "-p", "22", "login"], ["ssh", "-p", "22", "login"]),
        (["sudo", "-u", "tom", "mysql", f"-p{WORD}"], ["sudo", "-u", "tom", "mysql", "-p***"]),
        (
            ["env", "A=b", "timeout", "5", "redis-cli", "-a", WORD],
            ["env", "A=b", "timeout", "5", "redis-cli", "-a", "***"],
        ),
        (["docker", "exec", "-it", "db", "mysql", f"-p{WORD}"], ["docker", "exec", "-it", "db", "mysql", "-p***"]),
        (["sshpass", "-p", "mysql", "ssh", "tom"], ["sshpass", "-p", "***", "ssh", "tom"]),
        (["mysql", None, 5, f"-p{WORD}"], ["mysql", None, 5, "-p***"]),
        ([], []),
    ],
)
def test_arguments_of_commands_are_masked(arguments, masked):
    """In a list as in a text."""
    assert redact(arguments) == masked
