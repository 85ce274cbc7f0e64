"""Letters in files beside the program, and a user's program that replays them."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ninelives import DeadLetter
from ninelives.dead_letters.letter import LetterFilter
from ninelives.testing.contracts.letters import letter
from ninelives_file import FileStore

Keep = Callable[..., list[DeadLetter]]
Kept = Callable[..., dict[str, DeadLetter]]


@pytest.fixture(name="order")
def _order() -> Callable[..., DeadLetter]:
    return order


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Puts letters into a file; with a number, so many orders of the shop."""

    def keep(what: int | list[DeadLetter], name: str = "dlq.json") -> list[DeadLetter]:
        letters = [order(number) for number in range(what)] if isinstance(what, int) else what
        store = FileStore(str(tmp_path / name))
        store.put_many(letters)
        store.close()
        return letters

    return keep


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """The letters in a file, by their ids, oldest first."""

    def kept(name: str = "dlq.json") -> dict[str, DeadLetter]:
        store = FileStore(str(tmp_path / name))
        letters = store.browse(LetterFilter(), limit=10_000).letters
        store.close()
        return {one.id: one for one in letters}

    return kept


@pytest.fixture
def free(tmp_path: Path) -> Callable[[], list[str]]:
    """The ids of the letters that nobody holds, oldest first."""

    def free() -> list[str]:
        store = FileStore(str(tmp_path / "dlq.json"))
        ids = [lease.letter.id for lease in store.receive(100, lease=0.001)]
        store.close()
        return ids

    return free


def order(number: int, **fields: object) -> DeadLetter:
    """A letter of ``shop:charge(number)``."""
    return letter(number, **{"pipeline": "shop", "operation": "shop:charge", "args": [number]} | fields)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs heed Ctrl-C, as on a terminal; what runs in the background is often started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def talking(program: Any, interruptible: None) -> Callable[..., AbstractContextManager[subprocess.Popen[str]]]:
    """Starts the program with pipes on all sides; however the test ends, so does it."""

    @contextmanager
    def talking(*args: str) -> Iterator[subprocess.Popen[str]]:
        pipe = subprocess.PIPE
        with program.start(*args, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                yield process
            finally:
                process.kill()

    return talking


SHOP = """
    import os
    from ninelives import Pipeline

    pipeline = Pipeline("shop", dead_letter={"store": "file:./dlq.json"}, notify=False, backoff=False, breaker=False)

    def done(line):
        with open("done.txt", "a") as file:
            file.write(f"{line}\\n")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., None]:
    """Writes the program ``shop``: what all such have, then what is given."""

    def shop(text: str, head: str = SHOP) -> None:
        tmp_path.joinpath("shop.py").write_text(dedent(head) + dedent(text))

    return shop


@pytest.fixture
def done(tmp_path: Path) -> Callable[[], list[str]]:
    """What the shop has done, a word for each."""

    def done() -> list[str]:
        path = tmp_path / "done.txt"
        return path.read_text().split() if path.exists() else []

    return done
