"""Programs that tests of stores start as processes of their own: ``store_children.py STORE NAME ARGUMENT...``."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import NoReturn

from ninelives import DeadLetter, LetterFilter, StoreError
from ninelives.ids import new_id
from ninelives_file import FileStore
from ninelives_sqlite import SqliteStore

ID = 36
STORES: dict[str, type[FileStore | SqliteStore]] = {"file": FileStore, "sqlite": SqliteStore}

Store: type[FileStore | SqliteStore]
"""The one that was asked for."""


def a_letter(size: int) -> DeadLetter:
    """Its message says its id over and over, so that a mixture of two letters shows."""
    name, now = new_id(), datetime.now(UTC)
    message = [name] * (size // (ID + 3))
    return DeadLetter(id=name, key=name, message=message, created=now, first_failed=now, last_failed=now)


def say(*words: object) -> None:
    """One line for whoever has started the program."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def killed(path: str, rounds: str, seed: str) -> None:
    """Kill so many writers, each at some moment, and print the ids that were returned for."""
    chance = Random(seed)
    for _ in range(int(rounds)):
        reads, writes = os.pipe()
        writer = os.fork()
        if writer == 0:
            _put_for_ever(path, writes, chance)
        os.close(writes)
        sys.stdout.write(_ids_until_killed(writer, reads, chance))


def _put_for_ever(path: str, told: int, chance: Random) -> NoReturn:
    store = Store(path)
    for number in count():
        one = a_letter(200 if number % 2 else chance.randrange(200, 70_000))
        store.put(one)
        os.write(told, one.id.encode() + b"\n")
    raise AssertionError


def _ids_until_killed(writer: int, told: int, chance: Random) -> str:
    with os.fdopen(told) as lines:
        text = "".join(lines.readline() for _ in range(chance.randrange(1, 4)))
        for _ in range(chance.randrange(20_000)):  # a moment of it, somewhere in the next writes
            pass
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        return text + lines.read()


def writers(path: str, processes: str, letters: str) -> None:
    """Let so many processes write so many letters each, from 200 bytes to 70 kB, at once."""

    def write(number: int) -> None:
        chance, store = Random(number), Store(path)
        for _ in range(int(letters)):
            store.put(a_letter(int(200 * 350 ** chance.random())))

    _at_once(int(processes), write)


def receivers(path: str, processes: str) -> None:
    """Let so many processes receive all there is, a few at a time, at once; print the ids that each has got."""

    def receive(_number: int) -> None:
        store = Store(path, fsync=False)
        while leases := store.receive(3, lease=60):
            os.write(1, b"".join(one.letter.id.encode() + b"\n" for one in leases))

    _at_once(int(processes), receive)


def _at_once(processes: int, action: Callable[[int], None]) -> None:
    waits, starts = os.pipe()
    started = []
    for number in range(processes):
        process = os.fork()
        if process == 0:
            os.close(starts)
            os.read(waits, 1)  # until the other end is closed
            action(number)
            os._exit(0)
        started.append(process)
    os.close(starts)
    assert [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in started] == [0] * processes


def holder(path: str) -> None:
    """Receive two letters, say so, and hang."""
    say(len(Store(path).receive(2, lease=60)))
    sys.stdin.read()


def hammer(path: str, processes: str, turns: str) -> None:
    """Let so many processes put, receive, acknowledge and give back at once, so often; print what was put and ended."""

    def work(number: int) -> None:
        chance, store = Random(number), Store(path)
        for _ in range(int(turns)):
            one = a_letter(chance.randrange(200, 5_000))
            store.put(one)
            os.write(1, f"put {one.id}\n".encode())
            for lease in store.receive(chance.randrange(3), lease=60):
                if chance.random() < 0.5:
                    store.release(lease)
                else:
                    store.ack(lease)
                    os.write(1, f"ended {lease.letter.id}\n".encode())
        store.close()

    _at_once(int(processes), work)


def limited(path: str, size: str) -> None:
    """Put letters into a file that may not grow beyond this size; print those that were kept, then the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    store = Store(path)
    while True:
        one = a_letter(1000)
        try:
            store.put(one)
        except StoreError as error:
            say(error)
            return
        say(one.id)


def large(path: str) -> None:
    """Open a file and read its first page; say how much memory that took at most, in MB, and what was found."""
    store = Store(path)
    page = store.browse(LetterFilter(), limit=50)
    say(_peak(), len(page.letters), store.count())


def _peak() -> int:
    try:  # what the parent had counts for the child in ru_maxrss
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2


if __name__ == "__main__":
    programs: list[Callable[..., None]] = [killed, writers, receivers, holder, hammer, limited, large]
    store, name, *arguments = sys.argv[1:]
    Store = STORES[store]
    {program.__name__: program for program in programs}[name](*arguments)
