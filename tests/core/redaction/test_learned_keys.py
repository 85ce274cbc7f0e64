"""Names of keys that the configuration adds, for whatever masks: also where no pipeline reads it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from ninelives import (
    AdminNotifier,
    ConfigurationError,
    DeadLetterQueue,
    Pipeline,
    locks,
    masked_keys,
    settings_file,
)
from ninelives.dead_letters.desk import Desk
from ninelives.notifications.standard_log import StandardLog
from ninelives.redaction import mask_keys, redact, redact_text
from ninelives.settings import Settings, find_settings, load_settings
from ninelives.testing import RecordingChannel

pytestmark = pytest.mark.usefixtures("nothing_learned")

LIMIT = 60
"""Seconds after which a program that does not end is killed, and its test fails."""

KEYS = '[redaction]\nkeys = ["iban"]\n'
MASKED = {"customerIban": "***", "x": "a"}
DETAILS = {"customerIban": "a", "x": "a"}


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    """The configuration file of an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NINELIVES_CONFIG", raising=False)
    monkeypatch.delenv(masked_keys.VARIABLE, raising=False)
    return tmp_path / "ninelives.toml"


@pytest.fixture
def reads(monkeypatch):
    """The paths of the files that are looked for, one after the other."""
    asked, text = [], settings_file._text
    monkeypatch.setattr(settings_file, "_text", lambda path, *rest: asked.append(path) or text(path, *rest))
    return asked


@pytest.mark.parametrize("name", ["ninelives.toml", "pyproject.toml", "other.toml"])
def test_whoever_masks_first_reads_the_file(config, monkeypatch, name):
    """The one that `load_settings` would read."""
    if name == "other.toml":
        monkeypatch.setenv("NINELIVES_CONFIG", name)
    config.with_name(name).write_text(KEYS.replace("[", "[tool.ninelives.", 1) if name[0] == "p" else KEYS)
    assert redact(DETAILS) == MASKED
    assert redact_text("iban=a x=a") == "iban=*** x=a"


def test_it_is_read_once(config, reads):
    """However much is masked."""
    for _ in range(3):
        redact(DETAILS)
    assert reads == ["ninelives.toml", "pyproject.toml"]
    config.write_text(KEYS)
    assert redact(DETAILS) == DETAILS


def test_names_of_the_program_are_added_to_those_of_the_file(config):
    """To have named some before does not keep the file from being read."""
    config.write_text(KEYS)
    mask_keys("tax_id")
    assert redact({**DETAILS, "taxId": 1}) == {**MASKED, "taxId": "***"}


PARTS = {
    "notifier": lambda: AdminNotifier(channels=[RecordingChannel()]),
    "queue": lambda: DeadLetterQueue(store="memory:"),
    "desk": lambda: Desk.at("memory:"),
    "pipeline with other settings": lambda: Pipeline("shop", settings=Settings({}), chain=["backoff"]),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_reads_it_when_it_is_built(config, monkeypatch, part):
    """So it is the file of that directory, and none is read when something has failed."""
    config.write_text(KEYS)
    PARTS[part]()
    (config.parent / "later").mkdir()
    monkeypatch.chdir("later")
    assert redact(DETAILS) == MASKED


def test_a_notifier_alone_masks_what_the_file_names(config):
    """In the details that its channels get."""
    config.write_text(KEYS)
    channel = RecordingChannel()
    AdminNotifier(channels=[channel]).send_notification("no answer", DETAILS)
    assert channel.notifications[0].details == MASKED


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("content", ["[redaction", '[redaction]\nkeys = "iban"\n', "redaction = 5\n"])
def test_a_broken_file_keeps_no_part_from_being_built(config, caplog, part, content):
    """The log says so once."""
    config.write_text(content)
    PARTS[part]()
    assert redact(DETAILS) == DETAILS
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("ninelives", "WARNING")
    assert "ninelives.toml" in record.getMessage()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[redaction", "ninelives.toml: expected TOML; "),
        (b"\xff", "ninelives.toml: expected a TOML file that can be read: it is no UTF-8"),
        (b'[redaction]\nkeys = ["iban", "x,y"]\n', "ninelives.toml: redaction.keys is 'x,y': expected names of keys"),
        (b"[redaction]\nnames = 5\n", "ninelives.toml: redaction.names is 5: expected one of: keys"),
    ],
)
def test_what_is_wrong_is_logged_once_and_not_raised(config, caplog, recwarn, content, said):
    """By the standard log, as a warning could be an error; and what can be taken is."""
    config.write_bytes(content)
    assert redact({"x": 1}) == redact({"x": 1}) == {"x": 1}
    (record,) = caplog.records
    assert said in record.getMessage()
    assert masked_keys.is_added("iban") == (b"iban" in content)
    assert not recwarn


def test_a_file_that_is_asked_for_and_missing_is_logged(caplog, monkeypatch):
    """As a pipeline would raise it."""
    monkeypatch.setenv("NINELIVES_CONFIG", "no.toml")
    redact(DETAILS)
    assert "NINELIVES_CONFIG is 'no.toml': expected a TOML file that can be read: No such file" in caplog.text


def test_what_is_wrong_with_the_variable_is_logged_too(caplog, config, monkeypatch):
    """With the rest, in one record; and what it names rightly is masked."""
    config.write_text("[redaction")
    monkeypatch.setenv(masked_keys.VARIABLE, "iban,tax;pin")
    assert redact(DETAILS) == MASKED
    (record,) = caplog.records
    assert "NINELIVES_MASK_KEYS is 'tax;pin': expected " in record.getMessage()
    assert "; ninelives.toml: expected TOML" in record.getMessage()


def test_whatever_reading_raises_is_logged(caplog, monkeypatch):
    """Someone is masking, maybe for a call that has failed."""

    def full(*_):
        raise MemoryError("no room, password=hunter2")

    monkeypatch.setattr(settings_file, "read_file", full)
    assert redact(DETAILS) == DETAILS
    assert "MemoryError: no room, password=***" in caplog.text


def test_what_interrupts_it_is_raised_and_it_is_read_again(config, monkeypatch):
    """Ctrl-C is no reason to mask less from then on."""
    config.write_text(KEYS)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(settings_file, "read_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            redact(DETAILS)
    assert redact(DETAILS) == MASKED


def test_the_program_may_mask_where_it_is_warned(config, caplog):
    """A handler or filter that masks finds everything as it is."""
    config.write_text("[redaction")

    class Masks:
        @staticmethod
        def filter(record):
            return redact_text(record.getMessage())

    caplog.handler.addFilter(Masks())
    redact(DETAILS)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("read", [find_settings, load_settings])
def test_who_has_read_the_configuration_need_not_read_it_again(config, reads, read):
    """What is wrong with it was said there, too."""
    config.write_text(KEYS)
    read()
    assert redact(DETAILS) == MASKED
    assert reads == ["ninelives.toml"]


def test_what_is_wrong_with_it_is_not_said_twice(config, caplog):
    """Who asked for it has it as an error."""
    config.write_text("redaction = 5\n")
    with pytest.raises(ConfigurationError, match="redaction is 5"):
        load_settings()
    redact(DETAILS)
    assert not caplog.records


OTHERS = {
    "a table": lambda: Settings({}),
    "another file": lambda: load_settings("other.toml"),
    "another environment": lambda: load_settings(environ={"NINELIVES_CONFIG": "other.toml"}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_settings_do_not_count_as_this_file(config, other):
    """It is read as well."""
    config.write_text(KEYS)
    config.with_name("other.toml").write_text("")
    OTHERS[other]()
    assert redact(DETAILS) == MASKED


def test_names_are_taken_before_what_is_wrong_is_said(config):
    """A value of such a key is masked in the error that is about the same file."""
    config.write_text('iban_hint = "a b"\n' + KEYS)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value).startswith("ninelives.toml: iban_hint is '***': expected one of: ")


class Reader(threading.Thread):
    """Reads the file in a thread of its own, and stops in the middle of it."""

    def __init__(self, monkeypatch):
        super().__init__()
        self.within, self.go_on, read = threading.Event(), threading.Event(), settings_file.read_file

        def slowly(*arguments):
            if threading.current_thread() is self:
                self.within.set()
                assert self.go_on.wait(LIMIT)
            return read(*arguments)

        monkeypatch.setattr(settings_file, "read_file", slowly)
        self.made = None

    def run(self):
        self.made = redact(DETAILS)


def test_who_masks_meanwhile_waits_for_the_names(config, monkeypatch):
    """With half of them it would mask too little."""
    config.write_text(KEYS)
    reader, made = Reader(monkeypatch), []
    reader.start()
    reader.within.wait(LIMIT)
    others = [threading.Thread(target=lambda: made.append(redact(DETAILS))) for _ in range(4)]
    for thread in others:
        thread.start()
    reader.go_on.set()
    for thread in (reader, *others):
        thread.join(LIMIT)
    assert [reader.made, *made] == [MASKED] * 5


def test_many_threads_read_it_once(config, reads):
    """They all have the names."""
    config.write_text(KEYS)
    barrier, made = threading.Barrier(8), []

    def mask():
        barrier.wait(LIMIT)
        made.append(redact(DETAILS))

    threads = [threading.Thread(target=mask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert (made, reads) == ([MASKED] * 8, ["ninelives.toml"])


def test_a_child_reads_it_itself_when_a_fork_met_another_thread_at_it(config, monkeypatch):
    """In one process: the reader is not in the child, and its lock, which a fork frees there, is waited for by none."""
    config.write_text(KEYS)
    assert masked_keys._turn in locks._locks
    reader = Reader(monkeypatch)
    reader.start()
    reader.within.wait(LIMIT)
    with monkeypatch.context() as child:
        child.setattr(masked_keys, "_turn", threading.Lock())
        assert redact(DETAILS) == MASKED
    reader.go_on.set()
    reader.join(LIMIT)
    assert reader.made == MASKED


def test_who_reads_may_be_interrupted_by_one_who_reads(config):
    """As by a signal's handler that builds a pipeline: nobody waits for himself."""
    config.write_text(KEYS)
    with masked_keys.reading():
        find_settings()
    assert redact(DETAILS) == MASKED


FORKS = """
import os, threading
from ninelives import late_imports, settings_file
from ninelives.redaction import redact

within, go_on, read = threading.Event(), threading.Event(), settings_file.read_file

def slowly(*arguments):
    within.set()
    go_on.wait()
    return read(*arguments)

settings_file.read_file, late_imports.PATIENCE = slowly, 60
with late_imports.importing():  # registers its hook
    pass
os.register_at_fork(before=go_on.set)  # the last one that is registered is called first
reader = threading.Thread(target=redact, args=({"a": 1},))
reader.start()
within.wait()
pid = os.fork()
masks = redact({"iban": 1}) == {"iban": "***"}
if not pid:
    os._exit(0 if masks else 1)
reader.join()
assert masks
assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_waits_until_it_is_read(config):
    """Parent and child mask what the file names."""
    config.write_text(KEYS)
    done = run(FORKS)
    assert (done.returncode, done.stderr) == (0, "")


LOOKS = """
import sys
opened, had_toml = [], "tomllib" in sys.modules  # a measurement of coverage has read its own configuration
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import ninelives, ninelives.redaction
from ninelives import AdminNotifier, DeadLetterQueue, Settings
{}
assert {} == [path for path in opened if path.endswith(".toml")], opened
assert ("tomllib" in sys.modules) == had_toml
"""


@pytest.mark.parametrize(
    ("program", "paths"),
    [("", []), ("AdminNotifier(); DeadLetterQueue(store='memory:')", ["ninelives.toml", "pyproject.toml"])],
)
def test_an_import_reads_nothing_and_a_part_imports_nothing_heavy(program, paths):
    """No file is looked for before something is built; where there is none, TOML is not imported."""
    done = run(LOOKS.format(program, paths))
    assert (done.returncode, done.stderr) == (0, "")


def run(program):
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_a_log_that_stands_in_masks_what_the_file_names(config, caplog):
    """It is the channel of programs that have no plugins at all."""
    config.write_text(KEYS)
    AdminNotifier(channels=[StandardLog()]).send_notification("no answer", DETAILS)
    assert "***" in caplog.text
