"""``ninelives dlq drain``: whose letters come home, and what is said of those that stay."""

from __future__ import annotations

import json

import pytest

CONFIGURATION = """
[defaults.dead_letter]
store = "file:./home.json"
fallback = "file:./refuge.json"
[pipelines.shop]
[pipelines.mail]
"""
STORES = ("--store", "file:./home.json", "--fallback", "file:./refuge.json")


@pytest.fixture
def configured(tmp_path):
    tmp_path.joinpath("ninelives.toml").write_text(CONFIGURATION)


def test_letters_come_home(program, keep, kept, order, tmp_path):
    """What waits in the fallback goes to the store; what is parked stays, and that is said."""
    waiting = keep(3, "refuge.json")
    (parked,) = keep([order(9, state="parked")], "refuge.json")
    done = program("dlq", "drain", *STORES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"3 letters came home to file:{tmp_path}/home.json\n1 letter still in file:{tmp_path}/refuge.json\n"
    )
    assert list(kept("home.json")) == [one.id for one in waiting]
    assert list(kept("refuge.json")) == [parked.id]


def test_machines_get_one_object(program, keep):
    """With --json there is one object on stdout, and nothing else."""
    keep(3, "refuge.json")
    done = program("dlq", "drain", *STORES, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"moved": 3, "refused": 0, "left": 0, "stopped": False}


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("options", "pipelines"),
    [((), ["shop", "mail", None]), (("--pipeline", "shop"), ["shop"]), (("--app", "shop:pipeline"), ["shop"])],
)
def test_a_pipeline_moves_its_own_letters(program, keep, kept, order, shop, options, pipelines):
    """With --pipeline or --app the letters of that pipeline come home, else all, whoever they are of."""
    shop('pipeline = Pipeline("shop", notify=False)', head="from ninelives import Pipeline\n")
    keep([order(number, pipeline=name) for number, name in enumerate(["shop", "mail", None])], "refuge.json")
    done = program("dlq", "drain", *options)
    assert done.returncode == 0
    assert [one.pipeline for one in kept("home.json").values()] == pipelines


def test_without_a_pipeline_the_defaults_say_it(program, keep, kept, tmp_path):
    """Where no pipeline is configured, the defaults say which stores are meant, and all letters come home."""
    tmp_path.joinpath("ninelives.toml").write_text(
        '[defaults.dead_letter]\nstore="file:./home.json"\nfallback="file:./refuge.json"'
    )
    keep(2, "refuge.json")
    done = program("dlq", "drain")
    assert done.returncode == 0
    assert len(kept("home.json")) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--store", "file:./home.json"), "--store and --fallback go together"),
        (("--fallback", "file:./home.json"), "--store and --fallback go together"),
        ((*STORES, "--pipeline", "shop"), "--pipeline and --app say which stores are meant: give them without --store"),
        ((*STORES, "--app", "shop:pipeline"), "--pipeline and --app say which stores are meant"),
        (("--app", "shop:pipeline"), "dlq.json has no fallback: there is no place from which letters could come home"),
        (("--store", "file:./home.json", "--fallback", ""), "'--fallback': it is empty"),
        (("--store", "nowhere:", "--fallback", "file:./refuge.json"), "nowhere"),
    ],
)
def test_wrong_use_is_refused(program, shop, options, said):
    """Half of what is needed, too much of it, a store without a fallback, an unknown store: 2, and one sentence."""
    shop("")
    done = program("dlq", "drain", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_is_not_there_is_said(program, keep, kept):
    """A store that can't be reached ends it with 1, and the letters stay where they are."""
    letters = keep(2, "refuge.json")
    done = program("dlq", "drain", "--store", "file:./nowhere/home.json", "--fallback", "file:./refuge.json")
    assert done.returncode == 1
    assert "0 letters came home, then" in done.stderr
    assert list(kept("refuge.json")) == [one.id for one in letters]


PICKY = """
from ninelives import LetterTooLargeError, hookimpl
from ninelives.dead_letters.memory import MemoryStore

class Picky(MemoryStore):
    def put_many(self, letters):
        if any(letter.args[0] == 1 for letter in letters):
            raise LetterTooLargeError("2 MB are too much")
        super().put_many(letters)

class Blind(MemoryStore):
    def count(self, filter=None):
        from ninelives import StoreError
        raise StoreError("it can't be counted now")

@hookimpl
def register_stores(register):
    register("picky", lambda address: Picky())
    register("blind", lambda address: blind)

blind = Blind()
"""


def test_what_the_store_refuses_is_said(program, keep, install):
    """A letter that the store refuses for good stays, is told, and makes the exit status 1."""
    install({"picky": PICKY})
    keep(3, "refuge.json")
    done = program("dlq", "drain", "--store", "picky:", "--fallback", "file:./refuge.json")
    assert done.returncode == 1
    assert "2 letters came home to " in done.stdout
    assert "1 letter refused by " in done.stderr
    assert "1 letter still in " in done.stdout


def test_what_can_not_be_counted_is_not_said(program, install):
    """Where the fallback can't say how many are left, the rest is said all the same."""
    install({"picky": PICKY})
    done = program("dlq", "drain", "--store", "file:./home.json", "--fallback", "blind:", "--json")
    assert (done.returncode, json.loads(done.stdout)["left"]) == (0, None)
