"""Writing a file of letters: whole or not at all, and private."""

from __future__ import annotations

import os
import sys
import threading

import click
import pytest

from ninelives_cli.dlq.files import writing


def test_a_file_is_there_once_it_is_whole(tmp_path):
    """Until all is written the old file stands there; nothing else is left beside the new one, which is private."""
    path = tmp_path / "letters.jsonl"
    path.write_bytes(b"old\n")
    path.chmod(0o644)
    with writing(str(path)) as file:
        file.write(b"new\n")
        assert path.read_bytes() == b"old\n"
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["letters.jsonl"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, click.exceptions.Exit])
def test_what_is_not_whole_is_not_there(tmp_path, error):
    """Whatever ends it in the middle, the old file stays and nothing is left."""
    path = tmp_path / "letters.jsonl"
    path.write_bytes(b"old\n")

    def half() -> None:
        with writing(str(path)) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        half()
    assert path.read_bytes() == b"old\n"
    assert os.listdir(tmp_path) == ["letters.jsonl"]


def test_a_link_stays_a_link(tmp_path):
    """What a symbolic link leads to is replaced, not the link."""
    there, link = tmp_path / "there", tmp_path / "link"
    link.symlink_to(there)
    with writing(str(link)) as file:
        file.write(b"new\n")
    assert link.is_symlink()
    assert there.read_bytes() == b"new\n"


def test_a_pipe_is_written_to(tmp_path):
    """What is no regular file is written to as it is, never replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with writing(str(pipe)) as file:
        file.write(b"new\n")
    reader.join()
    assert read == [b"new\n"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["nowhere/letters.jsonl", ".", "file/letters.jsonl"])
def test_what_can_not_be_written_is_said(tmp_path, name):
    """A directory that is not there, or stands where the file is to be, is told in one sentence."""
    tmp_path.joinpath("file").touch()
    with pytest.raises(click.ClickException, match=r" can't be written: ") as caught, writing(f"{tmp_path}/{name}"):
        pytest.fail("there is nothing to write to")
    assert caught.value.exit_code == 1


def test_a_disk_that_is_full_is_said():
    """An error while writing is told with the file's name."""
    full = pytest.raises(click.ClickException, match=r"^/dev/full can't be written: No space left on device$")
    with full, writing("/dev/full") as file:
        file.write(b"new\n")


def test_a_program_without_stdout_says_so(monkeypatch):
    """With stdout closed there is nothing to write to."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(click.ClickException, match=r"^stdout can't be written: it is closed$"), writing("-"):
        pytest.fail("there is nothing to write to")
