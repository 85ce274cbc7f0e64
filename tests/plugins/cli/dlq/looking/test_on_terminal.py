"""`ninelives dlq` on a terminal: tables are drawn, questions are asked, an editor is opened."""

from __future__ import annotations

import re
import sys

import pytest

from ninelives.dead_letters.letter import ErrorRecord
from ninelives.testing.contracts.letters import letter


@pytest.fixture
def terminal(dlq, program):
    def terminal(*args, keys=""):
        return program.on_terminal("dlq", *args, "--store", dlq.address, keys=keys)

    return terminal


@pytest.fixture
def drafts(dlq, program):
    """Where the files are that an editor opens."""
    folder = dlq.folder / "drafts"
    folder.mkdir()
    program.environ["TMPDIR"] = str(folder)
    return folder


def test_a_wide_terminal(dlq, program, terminal):
    """Where there is room for it a letter has one row."""
    program.environ["COLUMNS"] = "200"
    (letter_id,) = dlq.put(letter(pipeline="shop", error=ErrorRecord(type="Down", message="no [bold]answer")))
    status, shown = terminal("list")
    assert status == 0
    (row,) = [line for line in shown.splitlines() if letter_id in line]
    assert "shop" in row
    assert "Down: no [bold]answer" in row
    assert "─" in shown


def test_a_narrow_terminal(dlq, program, terminal):
    """Where there is not, what is long stands under the id, which is whole."""
    program.environ["COLUMNS"] = "80"
    error = ErrorRecord(type="Down", message="no answer " * 9)
    (letter_id,) = dlq.put(letter(pipeline="shop", operation="shop.orders:send", error=error, fingerprint="0a" * 8))
    lines = [line.strip() for line in terminal("list")[1].splitlines()]
    (row,) = [number for number, line in enumerate(lines) if line.startswith(letter_id)]
    assert lines[row].split()[2] == "waiting"
    assert lines[row + 1 : row + 3] == ["shop", "shop.orders:send"]
    assert lines[row + 3].startswith("Down: no answer")
    shown = terminal("groups")[1]
    assert letter_id in shown
    assert "0a" * 8 in shown


def test_a_very_narrow_terminal(dlq, program, terminal):
    """Where there is not even room for the id beside the numbers, each cell has a line: an id can always be copied."""
    program.environ["COLUMNS"] = "60"
    error = ErrorRecord(type="Down", message="no answer " * 9)
    (letter_id,) = dlq.put(letter(pipeline="shop", error=error, fingerprint="0a" * 8))
    lines = terminal("list")[1].splitlines()
    assert lines[0] == f"id         {letter_id}"
    assert "state      waiting" in lines
    assert "operation" not in "".join(lines)
    assert f"example      {letter_id}" in terminal("groups")[1].splitlines()


def test_nothing_steers_the_terminal(dlq, terminal):
    """What stands in a letter is shown, and steers nothing."""
    evil = "\x1b]0;evil\x07\x9b2J\u202elive"
    dlq.put(letter(id=f"1{evil}", pipeline=evil, operation=evil, error=ErrorRecord(type=evil, message=evil)))
    for command in (("list",), ("groups",), ("stats",), ("show", f"1{evil}"), ("show", evil)):
        shown = terminal(*command)[1]
        assert "evil" in shown
        assert "\x1b]" not in shown
        assert "\x9b" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize(("answer", "status", "left"), [("y\n", 0, 1), ("n\n", 1, 3), ("\n", 1, 3)])
def test_deleting_asks(dlq, three, terminal, answer, status, left):
    """Deleting asks, says how many letters it is about and where they are, and does it only if the answer is yes."""
    done, shown = terminal("purge", "--pipeline", "shop", keys=answer)
    assert done == status
    assert f"Delete 2 letters from {dlq.address} for good? [y/N]" in shown.replace("\r\n", "\n")
    assert len(dlq.left) == left


def test_deleting_nothing_asks_nothing(dlq, three, terminal):
    """Where nothing matches nothing is asked."""
    status, shown = terminal("purge", "--pipeline", "shpo")
    assert status == 0
    assert "[y/N]" not in shown


def editor(program, folder, code):
    """Python that stands in for an editor: ``path`` is the file that is edited, ``text`` what stands in it."""
    script = folder / "editor.py"
    script.write_text(
        f"import os, signal, sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\ntext = path.read_text()\n{code}\n"
    )
    program.environ["VISUAL"] = f"'{sys.executable}' '{script}'"


def test_an_editor(dlq, program, terminal):
    """Without --set and --file the editor opens the payload, unmasked; what was changed is shown masked."""
    (letter_id,) = dlq.put(letter(message={"to": "Tmo", "password": "hunter2"}))
    editor(program, dlq.folder, "path.write_text(text.replace('Tmo', 'Tom').replace('hunter2', 'hunter3'))")
    status, shown = terminal("edit", letter_id)
    assert status == 0
    assert shown.splitlines() == ['message.to: "Tmo" -> "Tom"', 'message.password: "***" -> "***"']
    assert dlq.letter(letter_id).message == {"to": "Tom", "password": "hunter3"}


def test_the_arguments_of_a_call(dlq, program, terminal):
    """Of a call the editor opens the arguments, as they are kept."""
    (letter_id,) = dlq.put(letter(args=[1, "Tmo"], kwargs={"a": 2}))
    editor(program, dlq.folder, "path.write_text(text.replace('Tmo', 'Tom').replace('2', '3'))")
    assert sorted(terminal("edit", letter_id)[1].splitlines()) == ['args[1]: "Tmo" -> "Tom"', "kwargs.a: 2 -> 3"]


def test_an_editor_that_changes_nothing(dlq, program, terminal):
    """Leaving the editor as it was changes nothing."""
    (letter_id,) = dlq.put(letter(message={"to": "Tmo"}))
    editor(program, dlq.folder, "")
    assert terminal("edit", letter_id) == (0, "Nothing changed.\r\n")


def test_an_edit_that_is_no_json(dlq, program, terminal):
    """What is no JSON can be edited again; giving up changes nothing."""
    (letter_id,) = dlq.put(letter(message={"to": "Tmo"}))
    editor(
        program,
        dlq.folder,
        "path.write_text(text.replace('}\\n}', '') if '}\\n}' in text else text.replace('Tmo', 'T') + '}}')",
    )
    status, shown = terminal("edit", letter_id, keys="n\n")
    assert status == 1
    assert "that is no JSON: " in shown
    assert "Edit it again? [Y/n]" in shown
    assert dlq.letter(letter_id).notes == ()
    assert terminal("edit", letter_id, keys="\n")[0] == 0
    assert dlq.letter(letter_id).message == {"to": "T"}


def test_a_letter_that_is_changed_meanwhile(dlq, program, terminal):
    """A letter that someone else has edited while the editor was open is not overwritten, and that is said."""
    (letter_id,) = dlq.put(letter(message={"to": "Tmo"}))
    other = f"from ninelives.dead_letters.desk import Desk; edit = Desk.at({dlq.address!r}).edit"
    change = f"{other}; edit({letter_id!r}, lambda payload: {{'message': 'another'}})"
    editor(program, dlq.folder, f"{change}\npath.write_text(text.replace('Tmo', 'Tom'))")
    status, shown = terminal("edit", letter_id)
    assert status == 1
    assert "was changed since it was looked at" in shown
    assert dlq.letter(letter_id).message == "another"


@pytest.mark.parametrize(
    ("code", "keys", "said"),
    [
        ("path.write_text('{my work')", "n\n", "that is no JSON"),
        ("path.write_text('{my work')", "\x04", "that is no JSON"),
        ('path.write_text(\'{"args": "my work"}\')', "n\n", "expected an object"),
        ("path.write_text('my work'); sys.exit(3)", "", "Editing failed"),
        ("path.write_text('my work'); os.kill(os.getppid(), signal.SIGINT); sys.exit(0)", "", "kept in"),
        ("path.write_bytes(b'my work \\xff')", "n\n", "that is no JSON"),
    ],
)
def test_what_was_written_is_kept(dlq, program, terminal, drafts, code, keys, said):
    """Text that can't be taken stays in a private file, which is named, and nothing is changed."""
    (letter_id,) = dlq.put(letter(message={"to": "Tom"}))
    editor(program, dlq.folder, code)
    status, shown = terminal("edit", letter_id, keys=keys)
    assert status in (1, 130)
    assert said in shown
    (path,) = drafts.iterdir()
    assert b"my work" in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"kept in {path}" in shown
    assert dlq.letter(letter_id).notes == ()


def test_what_was_written_is_kept_of_a_letter_that_is_gone(dlq, program, terminal, drafts):
    """It stays also where the letter is not there any more, or was edited by someone else."""
    (letter_id,) = dlq.put(letter(message="Tom"))
    gone = f"from ninelives.dead_letters.desk import Desk; Desk.at({dlq.address!r}).purge({letter_id!r})"
    editor(program, dlq.folder, f'{gone}\npath.write_text(\'{{"message": "my work"}}\')')
    assert terminal("edit", letter_id)[0] == 1
    (path,) = drafts.iterdir()
    assert "my work" in path.read_text()


@pytest.mark.parametrize(("code", "status"), [("", 0), ("path.write_text('{\"message\": 1}')", 0), ("sys.exit(3)", 1)])
def test_what_is_of_no_use_is_not_kept(dlq, program, terminal, drafts, code, status):
    """Where the edit was taken, or nothing was written, no file is left."""
    (letter_id,) = dlq.put(letter(message="Tom"))
    editor(program, dlq.folder, code)
    assert terminal("edit", letter_id)[0] == status
    assert list(drafts.iterdir()) == []


def test_an_editor_that_removes_the_file(dlq, program, terminal, drafts):
    """A file that is gone after the editor is one clear sentence."""
    (letter_id,) = dlq.put(letter(message="Tom"))
    editor(program, dlq.folder, "path.unlink()")
    status, shown = terminal("edit", letter_id)
    assert status == 1
    assert "can't be read: No such file or directory; nothing changed" in shown
    assert "Traceback" not in shown


# Older versions of click leave it to a shell to read the name.
@pytest.mark.parametrize(
    ("name", "said"), [("no-such-editor", "no-such-editor"), ("'vi", "No closing quotation|'vi: Editing failed")]
)
def test_an_editor_that_does_not_start(dlq, program, terminal, drafts, name, said):
    """An editor that there is not, or whose name can't be read, is one clear sentence; no file is left."""
    (letter_id,) = dlq.put(letter(message="Tom"))
    program.environ["VISUAL"] = name
    status, shown = terminal("edit", letter_id)
    assert status == 1
    assert re.search(said, shown)
    assert "Traceback" not in shown
    assert list(drafts.iterdir()) == []


def test_a_reader_that_has_enough(dlq, program):
    """A reader that goes away, as `head` does, ends a long list without a word."""
    dlq.put(*(letter(number, message="x" * 1000) for number in range(300)))
    with program.start("dlq", "list", "--json", "--store", dlq.address, stdout=-1, stderr=-1) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
