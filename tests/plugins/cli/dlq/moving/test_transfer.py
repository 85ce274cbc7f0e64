"""``ninelives dlq move``, ``export`` and ``import``: any store to any store, and nothing lost or twice."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import pty
import signal
import subprocess

import pytest
from msgspec.structs import replace

from ninelives.dead_letters.letter import decode_letter, encode_letter
from ninelives_file import FileStore

STORE = ("--store", "file:./dlq.json")


def test_letters_move(program, keep, kept, order, tmp_path):
    """What a filter says goes to the other store, under its id and with a note; the rest stays."""
    keep([order(0), order(1, state="parked"), order(2, tags={"tenant": "acme"})])
    first, parked, tagged = kept()
    done = program("dlq", "move", *STORE, "--tag", "tenant=acme", "--to", "file:./old.json", "--reason", "too old")
    assert (done.returncode, done.stdout) == (0, "moved 1 letter\n")
    assert list(kept()) == [first, parked]
    (moved,) = kept("old.json").values()
    assert moved.id == tagged
    assert "(ninelives dlq move): moved from " in moved.notes[-1]
    assert moved.notes[-1].endswith("too old")
    done = program("dlq", "move", *STORE, "--all", "--to", "file:./old.json", "--json")
    assert (done.returncode, json.loads(done.stdout)["done"]) == (0, 2)
    assert set(kept("old.json")) == {first, parked, tagged}
    assert kept() == {}


def test_a_move_of_nothing_says_so(program, keep):
    """A filter that matches nothing moves nothing, and that is no failure."""
    keep(1)
    done = program("dlq", "move", *STORE, "--grep", "nobody", "--to", "file:./old.json")
    assert (done.returncode, done.stdout) == (0, "moved 0 letters\n")
    assert done.stderr == f"No letter matches in file:{program.folder}/dlq.json.\n"


def test_an_id_that_is_not_there_is_told(program, keep, kept):
    """Of several ids those that are there are moved, the other is named, and the exit status is 1."""
    (only,) = keep(1)
    done = program("dlq", "move", *STORE, only.id, "nobody", "--to", "file:./old.json")
    assert done.returncode == 1
    assert "moved 1 letter, 1 not there" in done.stdout
    assert done.stderr.startswith("nobody: ")
    assert list(kept("old.json")) == [only.id]


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("--to", "file:./old.json"), 2, "or say --all for all of them"),
        (("--all",), 2, "Missing option '--to'"),
        (("--all", "--to", ""), 2, "'--to': it is empty"),
        (("--all", "--to", "nowhere:"), 2, "nowhere"),
        (("--all", "--to", "file:./dlq.json"), 2, "expected another store than the one that the letters are in"),
        (("--all", "--to", "file:./nowhere/old.json"), 1, "No such file or directory"),
    ],
)
def test_what_can_not_be_moved_stays(program, keep, kept, args, status, said):
    """Without a filter, without a target, to a wrong one, to itself, to one that can't be reached: nothing changes."""
    letters = keep(2)
    done = program("dlq", "move", *STORE, *args)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(kept()) == [one.id for one in letters]


def test_a_pipe_from_store_to_store(program, keep, kept):
    """What export writes import reads: the letters are there under their ids; again, and none is there twice."""
    letters = keep(3)
    out = program("dlq", "export", *STORE, "--all")
    assert (out.returncode, out.stderr) == (0, "exported 3 letters\n")
    assert [decode_letter(line.encode()) for line in out.stdout.splitlines()] == letters
    for said in ("imported 3 letters\n", "imported 0 letters, 3 there already\n"):
        with program.start(
            "dlq", "import", "--store", "file:./new.json", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.communicate(out.stdout, timeout=60)[0] == said
        assert process.returncode == 0
        assert list(kept("new.json")) == [one.id for one in letters]
    assert list(kept()) == [one.id for one in letters]


def test_a_file_of_letters(program, keep, kept, tmp_path):
    """export -o writes a private file; import reads it by its name, and machines are told in one object."""
    letters = keep(3)
    done = program("dlq", "export", *STORE, letters[1].id, letters[0].id, "-o", "letters.jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "exported 2 letters to letters.jsonl\n")
    assert tmp_path.joinpath("letters.jsonl").stat().st_mode & 0o777 == 0o600
    done = program("dlq", "import", "letters.jsonl", "--store", "file:./new.json", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told == {
        "imported": 2, "there": 0, "broken": 0, "newer": 0, "failed": 0, "reasons": {}, "stopped": False
    }  # fmt: skip
    assert set(kept("new.json")) == {letters[0].id, letters[1].id}


def test_any_store_to_any_store(program, keep, kept):
    """Letters go from a file to SQLite by an export, and back to a file by a move; only notes differ."""
    letters = keep(3)
    assert program("dlq", "export", *STORE, "--all", "-o", "letters.jsonl").returncode == 0
    assert program("dlq", "import", "letters.jsonl", "--store", "sqlite:./dlq.db").returncode == 0
    done = program("dlq", "move", "--store", "sqlite:./dlq.db", "--pipeline", "shop", "--to", "file:./new.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "moved 3 letters\n", "")
    assert [replace(one, notes=()) for one in kept("new.json").values()] == letters
    assert program("dlq", "export", "--store", "sqlite:./dlq.db", "--all").stdout == ""


def test_who_types_letters_is_told_how_to_end(program, keep):
    """Where stdin is a terminal, import says that it reads from there."""
    ours, theirs = pty.openpty()
    pipe = subprocess.PIPE
    with program.start("dlq", "import", *STORE, stdin=theirs, stdout=pipe, stderr=pipe) as process:
        os.close(theirs)
        assert process.stderr.readline() == "Reading letters from this terminal; Ctrl-D ends that.\n"
        os.write(ours, b"\x04")
        assert process.communicate(timeout=60)[0] == "imported 0 letters\n"
    os.close(ours)
    assert process.returncode == 0


def test_what_is_not_there_is_not_exported(program, keep, tmp_path):
    """An id that is not there ends an export with 1, and there is no half of a file."""
    (only,) = keep(1)
    done = program("dlq", "export", *STORE, only.id, "nobody", "-o", "letters.jsonl")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: there is no letter nobody in ")
    assert not tmp_path.joinpath("letters.jsonl").exists()


def test_an_export_of_nothing_says_so(program, keep):
    """A filter that matches nothing exports nothing, and that is no failure."""
    keep(1)
    done = program("dlq", "export", *STORE, "--grep", "nobody")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"No letter matches in file:{program.folder}/dlq.json.\nexported 0 letters\n"


def test_a_store_without_search_is_not_exported(program):
    """What can't be searched says so, and what works instead."""
    program.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    queue = "sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/dlq"
    done = program("dlq", "export", "--store", queue, "--all")
    assert done.returncode == 1
    assert "has no search: " in done.stderr
    assert "Traceback" not in done.stderr


def test_broken_lines_are_told_by_their_numbers(program, order, kept, tmp_path):
    """Lines that are no letters are told, the others are imported, and the exit status is 1."""
    good = [encode_letter(order(number)).decode() for number in range(2)]
    newer = json.dumps(json.loads(good[0]) | {"schema": 99, "id": "newer"})
    tmp_path.joinpath("letters.jsonl").write_text("\n".join([good[0], "{broken", "", '{"id": 1}', newer, good[1]]))
    done = program("dlq", "import", "letters.jsonl", "--store", "file:./new.json")
    assert done.returncode == 1
    first, second, third = done.stderr.splitlines()
    assert first.startswith("line 2: it is no letter: ")
    assert second.startswith("line 4: it is no letter: ")
    assert third.startswith("line 5: it is of schema 99, ")
    assert done.stdout == "imported 2 letters\n"
    assert len(kept("new.json")) == 2


def test_of_very_many_broken_lines_the_first_are_told(program, tmp_path):
    """A hundred are told, the rest are counted."""
    tmp_path.joinpath("letters.jsonl").write_text("broken\n" * 150)
    done = program("dlq", "import", "letters.jsonl", "--store", "file:./new.json")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 101
    assert done.stderr.endswith("and 50 more lines\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere.jsonl", "--store", "file:./new.json"), "'nowhere.jsonl': No such file or directory"),
        (("dlq.json", "--store", "file:./new.json"), "this is the file of a store itself"),
        (("letters.jsonl", "--store", "file:./new.json", "--pipeline", "shop"), "--store or --pipeline says where to"),
    ],
)
def test_what_can_not_be_imported_is_refused(program, keep, tmp_path, args, said):
    """A file that is not there, a store's own file, two places: 2, and what to do instead."""
    keep(1)
    store = FileStore(str(tmp_path / "dlq.json"))
    store.release(*store.receive(1, lease=60))
    store.close()
    tmp_path.joinpath("letters.jsonl").touch()
    done = program("dlq", "import", *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert not tmp_path.joinpath("new.json").exists()


def test_an_import_can_be_stopped(talking, order, kept, tmp_path):
    """After Ctrl-C what was read is kept, no more is read, and the exit status says that it was interrupted."""
    lines = [encode_letter(order(number)).decode() + "\n" for number in range(3)]
    with talking("dlq", "import", "--store", "file:./new.json") as process:
        # More than a pipe holds: once it is written, the program is reading.
        process.stdin.write(lines[0])
        process.stdin.write("\n" * 200_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline().startswith("Stopping: ")
        out, _ = process.communicate("".join(lines[1:]), timeout=60)
    assert (process.returncode, out) == (130, "imported 1 letter\n")
    assert len(kept("new.json")) == 1


SLOW = """
import os
from ninelives import hookimpl
from ninelives.dead_letters.memory import MemoryStore
from ninelives_file import FileStore

class Slow(FileStore):
    parks = True

    def browse(self, *args, **how):
        page = super().browse(*args, **how)
        print("reading", flush=True)
        os.read(0, 1)
        return page

@hookimpl
def register_stores(register):
    register("slow", lambda address: Slow(address.target))
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_export_leaves_no_file(talking, keep, install, tmp_path, number, status):
    """An export that is stopped ends with the signal's status, and there is no half of a file."""
    install({"slow": SLOW})
    keep(3)
    with talking("dlq", "export", "--store", "slow:./dlq.json", "--all", "-o", "letters.jsonl") as process:
        assert process.stdout.readline() == "reading\n"
        process.send_signal(number)
        assert process.stderr.readline().startswith("Stopping: ")
        process.communicate("\n" * 10, timeout=60)
    assert process.returncode == status
    assert sorted(name for name in tmp_path.iterdir() if "letters" in name.name) == []


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (gzip.compress(b"{}"), "it is packed by gzip: unpack it first, as in gunzip -c FILE | ninelives dlq import"),
        (bz2.compress(b"{}"), "it is packed by bzip2: unpack it first, as in bunzip2 -c FILE | ninelives dlq import"),
        (lzma.compress(b"{}"), "it is packed by xz: unpack it first, as in unxz -c FILE | ninelives dlq import"),
        (b"\x28\xb5\x2f\xfd\x00", "it is packed by zstd: unpack it first, as in unzstd -c FILE | ninelives dlq import"),
        (b"PK\x03\x04", "it is packed by zip: unpack it first, as in unzip -p FILE | ninelives dlq import"),
        (b"SQLite format 3\0", "it is an SQLite database: 'ninelives dlq move --store sqlite:PATH' moves its letters"),
    ],
    ids=["gzip", "bzip2", "xz", "zstd", "zip", "sqlite"],
)
@pytest.mark.parametrize("piped", [True, False])
def test_what_is_no_text_is_told_what_it_is(program, kept, tmp_path, begin, said, piped):
    """Of a file that is packed, or a database, not its lines are told but what to do; nothing is imported."""
    tmp_path.joinpath("letters").write_bytes(begin)
    there, ours = os.pipe()
    os.write(ours, begin)
    os.close(ours)
    args = ("dlq", "import", *STORE, *(() if piped else ("letters",)))
    with program.start(*args, stdin=there, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.close(there)
        out, err = process.communicate(timeout=60)
    assert (out, process.returncode, kept()) == ("", 2, {})
    assert err.endswith(f"Error: {said}\n")


def test_an_output_without_a_name_is_wrong_use(program, keep):
    """What is left of a shell's variable that is not set is no file."""
    keep(1)
    ended = program("dlq", "export", "--store", "file:./dlq.json", "--all", "-o", "")
    assert ended.returncode == 2
    assert "it is empty" in ended.stderr


def test_a_move_into_its_own_file_under_another_name_loses_nothing(program, keep):
    """Where two addresses of different kinds mean one file, it is refused, whichever is which, and all letters stay."""
    keep(3)
    there = ("--store", "sqlite:./dlq.db")
    assert program("dlq", "move", *STORE, "--all", "--to", "sqlite:./dlq.db").returncode == 0
    assert program("dlq", "move", *there, "--all", "--to", "file:./dlq.db").returncode == 1
    assert len(program("dlq", "list", *there, "--json").stdout.splitlines()) == 3
    keep(2)
    assert program("dlq", "move", *STORE, "--all", "--to", "sqlite:./dlq.json").returncode == 1
    assert len(program("dlq", "list", *STORE, "--json").stdout.splitlines()) == 2


@pytest.mark.parametrize("to", ["memory:", "memory:orders"])
def test_nothing_goes_where_it_would_be_gone(program, keep, kept, tmp_path, to):
    """A store in memory ends with the command: to move, drain or import letters there would be to delete them."""
    keep(2)
    keep(2, "spare.json")
    said = f"Error: {to} ends with this command, and letters that go there would too: name a store that lasts\n"
    program("dlq", "export", *STORE, "--all", "-o", "letters")
    for command in (
        ("move", *STORE, "--all", "--to", to),
        ("import", "letters", "--store", to),
        ("drain", "--store", to, "--fallback", "file:./spare.json"),
    ):
        ended = program("dlq", *command)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.endswith(said)
    assert len(kept()) == len(kept("spare.json")) == 2


@pytest.mark.parametrize(
    ("command", "did"),
    [
        (("export", "--all", "-o", "letters"), "exported 2 letters to letters\n"),
        (("move", "--all", "--to", "file:./other.json"), "moved 2 letters\n"),
    ],
)
def test_what_can_not_be_read_is_told(program, keep, tmp_path, command, did):
    """Records that are broken stay where they are, and nobody has to find out later that they were left."""
    keep(2)
    with tmp_path.joinpath("dlq.json").open("ab") as file:
        file.write(b'{"id": "torn\n')
    ended = program("dlq", *command, *STORE)
    assert ended.returncode == 0
    assert f"can't be read, but kept: 1 record in file:{tmp_path}/dlq.json; " in ended.stderr
    assert did in ended.stdout + ended.stderr
    assert '{"id": "torn' in tmp_path.joinpath("dlq.json").read_text()
