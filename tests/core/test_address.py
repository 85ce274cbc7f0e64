"""How a backend is named: reading, writing and masking addresses."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninelives.address import Address, looks_secret, masked
from ninelives.errors import ConfigurationError

schemes = st.from_regex(r"[a-z][a-z0-9+.-]{0,8}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8"), max_size=30)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
addresses = st.builds(Address, schemes, texts, st.dictionaries(names, texts, max_size=4))


@pytest.mark.parametrize(
    ("text", "scheme", "target", "options"),
    [
        ("log:", "log", "", {}),
        ("file:./local_dlq.json", "file", "./local_dlq.json", {}),
        ("file:./dlq.json?fsync=off&size=5", "file", "./dlq.json", {"fsync": "off", "size": "5"}),
        ("file:./a%20b%3F.json", "file", "./a b?.json", {}),
        ("sqs:https://sqs.x/1/q?region=eu-west-1", "sqs", "https://sqs.x/1/q", {"region": "eu-west-1"}),
        ("sns:arn:aws:sns:us-east-1:1:admins", "sns", "arn:aws:sns:us-east-1:1:admins", {}),
        ("sms:+15551230000", "sms", "+15551230000", {}),
        ("smtp://u@h:587?to=a@b.c&subject=a+b", "smtp", "//u@h:587", {"to": "a@b.c", "subject": "a+b"}),
        ("x:a?b?c=d", "x", "a?b", {"c": "d"}),
        ("x:a?", "x", "a", {}),
        ("x:a?b=&c==", "x", "a", {"b": "", "c": "="}),
        ("x:?%61=%26&&b=%C3%A4", "x", "", {"a": "&", "b": "ä"}),
    ],
)
def test_an_address_is_split_at_the_first_colon_and_the_last_question_mark(text, scheme, target, options):
    """Scheme, target and options, percent-decoded, a plus being itself."""
    assert Address.parse(text) == Address(scheme, target, options)


@pytest.mark.parametrize("text", ["", "file", "./dlq.json", ":x", "FILE:x", "1a:x", "a b:c", "file\n:x"])
def test_what_has_no_scheme_is_refused(text):
    """The error shows the address and what one looks like."""
    with pytest.raises(ConfigurationError) as caught:
        Address.parse(text)
    (problem,) = caught.value.problems
    assert problem[:4] == ("address", repr(text), "scheme:target?options, like 'file:./dlq.json'", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x:a?b", "options as name=value, joined by &"),
        ("x:a?=b", "options as name=value, joined by &"),
        ("x:a?b=1&%62=2", "option 'b' once"),
    ],
)
def test_options_that_can_not_be_read_are_refused(text, expected):
    """An option without a name or a value, or one that stands twice, is an error."""
    with pytest.raises(ConfigurationError) as caught:
        Address.parse(text)
    assert str(caught.value) == f"address {text!r}: expected {expected}"


def test_unknown_options_are_refused_by_name():
    """Each option that the backend does not know is a problem that lists those it knows."""
    address = Address.parse("x:a?size=1&fsnc=off&token=hunter2")
    address.refuse_unknown_options(["size", "fsnc", "token"])
    with pytest.raises(ConfigurationError) as caught:
        address.refuse_unknown_options({"size", "fsync"})
    assert str(caught.value).splitlines() == [
        "x:a?size=1&fsnc=***&token=***: option 'fsnc': expected one of: fsync, size; did you mean 'fsync'?",
        "x:a?size=1&fsnc=***&token=***: option 'token': expected one of: fsync, size",
    ]
    with pytest.raises(ConfigurationError, match="option 'a': expected no options"):
        Address.parse("log:?a=b").refuse_unknown_options(())


@given(addresses)
def test_an_address_can_be_written_and_read_again(address):
    """Whatever target and options are, the raw text gives the same address."""
    assert Address.parse(address.raw) == address


@given(schemes, texts)
def test_reading_what_was_read_changes_nothing(scheme, rest):
    """Text that can be read is read to the same address after it was written."""
    try:
        address = Address.parse(f"{scheme}:{rest}")
    except ConfigurationError:
        return
    assert Address.parse(address.raw) == address


@given(
    password=st.text(string.ascii_letters + string.digits + "@/:?#%+ é", min_size=1),
    tail=st.sampled_from(["", "/x", "?to=a@b"]),
)
def test_a_password_is_never_shown(password, tail):
    """Whatever stands in a password, encoded or not, text of the address has nothing of it."""
    password = f"ZQ{password}QZ"
    assert "ZQ" not in (text := masked(f"smtp://ops:{password}@mail{tail}"))
    assert "QZ" not in text
    text = str(Address("smtp", f"//ops:{password}@mail"))
    assert text == repr(text)[1:-1] == "smtp://ops:***@mail"


@given(
    user=st.text(string.ascii_lowercase + "@.%+ é", min_size=1),
    password=st.text(string.ascii_letters + string.digits + "@/:?#%+ é"),
)
def test_a_user_may_be_a_mail_address(user, password):
    """What stands in the user's name, an ``@`` for one, shows nothing of the password."""
    shown = str(Address("smtp", f"//{user}:ZQ{password}QZ@mail"))
    assert "ZQ" not in shown
    assert "QZ" not in shown
    assert Address.parse("smtp://me%40example.com:p%2Fw@h:587?to=a@b").__repr__() == (
        "Address('smtp://me@example.com:***@h:587?to=a@b')"
    )


def test_an_option_that_is_misspelt_shows_no_value():
    """The value of an unknown option may be a password's whose name is misspelt: it is not shown."""
    with pytest.raises(ConfigurationError) as caught:
        Address.parse("x:y?pasword=hunter2&a=b").refuse_unknown_options(["a"])
    assert str(caught.value) == "x:y?pasword=***&a=b: option 'pasword': expected one of: a"


@given(part=st.text("ab?&=@:/", max_size=8))
def test_a_password_is_not_in_the_error_either(part):
    """An address that can't be read, because of what stands in its password, does not show it."""
    with pytest.raises(ConfigurationError) as caught:
        Address.parse(f"smtp://ops:ZQ{part}QZ@mail?to")
    assert "ZQ" not in str(caught.value)
    assert "QZ" not in str(caught.value)


def test_secrets_are_masked_wherever_an_address_is_shown():
    """`str`, `repr` and what rich prints are masked; only `raw` is whole."""
    address = Address.parse("smtp://ops:p%40ss/w0rd@mail:587?to=a@b&api_key=k&proxy=http://u:p@h")
    text = "smtp://ops:***@mail:587?to=a@b&api_key=***&proxy=http://u:***@h"
    assert str(address) == text
    assert repr(address) == f"Address({text!r})"
    assert address.__rich_repr__() == [("address", text)]
    assert address.raw == "smtp://ops:p@ss/w0rd@mail:587?to=a@b&api_key=k&proxy=http://u:p@h"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("smtp://host:587?to=ops@example.com", "smtp://host:587?to=ops@example.com"),
        ("sqs:https://sqs.x/1/q?region=eu", "sqs:https://sqs.x/1/q?region=eu"),
        ("smtp://ops@host", "smtp://ops@host"),
        ("pg:host=x password=hunter2", "pg:host=x password=***"),
        ("x:?token=a;password=b&c=d&secret=e", "x:?token=***&c=d&secret=***"),
        ("x:a?PassWord=b&c=d", "x:a?PassWord=***&c=d"),
        ("could not reach smtp://u:p@h", "could not reach smtp://u:***@h"),
        ("what is it?", "what is it?"),
    ],
)
def test_only_secrets_are_masked(text, shown):
    """What is no secret stays readable."""
    assert masked(text) == shown


@pytest.mark.parametrize("part", ["//a:", "a", "token", "a=", "?", "//", "@:", "a=&"])
def test_masking_takes_no_longer_for_hostile_text(part):
    """A megabyte of whatever is masked at once: no pattern goes over it again and again."""
    start = time.perf_counter()
    masked(part * (1_000_000 // len(part)))
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("smtp_pass", True),
        ("passphrase", True),
        ("aws_secret_access_key", True),
        ("ACCESS_TOKEN", True),
        ("api-key", True),
        ("authorization", True),
        ("passive", False),
        ("key", False),
        ("store", False),
        ("sig", True),
        ("auth", True),
        ("X-Amz-Signature", True),
        ("signal", False),
        ("author", False),
    ],
)
def test_names_tell_what_is_secret(name, secret):
    """Passwords, tokens and keys are known by what they are called."""
    assert looks_secret(name) is secret
