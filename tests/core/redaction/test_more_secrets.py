"""Secrets in the forms of shells, pages, forms and services, and harmless text that looks like them."""

from __future__ import annotations

import pytest

from ninelives.redaction import redact_text

SHAPE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"AKIAIOSFODNN7EXAMPLE:{SHAPE}", SHAPE),
        (f"('AKIAIOSFODNN7EXAMPLE', '{SHAPE}')", SHAPE),
        (f"{JWT[:40]}\n{JWT[40:]}", "dozjgNry"),
        (f"{JWT[:40]}\\n{JWT[40:]}", "dozjgNry"),
        (f"Bearer {JWT.replace('.', '.' + chr(10))}", "dozjgNry"),
        ("Bearer%20abcdefgh 'Bearer \"ijklmnop\"'", "abcdefgh"),
        ("Basic%20dG9tOmh1bnRlcjI%3D", "dG9tOm"),
        ("https://discord.com/api/webhooks/1234567890/abc_def", "abc_def"),
        ("https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/x", "AAHdq"),
        ("123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "AAHdq"),
        ("<Cookie sid=abcdefg for host/>", "abcdefg"),
        ("hvs.CAESIabcdefghijk GOCSPX-abcdefghijklmn", "abcdefghijk"),
        ("https://abcdef0123456789abcdef@host/x", "abcdef0123"),
        ("/x?user%5Bpassword%5D=hunter2", "hunter2"),
        ("%22password%22%3A%20%22hunter2%22", "hunter2"),
        ("&quot;password&quot;: &quot;hunter 2&quot;", "hunter"),
        ("password=“a hunter2”", "hunter2"),
        ("password='abc'hunter2 x", "hunter2"),
        ("password=(abc)hunter2 x", "hunter2"),
        ("password -> hunter2", "hunter2"),
        ("assert password != 'hunter2'", "hunter2"),
        ("password:\n  - hunter2\n  - hunter3", "hunter"),
        ("password: |\n  hunter2\n  hunter3\nx: 1", "hunter"),
        ("Invalid API key: abcdefgh", "abcdefgh"),
        ("security code: 123", "123"),
        ('<input name="password" value="hunter2">', "hunter2"),
        ('<property name="password">hunter2</property>', "hunter2"),
        ("<password><![CDATA[hunter2]]></password>", "hunter2"),
        ('Content-Disposition: form-data; name="password"\r\n\r\nhunter 2\r\n--b', "hunter"),
        ("b'form-data; name=\"password\"\\r\\n\\r\\nhunter 2\\r\\n--b'", "hunter"),
        ('"tom cat"@example.com tom%40example.com tom@[IPv6:2001:db8::1]', "tom"),
        ("+1\u202f555\u2009123\u202f4567", "4567"),
        ("+\u0661\u0665\u0665\u0665\u0661\u0662\u0663\u0664\u0665\u0666\u0667", "\u0665\u0666"),
        ("07700 900123, 0171-1234567, 030 12345678, 079 123 45 67", "123"),
        ("02 1234 5678, 090-1234-5678, 555-123-4567x99", "5678"),
        ("4111\xa01111\xa01111\xa01111", "1111\xa01111"),
    ],
)
def test_no_secret_comes_out(text, secret):
    """Whoever wrote it down, and however."""
    masked = redact_text(text)
    assert secret not in masked
    assert secret not in redact_text(masked)


@pytest.mark.parametrize(
    "text",
    [
        "00-e8b864fd31adcd626b4e1723b1575e51-6798768988109430-01",
        "5606361288874129_a6e80b0a93f14345",
        "IMEI 490154203237518",
        "6076171058625",
        "00-82-51-24-26-79",
        "006-4637077-9939452",
        "+5.123456789 +12345.678",
        "lodash@4.17.21",
        "token=None, password: null",
        "hf_hub_download_failed npm_config_registry pypi-server-1.0.0 xoxo-lovers-abc",
        "tokenizer=bert secretary=Bob",
        'File "a.py", line 1, in f\n    token = get_token(user)\n    ^^^^^',
        'File "a.py", line 1, in f\n    def login(self, password: str) -> None:\n',
    ],
)
def test_what_is_no_secret_stays(text):
    """Identifiers, versions, absent values, and the code in a traceback."""
    assert redact_text(text) == text


def test_a_secret_in_a_line_of_code_is_masked():
    """Text and numbers in the code of a traceback are values, names are none."""
    shown = redact_text('File "a.py", line 1, in f\n    connect(password="hunter2", pin=1234)\npassword=hunter3')
    assert shown == 'File "a.py", line 1, in f\n    connect(password=***, pin=***)\npassword=***'
