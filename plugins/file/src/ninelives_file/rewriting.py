"""Putting a new file in the place of another: all of it or nothing, whenever the power goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from stat import S_IMODE

from ninelives_file import disk

__all__ = ["replace"]


def replace(path: str, parts: Iterable[bytes], *, like: os.stat_result | None, durable: bool) -> os.stat_result:
    """Replace the file of this path; whoever has the old one open sees that the path names another.

    Args:
        path: Its name; where that is a symbolic link, what it points to.
        parts: What is to stand in the new one.
        like: Whose owner and rights the new one gets; None: only its owner may read it, and the old one is kept beside
            it, under a name that was not taken.
        durable: Whether to sync.

    Returns:
        What the system says of the new one.

    Raises:
        OSError: It was not replaced.
    """
    target = os.path.realpath(path)
    directory, name = os.path.split(target)
    fresh = os.path.join(directory, f".{name}.ninelives-new")
    with suppress(FileNotFoundError):  # left by one who was killed; we alone have the lock
        os.unlink(fresh)
    try:
        about = _write(fresh, parts, like, durable=durable)
        if like is None:
            _link_beside(target)
        os.replace(fresh, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(fresh)
        raise
    if durable:
        disk.sync_directory(target)
    return about


def _write(path: str, parts: Iterable[bytes], like: os.stat_result | None, *, durable: bool) -> os.stat_result:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if like is not None:
            with suppress(PermissionError):  # only root may give a file away
                os.fchown(descriptor, like.st_uid, like.st_gid)
            os.fchmod(descriptor, S_IMODE(like.st_mode))
        for part in parts:
            disk.write_all(descriptor, part)
        if durable:
            disk.sync(descriptor)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _link_beside(path: str) -> None:
    number, name = 1, f"{path}.bak"
    while not _linked(path, name):
        number += 1
        name = f"{path}.bak{number}"


def _linked(path: str, name: str) -> bool:
    try:
        os.link(path, name)  # it never overwrites
    except FileExistsError:
        return False
    return True
