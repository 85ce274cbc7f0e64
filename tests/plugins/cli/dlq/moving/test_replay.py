"""``ninelives dlq replay``: what runs, what is said of it, and with which status it ends."""

from __future__ import annotations

import json

import pytest

CHARGE = """
@pipeline
def charge(order):
    print("charging", order)
    if order == 1:
        raise ValueError("no money, password=hunter2")
    done(order)
"""
REPLAY = ("dlq", "replay", "--app", "shop:pipeline")
NONE = (
    "No letter that waits matches. Parked ones ('ninelives dlq list --state parked') are run by their ids only, or "
    "once they are unparked.\n"
)


def test_letters_run_again(program, keep, kept, shop, done):
    """All that wait are run once, oldest first, and are gone; the exit status is 0."""
    shop(CHARGE.replace("order == 1", "False"))
    keep(3)
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 0
    assert ended.stdout == "outcome   letters\nreplayed        3  succeeded, and gone\n"
    assert done() == ["0", "1", "2"]
    assert kept() == {}


def test_what_functions_print_is_no_output_of_ours(program, keep, shop):
    """stdout is for what came of it: what functions and modules print goes to stderr."""
    shop("print('hello from shop')" + CHARGE)
    keep(1)
    ended = program(*REPLAY, "--all", "--json")
    assert ended.returncode == 0
    assert ended.stderr == "hello from shop\ncharging 0\n"
    (line,) = ended.stdout.splitlines()
    assert json.loads(line)["replayed"] == 1


def test_what_fails_again_is_back_and_told(program, keep, kept, shop, done):
    """A letter that fails is told with its reason, masked, and is there with the new error; the exit status is 1."""
    shop(CHARGE)
    letters = keep(3)
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 1
    replayed, failed, _, _, reason = ended.stdout.splitlines()[1:]
    assert replayed.split()[:2] == ["replayed", "2"]
    assert failed.split()[:2] == ["failed", "1"]
    assert reason == f"{letters[1].id}  builtins.ValueError: no money, password=***"
    assert done() == ["0", "2"]
    (left,) = kept().values()
    assert (left.id, left.replay_count, left.error.type) == (letters[1].id, 1, "builtins.ValueError")


def test_machines_get_one_object(program, keep, shop):
    """With --json the whole report is one object, secrets masked."""
    shop(CHARGE)
    letters = keep(2)
    ended = program(*REPLAY, *(one.id for one in letters), "--json")
    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    assert (told["ok"], told["replayed"], told["failed"], told["stopped"]) == (False, 1, 1, None)
    assert told["reasons"] == {letters[1].id: "builtins.ValueError: no money, password=***"}


@pytest.mark.parametrize(
    ("options", "ran"),
    [
        (("--tag", "tenant=acme"), ["2"]),
        (("--limit", "2", "--all"), ["0", "2"]),
        (("--limit", "0", "--all"), []),
        (("--rate", "1000", "--all"), ["0", "2", "3"]),
        (("--pipeline", "shop"), ["0", "2", "3"]),
        (("--canary", "1", "--all"), ["0", "2", "3"]),
    ],
)
def test_options_choose_what_runs(program, keep, order, shop, done, options, ran):
    """A filter, a limit, a rate, a canary and the pipeline's name say what runs."""
    shop(CHARGE)
    keep([order(0), order(2, tags={"tenant": "acme"}), order(3)])
    assert program(*REPLAY, *options).returncode == 0
    assert done() == ran


def test_a_canary_that_fails_ends_it(program, keep, kept, shop, done):
    """When one of the first fails, the others are not run, and that is said."""
    shop(CHARGE.replace("order == 1", "True"))
    keep(3)
    ended = program(*REPLAY, "--all", "--canary", "1")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "Ended early: canary failed. The rest is as it was."
    assert [one.replay_count for one in kept().values()] == [1, 0, 0]


def test_several_run_at_once(program, keep, shop, done):
    """With --concurrency 2 two letters are in hand at the same time, once the first one has been run."""
    shop(
        """
        from threading import Barrier
        both = Barrier(2)

        @pipeline
        def charge(order):
            if order > 0:
                both.wait(30)
            done(order)
        """
    )
    keep(3)
    assert program(*REPLAY, "--all", "--concurrency", "2").returncode == 0
    assert sorted(done()) == ["0", "1", "2"]


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_replay_of_nothing_says_so(program, keep, shop, options):
    """A filter that matches nothing runs nothing, and that is no failure."""
    shop(CHARGE)
    keep(1)
    ended = program(*REPLAY, "--grep", "nobody", *options)
    assert (ended.returncode, ended.stderr) == (0, NONE)


def test_what_was_masked_is_named(program, keep, kept, order, shop, done):
    """A letter that was masked when it was written is left as it is and named, with the command that puts it back."""
    shop(CHARGE)
    masked = {"kwargs": {"iban": "***"}, "redacted": ("kwargs.iban",), "replayable": False}
    before = keep([order(0), order(2, **masked)])
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 1
    assert (
        f"{before[1].id}  its payload lacks kwargs.iban, masked when it was written: put it back with "
        f"ninelives dlq edit {before[1].id} --set PATH=VALUE\n"
    ) in ended.stdout
    assert done() == ["0"]
    assert kept() == {before[1].id: before[1]}


def test_a_dry_run_runs_nothing(program, keep, kept, order, shop, done):
    """--dry-run says how many would be run and which can't be, and leaves all as they are."""
    shop(CHARGE)
    before = keep([order(0), order(1), order(2, operation="shop:refund")])
    ended = program(*REPLAY, "--all", "--dry-run")
    assert ended.returncode == 1
    assert ended.stdout.startswith("2 letters would be run\n")
    assert f"{before[2].id}  shop:refund is not registered here" in ended.stdout
    assert done() == []
    assert list(kept().values()) == before


def test_a_function_that_is_not_registered_is_named(program, keep, kept, order, shop, done, tmp_path):
    """A letter of an operation that the app has not is named and left; --import brings the module that has it."""
    shop(CHARGE)
    tmp_path.joinpath("jobs.py").write_text(
        "import shop\n@shop.pipeline\ndef refund(order):\n    shop.done('refunded')\n"
    )
    before = keep([order(0), order(2, operation="jobs:refund")])
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 1
    assert f"{before[1].id}  jobs:refund is not registered here: " in ended.stdout
    advice = "Registered are: shop:charge. Import modules that register others with --import MODULE.\n"
    assert ended.stderr.endswith(advice)
    assert list(kept().values()) == before[1:]
    assert program(*REPLAY, "--all", "--import", "jobs").returncode == 0
    assert done() == ["0", "refunded"]
    assert kept() == {}


@pytest.mark.parametrize("name", ["charge", "refund"])
def test_asynchronous_functions_run_too(program, keep, kept, order, shop, done, name):
    """Where the app has coroutine functions, those and the others run."""
    shop(
        """
        import asyncio

        @pipeline
        async def refund(order):
            await asyncio.sleep(0)
            done(f"refund-{order}")

        @pipeline
        def charge(order):
            done(f"charge-{order}")
        """
    )
    keep([order(0, operation=f"shop:{name}")])
    assert program(*REPLAY, "--all").returncode == 0
    assert done() == [f"{name}-0"]
    assert kept() == {}


def test_letters_of_another_store(program, keep, kept, shop, done):
    """With --store the letters there are run by the app's functions; its own store is left alone."""
    shop(CHARGE)
    keep(1)
    keep(1, "other.json")
    assert program(*REPLAY, "--store", "file:./other.json", "--all").returncode == 0
    assert (done(), kept("other.json"), len(kept())) == (["0"], {}, 1)


def test_asynchronous_letters_of_another_store(program, keep, kept, shop, done):
    """The same for coroutine functions."""
    shop("@pipeline\nasync def charge(order):\n    done(order)\n")
    keep(1, "other.json")
    assert program(*REPLAY, "--store", "file:./other.json", "--all").returncode == 0
    assert (done(), kept("other.json")) == (["0"], {})


def test_a_parked_letter_is_run_by_its_id(program, keep, kept, order, shop, done):
    """--all leaves parked letters; naming one runs it."""
    shop(CHARGE)
    (parked,) = keep([order(0, state="parked")])
    for options in ("--all",), ("--error", "ValueError", "--dry-run"), ("--all", "--limit", "0"):
        ended = program(*REPLAY, *options)
        assert (ended.returncode, ended.stderr) == (0, NONE)
    assert done() == []
    assert program(*REPLAY, parked.id).returncode == 0
    assert done() == ["0"]
    assert kept() == {}


@pytest.mark.parametrize("options", [("--all",), ("--all", "--json")])
def test_an_open_circuit_ends_it(program, keep, kept, shop, options):
    """When the circuit opens the rest is left as it is, and it is said when to go on."""
    shop(
        'pipeline = Pipeline("shop", dead_letter={"store": "file:./dlq.json"}, notify=False, backoff=False, '
        'breaker={"failure_threshold": 1, "recovery_timeout": 600})\n'
        "@pipeline\ndef charge(order):\n    raise OSError('down')\n"
    )
    keep(3)
    ended = program(*REPLAY, *options)
    assert ended.returncode == 1
    if "--json" in options:
        told = json.loads(ended.stdout)
        assert (told["stopped"], 500 < told["retry_after"] <= 600) == ("circuit open", True)
    else:
        assert "Ended early: the circuit is open. Go on in " in ended.stderr
    assert [one.replay_count for one in kept().values()] == [1, 0, 0]


def test_an_isolated_circuit_is_said(program, keep, shop):
    """A circuit that only a reset opens says so instead of a time."""
    shop('pipeline = Pipeline("shop", dead_letter={"store": "file:./dlq.json"}, notify=False)\n' + CHARGE)
    keep(1)
    with open(program.folder / "shop.py", "a") as file:
        file.write('pipeline["breaker"].isolate()\n')
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 1
    assert ended.stderr.endswith("Ended early: the circuit is isolated, and admits no call until it is reset.\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--app", "shop:pipeline"), "or say --all for all of them"),
        (("--all",), "say --app MODULE:PIPELINE, as in --app shop.tasks:pipeline"),
        (("--pipeline", "shop"), "say --app MODULE:PIPELINE, as in --app shop.tasks:pipeline"),
        (("--app", "shop:pipeline", "--pipeline", "mail"), "the pipeline of --app is 'shop': it runs its own letters"),
        (("--app", "shop:pipeline", "--state", "parked"), "parked letters are run by their ids only"),
        (("--app", "shop:nothing", "--all"), "the pipelines of shop: pipeline"),
        (("--app", "shop:pipeline", "--all", "--import", "nowhere"), "--import is 'nowhere': expected a module that"),
        (("--app", "shop:pipeline", "--all", "--import", ""), "'--import': it is empty"),
        (("--app", "shop:pipeline", "--all", "--store", "nowhere:"), "nowhere"),
        (("--app", "shop:pipeline", "--all", "--rate", "0"), "'--rate'"),
        (("--app", "shop:pipeline", "--all", "--rate", "nan"), "'--rate'"),
        (("--app", "shop:pipeline", "--all", "--rate", "inf"), "'--rate'"),
        (("--app", "shop:pipeline", "--all", "--canary", "0"), "'--canary'"),
        (("--app", "shop:pipeline", "--all", "--limit", "-1"), "'--limit'"),
        (("--app", "shop:pipeline", "--all", "--concurrency", "0"), "'--concurrency'"),
        (("--app", "bare:pipeline", "--all"), "keeps no letters"),
    ],
)
def test_wrong_use_is_refused(program, keep, kept, shop, done, tmp_path, args, said):
    """What says too little, or what can't be, ends with 2 and a sentence; nothing is run."""
    shop(CHARGE)
    tmp_path.joinpath("bare.py").write_text(
        "from ninelives import Pipeline\npipeline = Pipeline('bare', chain=['backoff'])\n"
    )
    keep(1)
    ended = program("dlq", "replay", *args)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (done(), len(kept())) == ([], 1)


def test_an_app_that_does_not_import_shows_where(program, shop):
    """What the module raises is shown with its line, and the exit status is 2."""
    shop("1 / 0\n")
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 2
    assert "    1 / 0\n" in ended.stderr
    assert ended.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_dry_run_of_what_can_be_run(program, keep, shop):
    """Where all could be run, that is all that is said."""
    shop(CHARGE)
    keep(2)
    ended = program(*REPLAY, "--all", "--dry-run")
    assert (ended.returncode, ended.stdout) == (0, "2 letters would be run\n")


def test_a_store_that_can_not_be_read_beside_another(program, keep, shop, done):
    """Letters that can be reached run; the store that can't be read is told, and makes the exit status 1."""
    shop(
        'pipeline = Pipeline("shop", dead_letter={"store": "file:./dlq.json", "fallback": "file:./folder"}, '
        "notify=False, backoff=False, breaker=False)\n" + CHARGE
    )
    program.folder.joinpath("folder").mkdir()
    keep(1)
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 1
    assert done() == ["0"]
    assert any(line.startswith("Not read: ") and "/folder" in line for line in ended.stderr.splitlines())


@pytest.mark.parametrize("options", [("--all",), ("nobody",)])
def test_a_store_that_is_not_there_ends_with_1(program, shop, options):
    """A store that can't be read is told without a traceback."""
    shop(CHARGE.replace("file:./dlq.json", "file:./nowhere/dlq.json"))
    ended = program(*REPLAY, "--store", "file:/proc/nowhere/dlq.json", *options)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_an_id_that_is_not_there_is_told(program, keep, shop, done):
    """Of several ids those that are there are run, the other is named, and the exit status is 1."""
    shop(CHARGE)
    (only,) = keep(1)
    ended = program(*REPLAY, only.id, "nobody")
    assert ended.returncode == 1
    assert "nobody  there is no letter nobody in " in ended.stdout
    assert done() == ["0"]


def test_a_terminal_sees_how_far_it_is(program, keep, shop):
    """On a terminal there is a bar while it runs, and then the table."""
    shop(CHARGE)
    keep(3)
    status, shown = program.on_terminal(*REPLAY, "--all")
    assert status == 1
    assert "replaying" in shown
    assert "3 of 3" in shown
    assert "charging 0\r\n" in shown
    assert "no money, password=***" in shown
    status, shown = program.on_terminal(*REPLAY, "--all", "--quiet")
    assert "replaying" not in shown


def test_an_alert_is_one_sentence(program, keep, shop):
    """Where the log is told of failures, a person at the command line reads the sentence of it, not all fields."""
    shop(
        CHARGE.replace("@pipeline", 'pipeline = Pipeline("shop", dead_letter={"store": "file:./dlq.json"})\n@pipeline')
    )
    keep(2)
    ended = program(*REPLAY, "--all")
    assert ended.returncode == 1
    _, _, alert = ended.stderr.splitlines()
    assert alert == "Warning: shop:charge failed after 1 attempt: builtins.ValueError: no money, password=***"


@pytest.mark.parametrize("kind", ["", "async "], ids=["sync", "async"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_function_that_ends_the_program_is_no_success(program, keep, kept, shop, done, kind, options):
    """Whatever status a function ends the program with, the replay has 1: not all was done. No letter is lost."""
    shop(f"import sys\n@pipeline\n{kind}def charge(order):\n    sys.exit(0) if order == 1 else done(order)\n")
    letters = keep(3)
    ended = program(*REPLAY, "--all", *options)
    said = "Error: a function has ended the program (SystemExit: 0): its letter is back, and the rest as it was\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", said)
    assert done() == ["0"]
    assert list(kept()) == [one.id for one in letters[1:]]
