"""A text for someone's editor: what they write is not lost, whatever becomes of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

__all__ = ["drafted", "open_editor"]


@contextmanager
def drafted(text: str) -> Iterator[str]:
    """The path of a private file with the text, which is removed in the end.

    Where this ends by an exception and someone has changed the file, it stays, and stderr says where it is.
    """
    descriptor, path = tempfile.mkstemp(prefix="ninelives-", suffix=".json")
    with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    try:
        yield path
    except BaseException:
        if _has(path, text):
            _remove(path)
        elif os.path.exists(path):
            click.echo(f"What you wrote is kept in {path}: mend it there, and say --file {path}.", err=True)
        raise
    _remove(path)


def open_editor(path: str) -> None:
    """Let someone edit the file in ``$VISUAL`` or ``$EDITOR``.

    Raises:
        click.ClickException: The editor does not start, or fails.
    """
    try:
        click.edit(filename=path)
    except ValueError as error:  # a quotation mark in $EDITOR that is never closed
        raise click.ClickException(f"$VISUAL or $EDITOR can't be read: {error}") from error


def _has(path: str, text: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == text.encode()
    except OSError:
        return False


def _remove(path: str) -> None:
    with suppress(OSError):  # the editor may have removed it
        os.unlink(path)
