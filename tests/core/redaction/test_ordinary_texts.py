"""What logs and errors say every day: none of it is a secret, and all of it is needed to find a fault."""

from __future__ import annotations

import pytest

from ninelives.redaction import redact, redact_text

NUMBERS = [
    "order 4711 of 2026-01-01T00:00:00Z took 12.5 ms",
    "retried 3 times in 1h 20m 30s, 99.9 % of 1,234,567 calls",
    "id 0190a5c0-0000-7000-8000-000000000000",
    "trace 00-e8b864fd31adcd626b4e1723b1575e51-6798768988109430-01",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "version 3.11.15, numpy==1.26.4, v2.0.0-rc.1+build.5",
    "timestamp 1767225600, 1767225600.123456",
    "order 20260101-000123-7",
    "invoice INV-2026-000123",
    "isbn 978-3-16-148410-0",
    "row 18446744073709551615",
    "10.0.0.1:5432, [2001:db8::1]:443, fe80::1%eth0",
    "mac 00:1a:2b:3c:4d:5e",
    "status code 404, exit code 137, error code 1045",
    "HTTP/1.1 503 Service Unavailable",
    "errno 111: Connection refused",
    "pid 12345, uid=1000(tom) gid=1000(tom)",
    "memory 12345678 kB, 0x7f6711d1e980",
    "2026-01-01 12:00:00,123 INFO shop.orders:42 done",
    "51.5074 -0.1278",
    "ratio 1.23456789e-05",
    "lsn 0/16B3748, xid 7355608",
    "span a3ce929d0e0e4736",
]
PLACES = [
    "/var/lib/app/tokens/session.py:12",
    'File "/srv/app/password/reset.py", line 12, in reset_password',
    "arn:aws:sns:us-east-1:123456789012:admins",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret/db",
    "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
    "https://example.com/a/b?page=2&sort=-created#top",
    "s3://bucket/2026/01/01/part-00000.parquet",
    "postgresql://db:5432/shop",
    "C:\\Program Files\\App\\app.exe",
    "ws://host:8080/",
    "shop.orders:Login.<locals>.run",
    "image registry.example.com:5000/app:1.2.3",
    "node:18-alpine",
    "<Session object at 0x7f6711d1e980>",
    "<class 'shop.TokenExpired'>",
    "KeyError: 'user_id'",
    "Traceback (most recent call last):",
    'File "a.py", line 1, in f\n    token = get_token(user)\n    ^^^^^',
    "in <module>\n    raise PasswordError(user.id)",
]
SENTENCES = [
    "password is required",
    "the password is wrong",
    "password must have at least 8 characters",
    "Password has expired (90 days)",
    "password authentication failed",
    "invalid username or password",
    "the token was expired",
    "token is invalid or expired",
    "Token expired at 2026-01-01T00:00:00Z",
    "token of type access",
    "Invalid token",
    "invalid CSRF token",
    "Unexpected token < in JSON",
    "unexpected token 'end-of-statement-marker'",
    "the secret is not known",
    "secret not found",
    "no API key provided",
    "API key is missing",
    "api key not valid",
    "public key is too short",
    'duplicate key value violates unique constraint "users_pkey"',
    "Your code is wrong",
    "verification code has expired",
    "the PIN is blocked after 3 tries",
    "pin 5 of the connector is open",
    "login failed for user tom",
    "logged in as tom",
    "the basic plan, a basic understanding",
    "bearer token expired",
    "the cookie banner was shown",
    "the session is closed",
    "card declined",
    "phone is not reachable",
    "e-mail could not be sent",
    "passed 12 of 14 tests",
    "password reset for 3 users",
    "passwords do not match",
    "pass 2 of 3",
    "authorized by tom",
    "Basic Authentication failed",
    "access key was rotated 2 days ago",
    "shipping 12345678 units",
    "barcode is 12345678",
    "postal code 12345",
    "country code is 49, area code 30",
    "pinned to 1.2.3",
    "token bucket has 1000000 tokens",
    "key 42 of 100",
]
STATEMENTS = [
    "SELECT id, password FROM users WHERE id = 7",
    "SELECT * FROM tokens WHERE token = ?",
    "UPDATE users SET password = :password",
    "UPDATE users SET password = %(password)s WHERE id = %s",
    "INSERT INTO users (name, password) VALUES (?, ?)",
    "INSERT INTO users (name, age) VALUES ('tom', 3)",
    "Key (id)=(7) already exists.",
    "Key (order_id, line)=(7, 1) is not present",
    "[SQL: SELECT * FROM orders WHERE id = ?]\n[parameters: (7,)]",
    "PRAGMA table_info('users')",
    "age\n  Input should be less than 150 [type=less_than, input_value=200, input_type=int]",
    "ALTER TABLE users DROP COLUMN password",
    'relation "password_resets" does not exist',
    "max_tokens=500, token_count: 12",
]
COMMANDS = [
    "curl -sS -X POST https://example.com/x",
    "curl -u tom https://example.com",
    "mysql -u root -p shop",
    "ssh -p 22 tom-host",
    "docker run -u 1000:1000 -p 8080:80 app:1",
    "docker run -p 80:80 app",
    "docker run -p 80:80 --rm tom/login",
    "['docker', 'run', '-p', '80:80', 'login:1']",
    "ssh -p 22",
    "sudo -u tom mysql -p shop",
    "tar -xzf a.tgz -C /tmp",
    "git commit -a -m 'x'",
    "--verbose --max-retries 3 --force",
    "login failed, ssh -p 2222 said no",
    "mkdir -p /var/lib/app",
    "http -a x",
    "ninelives dlq replay 0190a5c0 --app shop.orders:shop",
    "['ls', '-a', 'dir']",
]
ORDINARY = [*NUMBERS, *PLACES, *SENTENCES, *STATEMENTS, *COMMANDS]


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_text_stays_whole(text):
    """Alone, and with others around it."""
    assert redact_text(text) == text
    assert redact({"text": [f"{text}; done"]}) == {"text": [f"{text}; done"]}


def test_they_do_not_make_secrets_of_each_other():
    """All of them in one text, as an error may quote a page of a log."""
    page = "\n".join(ORDINARY)
    assert redact_text(page[:9_000]) == page[:9_000]
