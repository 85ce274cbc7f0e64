"""New payloads: by ``--add`` and ``--set``, from a file, or out of an editor."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import click

from ninelives.dead_letters.letter import DeadLetter
from ninelives.dead_letters.paths import add_path, set_path
from ninelives.dead_letters.put_back import masked_in
from ninelives_cli.dlq.changes import Change, changes_of
from ninelives_cli.dlq.drafts import drafted, open_editor

if TYPE_CHECKING:
    from ninelives.dead_letters.desk import Desk

__all__ = ["Parts", "edit_letter"]

Payload = dict[str, Any]
NewPayload = Callable[[Payload], Payload]
ByPath = Callable[[Payload, str, Any], Payload]

# To the first = that is in no quoted key.
_SETTING = re.compile(r'((?:[^="]|"(?:[^"\\]|\\.)*")+)=(.*)', re.DOTALL)


class Parts(NamedTuple):
    """What is to be another in the payload, each as ``PATH=VALUE``; what is added is there when the others are set."""

    added: Sequence[str] = ()
    set: Sequence[str] = ()


def edit_letter(desk: Desk, letter_id: str, parts: Parts, file: TextIO | None, note: str | None) -> list[Change]:
    """Change the payload as ``--add`` and ``--set`` say, or to what stands in a file, or what an editor makes of it.

    Returns:
        What was changed.

    Raises:
        click.UsageError: ``--add``, ``--set`` or the file can't be read, or there is no terminal for an editor.
        click.ClickException: There is no such part, or a payload can't be that.
        StoreError: There is no such letter, or someone else has it.
    """
    if any(parts) and file is not None:
        raise click.UsageError("--add or --set, and --file, can't be given together")
    if not any(parts) and file is None:
        return _edited_by_hand(desk, letter_id, note)
    change = _by_parts(parts) if file is None else _as_payload(_read_payload(file))
    try:
        return _edited(desk, letter_id, change, note)
    except ValueError as error:
        raise click.ClickException(f"{error}; nothing changed") from error


def _edited_by_hand(desk: Desk, letter_id: str, note: str | None) -> list[Change]:
    """What someone makes of the payload in ``$EDITOR``; what can't be a payload can be edited again.

    Raises:
        click.UsageError: Nobody is at the terminal.
        click.Abort: They gave up.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("say what to change with --add, --set or --file: without a terminal there is no editor")
    letter = desk.get(letter_id)
    text = json.dumps(_payload_of(letter), indent=2, ensure_ascii=False) + "\n"
    with drafted(text) as path:
        while True:
            open_editor(path)
            try:
                return _edited(desk, letter_id, _as_payload(_payload_in(path)), note, letter)
            except ValueError as error:
                click.confirm(f"{error}. Edit it again?", default=True, abort=True, err=True)


def _edited(
    desk: Desk, letter_id: str, change: NewPayload, note: str | None, expected: DeadLetter | None = None
) -> list[Change]:
    payloads: list[Payload] = []

    def noticed(payload: Payload) -> Payload:
        payloads[:] = payload, change(payload)
        return payloads[1]

    letter = desk.edit(letter_id, noticed, note=note, expected=expected)
    return changes_of(payloads[0], payloads[1], masked_in(letter.original))


def _by_parts(parts: Parts) -> NewPayload:
    """What ``--add PATH=VALUE`` and then ``--set PATH=VALUE`` say, each in its order.

    A value is JSON; what does not begin as JSON does, is text.

    Raises:
        click.UsageError: One has no path or no ``=``, or its value begins as JSON and is none.
    """
    added = [_setting("--add", text) for text in parts.added]
    settings = [_setting("--set", text) for text in parts.set]

    def change(payload: Payload) -> Payload:
        for path, value in added:
            payload = _done(add_path, payload, path, value, set_path, "--set replaces it")
        for path, value in settings:
            payload = _done(set_path, payload, path, value, add_path, "--add adds it")
        return payload

    return change


def _done(do: ByPath, payload: Payload, path: str, value: Any, other: ByPath, advice: str) -> Payload:
    """What it makes of the payload; where it can't and the other could, the error says that."""
    try:
        return do(payload, path, value)
    except ValueError as error:
        try:
            other(payload, path, value)
        except ValueError:
            raise error from None
        raise ValueError(f"{error}; {advice}") from error


def _as_payload(payload: Payload) -> NewPayload:
    """What makes of any payload this one."""
    return lambda _payload: payload


def _read_payload(file: TextIO) -> Payload:
    """A whole payload out of a file.

    Raises:
        click.UsageError: It is no JSON, or no object.
    """
    try:
        return _parsed(file)
    except ValueError as error:
        raise click.UsageError(f"--file: {error}; nothing changed") from error


def _payload_in(path: str) -> Payload:
    """What an editor left there.

    Raises:
        ValueError: It is no JSON, or no object.
        click.ClickException: It can't be read.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            return _parsed(file)
    except OSError as error:
        raise click.ClickException(f"{path} can't be read: {error.strerror}; nothing changed") from error


def _payload_of(letter: DeadLetter) -> Payload:
    """The payload as it is edited."""
    if letter.args is None:
        return {"message": letter.message}
    return {"args": letter.args, "kwargs": letter.kwargs or {}}


def _setting(option: str, text: str) -> tuple[str, Any]:
    found = _SETTING.fullmatch(text)
    if found is None:
        raise click.UsageError(f"{option} {text!r}: expected PATH=VALUE, as in kwargs.user.name=Tom or args[0]=12")
    return found[1], _value(option, found[2])


def _value(option: str, text: str) -> Any:
    try:
        return _decoded(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip()[:1] in ("{", "[", '"'):
            raise click.UsageError(f"{option}: {text!r} is no JSON: {error}") from error
        return text


def _parsed(file: TextIO) -> Payload:
    try:
        payload = _decoded(file.read())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"that is no JSON: {error}") from error
    if not isinstance(payload, dict):
        raise ValueError("that is no JSON object")  # noqa: TRY004 - what is wrong is the text
    return payload


def _decoded(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} stands twice in one object")
        found[name] = value
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is none of JSON's numbers")
