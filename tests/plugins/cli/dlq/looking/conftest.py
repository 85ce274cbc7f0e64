"""`ninelives dlq ...` in this process, on a store of its own: its exit status, and what it printed."""

from __future__ import annotations

import json
from io import StringIO
from typing import NamedTuple

import pytest

from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.plugins import default_plugins
from ninelives.testing.contracts.letters import letter
from ninelives_cli.main import command_line


class Done(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self):
        """The objects that were printed."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def ids(self):
        """The first column of the table that was printed, or the ids of the objects."""
        if self.out.startswith("{"):
            return [record["id"] for record in self.json]
        return [line.split()[0] for line in self.out.splitlines()[1:]]


class Terminal(StringIO):
    """What is typed there is asked for."""

    def isatty(self):
        return True


class Dlq:
    """The command in a directory of its own.

    Attributes:
        address: The store that is meant where the arguments name none.
    """

    def __init__(self, folder, capsys, monkeypatch):
        self.folder = folder
        self.address = f"file:{folder}/letters.json"
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    @property
    def store(self):
        return default_plugins().open_store(self.address)

    def put(self, *letters: DeadLetter) -> list[str]:
        store = self.store
        for one in letters:
            store.put(one)
        store.close()
        return [one.id for one in letters]

    def letter(self, letter_id: str) -> DeadLetter:
        return self.store.get(letter_id)

    @property
    def left(self) -> list[str]:
        return [one.id for one in self.store.browse(LetterFilter(), limit=1000).letters]

    def __call__(self, *args: str) -> Done:
        return self.alone(*args, "--store", self.address)

    def alone(self, *args: str, stdin: str = "", terminal: bool = False) -> Done:
        """Without naming a store."""
        self._monkeypatch.setattr("sys.stdin", Terminal(stdin) if terminal else StringIO(stdin))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line(["dlq", *args], prog_name="ninelives")
        out, err = self._capsys.readouterr()
        assert "Traceback (most" not in err
        return Done(int(ended.value.code or 0), out, err)


@pytest.fixture
def dlq(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NINELIVES_CONFIG", "DLQ_QUEUE_URL", "DLQ_LOCAL_FILE_PATH"):
        monkeypatch.delenv(name, raising=False)
    return Dlq(tmp_path, capsys, monkeypatch)


@pytest.fixture
def three(dlq):
    """The ids of three letters: two of the shop, one of them parked, and one of the post."""
    return dlq.put(
        letter(0, pipeline="shop", operation="shop.orders:send", fingerprint="0a" * 8, tags={"tenant": "a"}),
        letter(1, pipeline="post", operation="post:deliver", fingerprint="0b" * 8, message="to Tom"),
        letter(2, pipeline="shop", operation="shop.orders:send", fingerprint="0a" * 8, state="parked"),
    )
