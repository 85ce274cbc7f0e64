"""Names of keys that a program, its configuration or its environment adds."""

from __future__ import annotations

import pytest

from ninelives import Address, ConfigurationError, load_settings, masked_keys
from ninelives.redaction import mask_keys, redact, redact_text
from ninelives.settings import Settings

EXPECTED = (
    "expected names of keys, one each, like 'iban' or 'tax_id': "
    "of letters, digits, - and _, two letters or digits at least"
)


pytestmark = pytest.mark.usefixtures("nothing_learned")


@pytest.mark.parametrize(
    ("key", "masked"),
    [("iban", True), ("IBAN", True), ("customerIban", True), ("IBANNumber", True), ("ibans", True), ("iban_2", True),
     ("caliban", False), ("tax_id", True), ("taxId", True), ("TAXID", True), ("tax-id", True), ("taxi", False)],
)  # fmt: skip
def test_an_added_name_goes_for_keys_that_hold_its_words(key, masked):
    """In any spelling, in values, in text and in addresses; not where its letters stand in another word."""
    assert redact({key: "a b"}) == {key: "a b"}
    mask_keys("iban", "Tax-ID")
    shown = "***" if masked else "a"
    assert redact({key: "a"}) == {key: shown}
    assert redact_text(f"{key}=a") == f"{key}={shown}"
    assert str(Address("x", "y", {key: "a"})) == f"x:y?{key}={shown}"


@pytest.mark.parametrize("name", ["Kontonummer", "mot-de-passe", "पासवर्ड", "ключ", "暗証番号"])
def test_a_name_may_be_of_any_language(name):
    """Letters and signs beyond ASCII are part of a name."""
    mask_keys(name)
    assert redact({name: "a"}) == {name: "***"}


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (("", "iban"), "''"),
        (("iban", "x"), "'x'"),
        (("--",), "'--'"),
        (("iban", 5), "('iban', 5)"),
        (("iban,tax",), "'iban,tax'"),
        (("iban; tax",), "'iban; tax'"),
        (("iban:tax",), "'iban:tax'"),
        (("iban|tax",), "'iban|tax'"),
        (("iban tax",), "'iban tax'"),
        (("iban\ntax",), "'iban\\ntax'"),
        (("user.iban",), "'user.iban'"),
        (("user[iban]",), "'user[iban]'"),
        (("password=hunter2",), "'password=***'"),
    ],
)
def test_what_is_no_name_is_refused(names, value):
    """And then none of them is taken."""
    with pytest.raises(ConfigurationError) as caught:
        mask_keys(*names)
    assert str(caught.value) == f"mask_keys is {value}: {EXPECTED}"
    assert not masked_keys.is_added("iban")


def test_the_file_names_keys(tmp_path, monkeypatch):
    """[redaction] keys, in ninelives.toml or under tool.ninelives of pyproject.toml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.ninelives.redaction]\nkeys = ["iban"]\n')
    load_settings()
    (tmp_path / "ninelives.toml").write_text('[redaction]\nkeys = ["tax_id"]\n')
    load_settings()
    assert redact({"iban": 1, "taxId": 2, "x": 3}) == {"iban": "***", "taxId": "***", "x": 3}


def test_the_environment_names_keys(monkeypatch):
    """NINELIVES_MASK_KEYS, with commas between them, with or without a configuration; a wrong one is left out."""
    monkeypatch.setenv(masked_keys.VARIABLE, " iban, ,x,tax_id ")
    assert redact({"iban": 1, "x": 2, "taxid": 3}) == {"iban": "***", "x": 2, "taxid": "***"}
    Settings(environ={masked_keys.VARIABLE: "pin_hint"})
    assert redact({"pin_hint": 1}) == {"pin_hint": "***"}


@pytest.mark.parametrize(
    ("table", "environ", "said"),
    [
        ({"redaction": 5}, {}, "settings: redaction is 5: expected a table: keys"),
        ({"redaction": {"keys": "iban"}}, {}, f"settings: redaction.keys is 'iban': {EXPECTED}"),
        ({"redaction": {"keys": ["iban", ""]}}, {}, f"settings: redaction.keys is '': {EXPECTED}"),
        ({"redaction": {"keys": ["iban", 5]}}, {}, f"settings: redaction.keys is ['iban', 5]: {EXPECTED}"),
        ({"redaction": {"names": 5}}, {}, "settings: redaction.names is 5: expected one of: keys"),
        ({}, {"NINELIVES_MASK_KEYS": "iban,x"}, f"NINELIVES_MASK_KEYS is 'x': {EXPECTED}; commas between them"),
        ({"redaction": {"keys": ["iban,tax"]}}, {}, f"settings: redaction.keys is 'iban,tax': {EXPECTED}"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(table, environ, said):
    """The file's key, or the variable."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(table, environ=environ)
    assert str(caught.value) == said
