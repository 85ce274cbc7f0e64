"""Which store a command of `ninelives dlq` looks into."""

from __future__ import annotations

import pytest

from ninelives.testing.contracts.letters import letter

TWO = """
[pipelines.shop]
dead_letter = {{ store = "file:{0}/shop.json", fallback = "file:{0}/spare.json" }}
[pipelines.post]
dead_letter = {{ store = "file:{0}/post.json" }}
"""
ONE = """
[pipelines.shop]
dead_letter = {{ store = "file:{0}/shop.json" }}
[pipelines.post]
dead_letter = {{ store = "file:{0}/shop.json" }}
[pipelines.quick]
dead_letter = false
"""


@pytest.fixture
def configure(dlq):
    def configure(text):
        dlq.folder.joinpath("ninelives.toml").write_text(text.format(dlq.folder), encoding="utf-8")

    return configure


def put(dlq, name, *letters):
    dlq.address = f"file:{dlq.folder}/{name}.json"
    return dlq.put(*letters)


def test_the_store_of_a_pipeline(dlq, configure):
    """--pipeline chooses the store, with its fallback, and of the letters in it those of that pipeline."""
    configure(TWO)
    (ours, _) = put(dlq, "shop", letter(0, pipeline="shop"), letter(1, pipeline="other"))
    (spare,) = put(dlq, "spare", letter(2, pipeline="shop"))
    put(dlq, "post", letter(3, pipeline="shop"))
    done = dlq.alone("list", "--pipeline", "shop")
    assert done.ids == [ours, spare]
    assert done.err == ""


def test_a_pipeline_in_another_store(dlq, configure):
    """With --store too, --pipeline only leaves the letters of that pipeline."""
    configure(TWO)
    (ours, _) = put(dlq, "elsewhere", letter(0, pipeline="shop"), letter(1, pipeline="other"))
    assert dlq("list", "--pipeline", "shop").ids == [ours]


def test_a_pipeline_that_is_not_configured(dlq, configure):
    """A pipeline that the configuration has not is looked for where it would keep its letters, and that is said."""
    configure(TWO)
    (ours,) = put(dlq, "local_dlq", letter(0, pipeline="api"))
    done = dlq.alone("list", "--pipeline", "api")
    assert done.ids == [ours]
    assert f"Looking into {dlq.address}: where Pipeline('api') keeps letters" in done.err
    assert "(it has: shop, post)" in done.err


def test_nothing_is_said(dlq):
    """Without any option, and without a configuration, it is ./local_dlq.json; that is said, and no file is made."""
    done = dlq.alone("list")
    assert done.status == 0
    assert f"Looking into file:{dlq.folder}/local_dlq.json: no --store or --pipeline was given." in done.err
    assert list(dlq.folder.iterdir()) == []


def test_the_environment(dlq, monkeypatch):
    """Without any option the environment says which store."""
    (ours,) = put(dlq, "named", letter())
    monkeypatch.setenv("DLQ_LOCAL_FILE_PATH", f"{dlq.folder}/named.json")
    assert dlq.alone("list").ids == [ours]


def test_a_store_that_all_pipelines_share(dlq, configure):
    """Without any option it is the store of the configured pipelines, if they share one; that is said."""
    configure(ONE)
    ids = put(dlq, "shop", letter(0, pipeline="shop"), letter(1, pipeline="post"))
    done = dlq.alone("list")
    assert done.ids == ids
    assert f"Looking into {dlq.address}: the store of the configured pipelines" in done.err


def test_stores_that_differ(dlq, configure):
    """Without any option, and with pipelines that have several stores, it asks for one and says which there are."""
    configure(TWO)
    done = dlq.alone("list")
    assert done.status == 2
    assert "name one with --pipeline" in done.err
    assert f"shop: file:{dlq.folder}/shop.json, file:{dlq.folder}/spare.json" in done.err
    assert f"post: file:{dlq.folder}/post.json" in done.err


def test_a_pipeline_without_letters(dlq, configure):
    """A pipeline that keeps no letters has none to show."""
    configure(ONE)
    done = dlq.alone("list", "--pipeline", "quick")
    assert done.status == 2
    assert "pipeline 'quick' keeps no letters" in done.err


def test_no_pipeline_with_letters(dlq, configure):
    """Where no configured pipeline keeps letters, a store must be named."""
    configure("[pipelines.quick]\ndead_letter = false\n")
    done = dlq.alone("list")
    assert done.status == 2
    assert "name a store with --store" in done.err


def test_a_wrong_configuration(dlq, configure):
    """A configuration that can't work is said, with every problem and its place; a named store needs none."""
    configure('[pipelines.shop]\ndead_letter = {{ stroe = "x" }}\nbreaker = {{ failure_threshold = 0 }}\n')
    done = dlq.alone("list", "--pipeline", "shop")
    assert done.status == 2
    assert "pipelines.shop.dead_letter" in done.err
    assert "pipelines.shop.breaker.failure_threshold" in done.err
    assert dlq("list").status == 0


def test_the_store_of_a_program(dlq):
    """--app is a program's own pipeline: its store is used, and all letters in it are meant."""
    store = f"file:{dlq.folder}/letters.json"
    text = f"from ninelives import Pipeline\nline = Pipeline('shop', dead_letter={{'store': {store!r}}})\n"
    dlq.folder.joinpath("a_shop_of_letters.py").write_text(text, encoding="utf-8")
    ids = dlq.put(letter(0, pipeline="shop"), letter(1, pipeline="post"))
    assert dlq.alone("list", "--app", "a_shop_of_letters:line").ids == ids
    assert dlq.alone("list", "--app", "a_shop_of_letters:line", "--pipeline", "post").ids == ids[1:]


@pytest.mark.parametrize(
    "address",
    [
        "tom:hunter2@host",
        "tom:hunter2@host:80/x",
        "redis://tom:hunter2@host/x",
        "//tom:hunter2@host",
        "file://tom:hunter2@host/x.json",
        "sqlite://tom:hunter2@host/x.db",
        "tom:hunter2@db@host",
    ],
)
@pytest.mark.parametrize("command", [["list"], ["show", "7"], ["stats"], ["purge", "7", "--yes"]])
def test_a_password_in_a_wrong_address_is_not_shown(dlq, address, command):
    """An address that is none, or of no store, is refused without its password."""
    done = dlq.alone(*command, "--store", address)
    assert done.status in (1, 2)
    assert "hunter2" not in done.out + done.err
    assert "***@" in done.err
