"""The commands that an alert names: to see its letter, to complete it, to run it again, and to see all of its kind."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from ninelives import Pipeline
from ninelives.notifications.words.commands import commands_for, import_of_lost, list_of_kind, list_of_pipeline

PLACE = "file:/srv/my letters.json"
STORE = "--store 'file:/srv/my letters.json'"


@pytest.fixture
def program(monkeypatch):
    """A program's module, in which this pipeline and others stand."""
    module = ModuleType("shop_jobs")
    module.__dict__.update({"hostile": Hostile(), "other": pipeline("other"), "not a name": pipeline("shop")})
    module.tasks = pipeline("shop")
    monkeypatch.setitem(sys.modules, "shop_jobs", module)
    return module


class Hostile:
    """Does not like to be asked, as objects that stand for others don't when there are none."""

    @property
    def __class__(self):
        raise RuntimeError("there is no request")


def pipeline(name):
    return Pipeline(name, dead_letter=False, notify=False)


def test_the_program_is_found(program):
    """The store is named by its address, quoted for a shell; the pipeline as it stands beside the function."""
    assert commands_for("id-1", PLACE, "shop", "shop_jobs:Charge.run") == {
        "show": f"ninelives dlq show id-1 {STORE}",
        "replay": f"ninelives dlq replay id-1 --app shop_jobs:tasks {STORE}",
    }


def test_a_program_that_is_run_as_a_script(program, monkeypatch):
    """What runs as ``__main__`` is named as another process would import it."""
    program.__file__ = "/srv/nightly.py"
    monkeypatch.setitem(sys.modules, "__main__", program)
    assert "--app nightly:tasks " in commands_for("id-1", PLACE, "shop", "nightly:charge")["replay"]


@pytest.mark.parametrize("operation", ["shop_jobs", "charge", "nowhere:charge", "a b:charge", "shop_jobs/x:charge", ""])
def test_where_the_program_is_not_known(program, monkeypatch, operation):
    """Where no pipeline of that name stands beside the function, the command says what is to be filled in."""
    monkeypatch.setitem(sys.modules, "a b", program)
    made = commands_for("id-1", PLACE, "shop", operation)
    assert made["replay"] == f"ninelives dlq replay id-1 --app MODULE:PIPELINE {STORE}"
    assert "MODULE:PIPELINE" in commands_for("id-1", PLACE, "nobody", "shop_jobs:charge")["replay"]


@pytest.mark.parametrize("place", [None, "", "MyStore", "redis://u:***@host", "file:/srv/x\nrm -rf /"])
def test_a_store_that_can_not_be_named(program, place):
    """Where the store's address is masked or is none, the program's pipeline leads there, else the configured one."""
    assert commands_for("id-1", place, "shop", "shop_jobs:charge") == {
        "show": "ninelives dlq show id-1 --app shop_jobs:tasks",
        "replay": "ninelives dlq replay id-1 --app shop_jobs:tasks",
    }
    assert commands_for("id-1", place, "my shop", "charge") == {
        "show": "ninelives dlq show id-1 --pipeline 'my shop'",
        "replay": "ninelives dlq replay id-1 --app MODULE:PIPELINE",
    }


def test_a_letter_that_is_not_whole(program):
    """One that can't be replayed as it is, is edited first: the command for that stands before the replay's."""
    made = commands_for("id-1", PLACE, "shop", "shop_jobs:charge", whole=False)
    assert list(made) == ["show", "edit", "replay"]
    assert made["edit"] == f"ninelives dlq edit id-1 --set PATH=VALUE {STORE}"
    made = commands_for("id-1", None, "my shop", "charge", whole=False)
    assert made["edit"] == "ninelives dlq edit id-1 --set PATH=VALUE --pipeline 'my shop'"


@pytest.mark.parametrize(
    ("place", "pipeline", "where"),
    [(PLACE, "shop", STORE), (None, "shop", "--app shop_jobs:tasks"), (None, "my shop", "--pipeline 'my shop'")],
)
def test_all_letters_of_a_kind(program, place, pipeline, where):
    """They are found by their fingerprint, quoted for a shell, in the store that the letter is in."""
    made = list_of_kind("no answer", place, pipeline, "shop_jobs:charge")
    assert made == {"list": f"ninelives dlq list --fingerprint 'no answer' {where}"}


def test_a_letter_that_will_move(program):
    """One in the fallback is looked for by the program, which knows its store too; else where it is now."""
    made = commands_for("id-1", PLACE, "shop", "shop_jobs:charge", whole=False, moves=True)
    assert {command.partition("--app ")[2] for command in made.values()} == {"shop_jobs:tasks"}
    listed = list_of_kind("abc", PLACE, "shop", "shop_jobs:charge", moves=True)
    assert listed == {"list": "ninelives dlq list --fingerprint abc --app shop_jobs:tasks"}
    assert commands_for("id-1", PLACE, "shop", "charge", moves=True)["show"] == f"ninelives dlq show id-1 {STORE}"
    assert commands_for("id-1", "memory:", "shop", "shop_jobs:charge", moves=True) == {}


@pytest.mark.parametrize(
    ("place", "pipeline", "where"),
    [(PLACE, "shop", f" {STORE}"), (None, "shop", " --app shop_jobs:tasks"), (None, "my shop", "")],
)
def test_all_letters_of_a_pipeline(program, place, pipeline, where):
    """They are found by its name, quoted for a shell, which stands there once."""
    name = "'my shop'" if " " in pipeline else pipeline
    made = list_of_pipeline(place, pipeline, "shop_jobs:charge")
    assert made == {"list": f"ninelives dlq list --pipeline {name}{where}"}


@pytest.mark.parametrize(("place", "where"), [(PLACE, STORE), (None, "--app shop_jobs:tasks")])
def test_a_letter_that_was_saved_by_hand(program, place, where):
    """It is put into the store that it was meant for."""
    made = import_of_lost(place, "shop", "shop_jobs:charge")
    assert made == {"import": f"ninelives dlq import lost.jsonl {where}"}


def test_a_letter_that_ends_with_the_process():
    """Of a letter in memory no other process can show anything."""
    assert commands_for("id-1", "memory:", "shop", "shop_jobs:charge", whole=False) == {}
    assert list_of_kind("abc", "memory:", "shop", "shop_jobs:charge") == {}
    assert list_of_pipeline("memory:", "shop", "shop_jobs:charge") == {}
    assert import_of_lost("memory:", "shop", "shop_jobs:charge") == {}
