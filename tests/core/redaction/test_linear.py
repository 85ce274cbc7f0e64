"""No pattern goes back: what masking takes grows with the text, whatever the text is."""

from __future__ import annotations

import re
import time
from types import ModuleType
from typing import Any

import pytest

from ninelives import masked_keys
from ninelives.redaction import cards, functions, keys, pairs, phones, prose, reports, shells, text, tokens, walk
from ninelives.redaction.text import mask_whole

SIZE, SHORTER, SHORTEST = 100_000, 20_000, 4_000
FIFTH = 5
RUNS = 5

# These are tried at one place each, not looked for.
AT_ONE_PLACE = (
    "cards._HEX", "cards._SCHEME", "functions._FUNCTION", "pairs._CONTENT", "pairs._EXPRESSION", "pairs._FRAME",
    "pairs._LINE", "pairs._NUMBER", "pairs._PART", "pairs._PLACE", "pairs._REST", "pairs._WORD", "pairs._WORDS",
    "phones._FRACTION", "reports._INSERT", "reports._NEXT_ROW", "shells._ATTACHED", "shells._NUMBERS", "walk._NAME",
    "functions._KIND",
)  # fmt: skip

HOSTILE = [
    "a", "A", "1", "-", "\\", "'", '"', " ", "=", "@", "?", "/", "://", "(", "<", "a@", "@a", "a'", "a.b", "a:",
    "a: ", 'a:"', 'a:\\"', "://a:", "://a:@", "://a:b/", "://a:?", "://a:?b", "://@", "basic ", "basic a", "bearer ",
    "+1 ", "+1234 ", "+1(", "00", "001 ", "0044 ", "1 ", "1-", "4111 ", "4111-1111-", "555-", "555-123-", "(555) ",
    "(555) 123-", "01 ", "01 02 ", "020 ", "020 7946 ", "(020", "1.", "+1.", "1.1a+1", "eyJ", "eyJa.",
    "eyJaaaaaaaaa.a", "sk-", "sk-a", "AKIA", "hooks.slack.com/services/", "password ", "password", "token='",
    "token=(", "token=<", "token=('", "token=a(", "token=[]", "cookie:", "cookie:\n", "phone:1 ", "phone: ", "a=",
    "tokens:1 ", "password:a", "password: a = ", "password: a[", "--a ", "--password ", "--password", "<a ", "<a",
    "<password>", "<password>a", '("email","', "('a', '", '("a",', '("email", "\\', "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n-", "-----BEGIN ", "-----END ", "%2B1", "%3A", "aB", "a_", "; name='a'",
    "name='a'>", "&quot;", "a&quot;:&quot;", "a%22%3A", "password: - a ", "password: |\n a\n", "<Cookie a",
    "AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP/", "eyJaaaaaaaaa\n", "1//0", "a%40", "%40", ":AA", '"a',
    "4111-4111 ", "password is ", "password a", "password for a ", "password 'a", "token 1", "token a1", "api key ",
    "your a code ", "otp ", "your ", "-u ", "curl -u ", "curl -u a:", "curl ", "mysql -p", "mysql ", "Key (a)=",
    "Key (", "(a) values ", "(a) values (", "(password) values (1),", "(a,", "[parameters: (",
    "[SQL: a[parameters: (", "[parameters: ('", ") values", "insert (", "password = ?", "a = :", "a\n  input_value=",
    "input_value=a", "input_value={...", "identified by ", "password('", "pragma key='", "identified with a by '",
    "code=a1", "&code=", "?key=aB1", "code=", "oracle:a:a/", "abc8Q~", "AUTH PLAIN ", "AUTH PLAIN aA", "EAA", "dapi",
    "xoxb-", "glc_", "--app a.", " --app a:b", "a:b.", "0a-us1", "… (1 characters)", '\\\\"', 'password=\\\\"', "***",
    "docker login -p", "docker login ", "docker -p ", "password=***a", "o'b", "\u00e9", "\uff0b1",
]  # fmt: skip


def patterns() -> dict[str, re.Pattern[str]]:
    modules: tuple[ModuleType, ...] = (
        cards, functions, keys, masked_keys, pairs, phones, prose, reports, shells, text, tokens, walk,
    )  # fmt: skip
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }


def is_linear(work: Any, hostile: str, size: int = SIZE) -> bool:
    """Whether five times the text takes about five times the time; twenty-five times would be quadratic.

    One good run is enough: what else the machine does can only add to it.
    """
    short, long = (hostile * (length // len(hostile)) for length in (size // FIFTH, size))
    best_short = best_long = float("inf")
    for _ in range(RUNS):
        best_short = min(best_short, _seconds(work, short))
        best_long = min(best_long, _seconds(work, long))
        if best_long < 2 * FIFTH * best_short + size * 1e-7:
            return True
    return False


def _seconds(work: Any, given: str) -> float:
    begin = time.thread_time()
    work(given)
    return time.thread_time() - begin


@pytest.mark.parametrize("hostile", HOSTILE)
def test_masking_takes_time_in_proportion_to_the_text(hostile):
    """Of 20,000 and 100,000 hostile characters the second take about five times as long, and not twenty-five times."""
    assert is_linear(mask_whole, hostile)


@pytest.mark.parametrize("end", ["a", "@", "'", '"', ">", "1", "=", "-----END "])
def test_nothing_is_tried_again_because_of_how_the_text_ends(end):
    """What comes at the very end makes nobody go back to the beginning."""
    for hostile in ("a", "1", "1 ", "a.", "a'", "-a", "(", "\\", "eyJaaaaaaaa.a", "://a:", "password='a", "token=("):
        assert is_linear(lambda given: mask_whole(given + end), hostile, SHORTER), hostile


@pytest.mark.parametrize("name", [name for name in patterns() if "_TORN" not in name])
def test_each_pattern_alone_is_linear(name):
    """So is each pattern by itself, where no plain word that it needs spares it the text.

    What goes back costs a thousand times more at this size already than what does not.
    """
    pattern = patterns()[name]

    def work(given):
        if name.endswith(AT_ONE_PLACE):
            pattern.match(given)
        else:
            all(pattern.finditer(given))

    for hostile in HOSTILE:
        assert is_linear(work, hostile, SHORTEST), hostile


def test_what_is_tried_at_the_end_of_a_cut_text_is_bounded():
    """The pattern for a torn word is given a few characters, however long the text is."""
    assert is_linear(text.redact_text, "1 ")
