"""The demo from one end to the other: a real service, a real file, and a loss that is told when there is one."""

from __future__ import annotations

import os
import re
import tempfile

import pytest

from ninelives import ConfigurationWarning, DeadLetterQueue
from ninelives.dead_letters.memory import MemoryStore
from ninelives.errors import LetterBusyError
from ninelives_cli.demo.performance import perform
from ninelives_cli.demo.run import Plan
from ninelives_cli.demo.service import Phase, Service, receipt_for

TABLE = ("requests", "first try", "retried", "refused", "dead-lettered", "replayed", "lost")
DOWN_THEN_HEALED = ((Phase.DOWN, 1.0), (Phase.HEALED, 0.0))
DOWN = ((Phase.DOWN, 1.0),)


def numbers(out):
    """The table's numbers by their names."""
    found = re.findall(rf"^ ?({'|'.join(TABLE)}) +(\d+) ", out, re.MULTILINE)
    assert [name for name, _ in found] == list(TABLE), out
    return {name: int(number) for name, number in found}


def assert_they_add_up(counted):
    assert counted["first try"] + counted["retried"] + counted["dead-lettered"] == counted["requests"]
    assert counted["refused"] <= counted["dead-lettered"]
    assert counted["replayed"] == counted["dead-lettered"]
    assert counted["lost"] == 0


# --- as a user runs it ----------------------------------------------------------------------------------------------


def test_no_request_is_lost(demo):
    """Every request is answered at once, after retries, or from its letter; the numbers add up, and none is lost."""
    done, folder = demo
    assert done.returncode == 0, done.stderr
    counted = numbers(done.stdout)
    assert_they_add_up(counted)
    assert counted["requests"] == 40
    assert all(counted[name] > 0 for name in ("first try", "retried", "refused", "replayed"))
    assert done.stdout.endswith("lost: 0 of 40 requests\n")
    assert f"file:{folder}/local_dlq.json holds no letter of this run." in done.stdout
    assert folder.joinpath("local_dlq.json").exists()


def test_what_happens_is_told_in_plain_lines(demo):
    """Piped, stdout tells the phases, the circuit and the progress in lines, without a single control character."""
    done, _ = demo
    told = [line.partition(" s  ")[2] for line in done.stdout.splitlines()]
    phases = [line for line in told if line.startswith("the service ")]
    assert phases == [f"the service {does}" for does in ("works", "fails now and then", "is down", "works again")]
    assert "circuit open" in told
    assert any(line.startswith("20/40 requests; circuit ") for line in told)
    assert any(re.fullmatch(r"replaying the letters: \d+", line) for line in told)
    assert "\x1b" not in done.stdout


def test_events_are_on_stderr(demo):
    """Each event and alert is one line on stderr: time, level, name and fields; stdout has none."""
    done, _ = demo
    lines = [re.fullmatch(r"[\d:.]{12} ([A-Z]+) +(\w+) .*pipeline=demo.*", line) for line in done.stderr.splitlines()]
    assert all(lines), done.stderr
    events = [line[2] for line in lines if line is not None]
    seen = set(events)
    assert seen >= {"retry_scheduled", "circuit_opened", "call_rejected", "letter_stored", "letter_replayed"}
    assert seen >= {"circuit_half_opened", "notification"}
    letters = numbers(done.stdout)["dead-lettered"]
    assert events.count("letter_stored") == letters
    assert "letter_stored" not in done.stdout


def test_letters_of_others_stay(program, tmp_path):
    """Letters that were in the file before, of other pipelines and of another run of the demo, are as they were."""
    queue = DeadLetterQueue(local_file_path=str(tmp_path / "local_dlq.json"))
    queue.send_to_dlq({"to": "Tom"})
    queue.send_to_dlq({"to": "Jerry"})
    before = queue.receive_from_dlq()
    queue.close()
    done = program("demo", "--requests", "10")
    assert done.returncode == 0, done.stderr
    assert "local_dlq.json holds no letter of this run and 2 of others, untouched." in done.stdout
    assert queue.receive_from_dlq() == before
    queue.close()


def test_it_is_drawn_on_a_terminal(program):
    """On a terminal there are a progress bar, the circuit, the numbers, and events above; then the table."""
    status, shown = program.on_terminal("demo", "--requests", "40")
    assert status == 0
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)
    for seen in ("the service works", "the service is down", "━━━━", "40/40", "circuit open", "circuit closed"):
        assert seen in plain
    assert "retry_scheduled" in plain
    assert re.search(r"letter \w{6} kept: circuit_open", plain)
    assert_they_add_up(numbers(plain.replace("\r\n", "\n")))


def test_a_closed_stream_loses_nothing(program):
    """With stdout and with stderr closed the demo runs to its end; what goes to the other stream is the same."""
    for stream, told in (("stdout", "letter_replayed"), ("stderr", "lost: 0 of 10 requests\n")):
        done = program.closed(stream, "demo", "--requests", "10")
        assert done.returncode == 0, done.stderr
        assert told in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_there_is_no_colour_where_none_is_wanted(program):
    """With `NO_COLOR` set a terminal is drawn on without colours."""
    program.environ["NO_COLOR"] = "1"
    status, shown = program.on_terminal("demo", "--requests", "10")
    assert status == 0
    assert not re.search(r"\x1b\[(\d+;)*[34]\d(;\d+)*m", shown)
    assert "\x1b[?25l" in shown


def test_the_configuration_of_the_machine_does_not_matter(program, tmp_path):
    """Neither the environment nor a file of settings changes the demo, and it alerts nobody who is on call."""
    tmp_path.joinpath("ninelives.toml").write_text("[pipelines.demo]\nbreaker = { failure_threshold = 0 }\n")
    program.environ |= {"SNS_TOPIC_ARN": "arn:aws:sns:us-east-1:1:ops", "DLQ_QUEUE_URL": "https://sqs.example/dlq"}
    program.environ |= {"BACKOFF_MAX_RETRIES": "many", "http_proxy": "http://127.0.0.1:9"}
    done = program("demo", "--requests", "10", "--store", "memory:")
    assert done.returncode == 0, done.stderr
    assert not tmp_path.joinpath("local_dlq.json").exists()


def test_an_address_that_no_store_has_ends_with_2(program):
    """An unknown store is told with those that there are, before anything is drawn or asked."""
    done = program("demo", "--store", "cellar:wine")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr
    assert "memory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_can_not_be_read_is_told_at_once(program):
    """A folder that is missing is said, with the next step, before a single request is made."""
    done = program("demo", "--store", "file:./missing/dlq.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"Error: .*missing/dlq\.json: .*make it", done.stderr)


def test_a_working_directory_that_can_not_be_written_will_do(capsys, monkeypatch, tmp_path):
    """Where nobody named a store and the working directory can't be written, the letters are in the temporary one."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.warns(ConfigurationWarning, match="can't be written"):
        assert perform(Plan(requests=2, phases=DOWN_THEN_HEALED)) == 0
    assert f"file:{tmp_path}/local_dlq.json holds no letter of this run." in capsys.readouterr().out


def test_a_seed_gives_the_same_failures(capsys):
    """The same seed ends the same requests in the same way, whatever the threads do; another seed does not."""
    phases = ((Phase.FLAKY, 1.0), (Phase.HEALED, 0.0))
    counted = []
    for seed in (1, 1, 2):
        assert perform(Plan(requests=12, seed=seed, store="memory:", phases=phases)) == 0
        counted.append(numbers(capsys.readouterr().out))
    assert counted[0] == counted[1] != counted[2]


# --- a loss is told -------------------------------------------------------------------------------------------------


class DroppingStore(MemoryStore):
    """Says that it has kept a letter, and has not."""

    def put(self, letter):
        pass


class BusyStore(MemoryStore):
    """Its letters are always in someone else's hands."""

    def claim(self, letter_ids, *, lease):
        raise LetterBusyError("someone else holds it")


class BareStore:
    """What every store can, and no more."""

    def __init__(self):
        self._all = MemoryStore()

    def put(self, letter):
        self._all.put(letter)

    def receive(self, max_letters, *, lease):
        return self._all.receive(max_letters, lease=lease)

    def ack(self, lease):
        self._all.ack(lease)

    def release(self, lease, letter=None):
        self._all.release(lease, letter)

    def close(self):
        self._all.close()


class ForgetfulService(Service):
    """Answers, and does not write it down."""

    def reply(self, order):
        answer = super().reply(order)
        self.ledger.clear()
        return answer


def test_a_wrong_answer_is_a_loss(capsys):
    """A request whose answer is not the right one is lost, and the exit status is 1."""
    service = Service(9, lambda order: "0" * 12 if order == "order-0002" else receipt_for(order))
    assert perform(Plan(requests=4, store="memory:"), service) == 1
    out = capsys.readouterr().out
    assert f"lost: order-0002: it was answered '000000000000', where '{receipt_for('order-0002')}' is right" in out
    assert out.endswith("lost: 1 of 4 requests\n")


def test_a_letter_that_was_dropped_is_a_loss(capsys):
    """Requests whose letters are gone without an answer are lost; ten are named, all are counted."""
    assert perform(Plan(requests=12, store=DroppingStore(), phases=DOWN_THEN_HEALED)) == 1
    out = capsys.readouterr().out
    counted = numbers(out)
    assert (counted["dead-lettered"], counted["replayed"], counted["lost"]) == (12, 0, 12)
    named = [line for line in out.splitlines() if line.startswith("lost: order-")]
    assert len(named) == 10
    assert named[0].startswith(
        "lost: order-0001: it was never answered, and its letter is not in the store; it failed "
    )


def test_an_answer_that_the_service_never_gave_is_a_loss(capsys):
    """An answer that the service's ledger does not have was not served."""
    assert perform(Plan(requests=1, store="memory:", phases=((Phase.WORKING, 1.0),)), ForgetfulService(9)) == 1
    assert "order-0001: it was answered, but the service's ledger does not have it" in capsys.readouterr().out


def test_letters_that_wait_are_not_lost_and_are_told(capsys):
    """Letters that someone else holds stay, are counted apart from what is lost, and the exit status is 1."""
    assert perform(Plan(requests=2, store=BusyStore(), phases=DOWN_THEN_HEALED)) == 1
    out = capsys.readouterr().out
    assert numbers(out)["lost"] == 0
    assert re.search(r"holds 2 letters of this run, tagged run=\w{8}\.", out)


# --- the replay -----------------------------------------------------------------------------------------------------


def test_the_replay_waits_for_the_circuit(capsys):
    """While the open circuit refuses, the replay waits as long as it says, and then goes on to the last letter."""
    assert perform(Plan(requests=8, store="memory:", phases=DOWN_THEN_HEALED)) == 0
    out = capsys.readouterr().out
    assert_they_add_up(numbers(out))
    told = [line.partition(" s  ")[2] for line in out.splitlines() if "requests;" not in line]
    assert told.index("replaying the letters: 8") < told.index("circuit half-open") < told.index("circuit closed")


def test_a_service_that_never_heals_does_not_hold_the_demo(capsys):
    """A letter that fails every replay is parked in the end, and stays."""
    assert perform(Plan(requests=1, store="memory:", phases=DOWN)) == 1
    out = capsys.readouterr().out
    assert (numbers(out)["replayed"], numbers(out)["lost"]) == (0, 0)
    assert "holds 1 letter of this run" in out


def test_a_store_that_can_not_be_looked_through_will_do(capsys):
    """A store that can do only what every store can loses nothing; whether letters are left is said not to be known."""
    assert perform(Plan(requests=8, store=BareStore(), phases=DOWN_THEN_HEALED)) == 0
    out = capsys.readouterr().out
    assert_they_add_up(numbers(out))
    assert "BareStore can't be looked through: whether letters are left in it is not known." in out


def test_a_plan_waits_less_where_there_is_more_to_do():
    """However many requests there are, the waits between them take no longer than eight seconds."""
    for requests in (1, 200, 10_000):
        plan = Plan(requests=requests)
        assert plan.wait * requests / plan.workers <= 8.0 + 1e-9
