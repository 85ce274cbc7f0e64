"""The file that letters are written to: there is the whole of it, or nothing."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import click

__all__ = ["writing"]


@contextmanager
def writing(path: str) -> Iterator[BinaryIO]:
    """What is to be written to a file: beside it at first, and in its place once it is whole and on the disk.

    The file is private, as letters are: nobody but its owner can read it.

    Args:
        path: The file; ``-`` is stdout. What is no regular file, as a pipe, is written to directly.

    Raises:
        click.ClickException: It can't be written.
    """
    if path == "-":
        if sys.stdout is None:
            raise click.ClickException("stdout can't be written: it is closed")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with _directly(path) if _is_special(path) else _beside(path) as file:
            yield file
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from error


def _is_special(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


@contextmanager
def _directly(path: str) -> Iterator[BinaryIO]:
    with open(path, "wb") as file:
        yield file


@contextmanager
def _beside(path: str) -> Iterator[BinaryIO]:
    # Through symbolic links: what they lead to is replaced, not they.
    folder, name = os.path.split(os.path.realpath(path))
    descriptor, beside = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, os.path.join(folder, name))
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    _sync(folder)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
