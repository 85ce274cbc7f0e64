"""Names of functions, in the fields that hold them and in the words that were made of them."""

from __future__ import annotations

import pytest

from ninelives.redaction import functions_in, redact, redact_function, redact_text


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("tokens:charge", "tokens:charge"),
        ("shop.auth:Login.<locals>.run", "shop.auth:Login.<locals>.run"),
        ("charge tom@example.com", "charge ***@example.com"),
        ("password: hunter2", "password: ***"),
        ("shop:ghp_abcdefghijklmnop", "shop:ghp_***"),
        ("jobs:ref_4111111111111111", "jobs:ref_4111111111111111"),
        ("token-service:builtins.OSError:0a1b", "token-service:builtins.OSError:0a1b"),
        ("pw:builtins.OSError:", "pw:builtins.OSError:"),
        ("api-key:others", "api-key:others"),
        ("api-key:hunter2", "api-key:***"),
        ("ghp_abcdefghijklmnop:OSError:1", "ghp_***:OSError:1"),
        (f"password:{'x' * 500}", "password:***"),
    ],
)
def test_a_function_is_named_whatever_its_module_is_called(name, masked):
    """Only a name of a key is no name of a key there; what has the shape of a secret is one, and so is a sentence."""
    assert redact_function(name) == masked
    assert redact({"operation": name}, functions=[name]) == {"operation": masked}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("tokens:charge failed, tokens:charged too", "tokens:charge failed, tokens:*** too"),
        ("tokens:charge: no", "tokens:charge: no"),
        ("api_tokens:charge", "api_tokens:***"),
        ("password=tokens:charge x", "password=*** x"),
        ("postgres://tokens:charge@db", "postgres://tokens:***"),
        ("--app tokens:charge --x", "--app tokens:charge --x"),
        ("\ue000 tokens:charge", "\ue000 tokens:***"),
    ],
)
def test_a_text_keeps_names_that_stand_by_themselves(text, masked):
    """Not as a part of something longer, and not as a secret."""
    assert redact(text, functions=["tokens:charge", "password:"]) == masked
    assert redact(text, functions=["tokens:charge"], one_line_only=True) == masked


def test_nothing_else_is_kept():
    """Neither what no field names, nor beside what one names."""
    assert redact_text("tokens:charge") == "tokens:***"
    assert redact("password:hunter2 in tokens:charge", functions=["tokens:charge"]) == "password:*** in tokens:charge"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"operation": "tokens:charge", "x": "a:b"}, ["tokens:charge"]),
        ({"operation": "a:b", "replay": "ninelives dlq replay 1 --app a:shop --store x", "show": 5}, ["a:b", "a:shop"]),
        ({"operation": None, "show": "ninelives dlq show 1 --app a:shop"}, ["a:shop"]),
        ({"show": "--app a:shop; x"}, []),
        ({"pipeline": "auth", "key": "auth:TimeoutError:1a", "operation": "a:b"}, ["a:b", "auth:TimeoutError:1a"]),
        ({"pipeline": "auth", "key": "authors:b:c"}, []),
        ({"pipeline": None, "key": "auth:b:c"}, []),
        ({"pipeline": "auth", "key": None}, []),
        ("operation", []),
        (None, []),
    ],
)
def test_fields_say_which_names_there_are(fields, names):
    """The operation, and the pipelines that commands name."""
    assert functions_in(fields) == names
