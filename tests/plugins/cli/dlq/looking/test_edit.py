"""`ninelives dlq edit`."""

from __future__ import annotations

import json

import pytest

from ninelives.testing.contracts.letters import letter


@pytest.fixture
def order(dlq):
    """The id of a letter with arguments."""
    kwargs = {"amount": 1.2, "user": {"name": "Tom", "password": "hunter2"}, "a.b": [1, 2]}
    at = {"$type": "tuple", "value": ["a", {"x": 1}]}
    return dlq.put(letter(args=["order-1", at], kwargs=kwargs))[0]


@pytest.mark.parametrize(
    ("setting", "part", "value", "said"),
    [
        ("kwargs.amount=12", "amount", 12, "kwargs.amount: 1.2 -> 12"),
        ("kwargs.amount=", "amount", "", 'kwargs.amount: 1.2 -> "" (was a number, is text)'),
        ("kwargs.amount=NaN", "amount", "NaN", 'kwargs.amount: 1.2 -> "NaN" (was a number, is text)'),
        ("kwargs.amount=null", "amount", None, "kwargs.amount: 1.2 -> null (was a number, is null)"),
        ('kwargs.amount="12"', "amount", "12", 'kwargs.amount: 1.2 -> "12" (was a number, is text)'),
        ("kwargs.amount=12 cats", "amount", "12 cats", 'kwargs.amount: 1.2 -> "12 cats" (was a number, is text)'),
        ('kwargs["a.b"]=[]', "a.b", [], 'kwargs["a.b"]: [1, 2] -> []'),
        ('kwargs["a.b"][1]=a=b', "a.b", [1, "a=b"], 'kwargs["a.b"][1]: 2 -> "a=b" (was a number, is text)'),
    ],
)
def test_set(dlq, order, setting, part, value, said):
    """--set replaces a part by JSON, or by text where it does not look like JSON, and shows what was changed."""
    done = dlq("edit", order, "--set", setting)
    assert (done.status, done.out, done.err) == (0, f"{said}\n", "")
    assert dlq.letter(order).kwargs[part] == value


def test_set_in_a_tuple(dlq, order):
    """The way leads through what stands for a tuple, and it stays one."""
    assert dlq("edit", order, "--set", "args[1][1].x=2").out == "args[1][1].x: 1 -> 2\n"
    assert dlq.letter(order).args[1] == {"$type": "tuple", "value": ["a", {"x": 2}]}


def test_the_original_and_a_note_stay(dlq, order):
    """Several parts are set at once; the letter keeps the payload as it was, and a note says who changed it and why."""
    before = dlq.letter(order)
    done = dlq("edit", order, "--set", "kwargs.amount=12", "--set", "args[0]=order-2", "--note", "it was 1.2")
    assert sorted(done.out.splitlines()) == ['args[0]: "order-1" -> "order-2"', "kwargs.amount: 1.2 -> 12"]
    after = dlq.letter(order)
    assert after.original == {"args": before.args, "kwargs": before.kwargs}
    assert "(ninelives dlq edit)" in after.notes[-1]
    assert "it was 1.2" in after.notes[-1]


def test_what_was_masked_is_put_back(dlq):
    """What was masked when the letter was written is put back without being shown; then the letter can be replayed."""
    masked = letter(args=["***"], kwargs={"a": "***"}, redacted=("args[0]", "kwargs.a"), replayable=False)
    (letter_id,) = dlq.put(masked)
    assert dlq("edit", letter_id, "--set", "kwargs.a=IBAN 12").out == 'kwargs.a: "***" -> "***" (put back)\n'
    assert dlq.letter(letter_id).redacted == ("args[0]",)
    done = dlq("edit", letter_id, "--set", 'args[0]={"id": 7}', "--json")
    assert done.json == [{"id": letter_id, "changes": [{"path": "args[0]", "old": "***", "new": "***"}]}]
    after = dlq.letter(letter_id)
    assert (after.args, after.kwargs) == ([{"id": 7}], {"a": "IBAN 12"})
    assert (after.redacted, after.replayable, after.original) == ((), True, {"args": ["***"], "kwargs": {"a": "***"}})
    assert dlq("edit", letter_id, "--set", "kwargs.a=IBAN 13").out == 'kwargs.a: "***" -> "***"\n'
    assert dlq("edit", letter_id, "--set", "args[0].id=8").out == 'args[0].id: "***" -> "***"\n'
    for shown in (dlq("show", letter_id), dlq("show", letter_id, "--json")):
        assert "IBAN 13" not in shown.out
    assert "IBAN 13" in dlq("show", letter_id, "--reveal").out
    assert "IBAN 13" in dlq("show", letter_id, "--reveal", "--json").out


def test_what_was_masked_is_removed(dlq):
    """With --file what was masked can be left out."""
    masked = letter(args=[], kwargs={"a": "***"}, redacted=("kwargs.a",), replayable=False)
    (letter_id,) = dlq.put(masked)
    payload = dlq.folder / "payload.json"
    payload.write_text('{"args": [], "kwargs": {}}')
    assert dlq("edit", letter_id, "--file", str(payload)).out == 'kwargs.a: "***" -> nothing\n'
    assert dlq.letter(letter_id).replayable


def test_secrets_are_masked(dlq, order):
    """What was changed is shown masked, also by the name of what it stands in; of what type it is, is said."""
    done = dlq("edit", order, "--set", "kwargs.user.password=12345")
    assert done.out == 'kwargs.user.password: "***" -> "***" (was text, is a number)\n'
    done = dlq("edit", order, "--set", 'kwargs.user.password={"new": "hunter3"}')
    assert "hunter3" not in done.out
    done = dlq("edit", order, "--set", "kwargs.user.password.new=hunter4")
    assert done.out == 'kwargs.user.password.new: "***" -> "***"\n'


def test_json(dlq, order):
    """With --json it is one object: the id, and each change with its path, the old and the new value."""
    (record,) = dlq("edit", order, "--set", "kwargs.amount=12", "--json").json
    assert record == {"id": order, "changes": [{"path": "kwargs.amount", "old": 1.2, "new": 12}]}


@pytest.mark.parametrize(
    ("setting", "said", "status"),
    [
        ("kwargs.amount", "expected PATH=VALUE", 2),
        ("=12", "expected PATH=VALUE", 2),
        ("kwargs.amount=[1", "'[1' is no JSON", 2),
        ('kwargs.amount="x', "is no JSON", 2),
        ("kwargs.amount=[NaN]", "NaN is none of JSON's numbers", 2),
        ("kwargs.amuont=12", "there is no kwargs.amuont; the nearest that is there is kwargs.amount", 1),
        ("args[7]=12", "there is no args[7]", 1),
        ("kwargs=12", "nothing changed", 1),
    ],
)
def test_what_can_not_be_set(dlq, order, setting, said, status):
    """What is no JSON, and a part that is not there, is said; nothing is changed, not even by the other settings."""
    before = dlq.letter(order)
    done = dlq("edit", order, "--set", "args[0]=1", "--set", setting)
    assert done.status == status
    assert said in done.err
    assert dlq.letter(order) == before


def test_too_deep(dlq, order):
    """JSON that is nested too deep to be read is said."""
    assert dlq("edit", order, "--set", f"args={'[' * 100_000}").status == 2


def test_nothing_changed(dlq, order):
    """Setting what is there already changes nothing, writes no note, and says so."""
    done = dlq("edit", order, "--set", "kwargs.amount=1.2")
    assert (done.status, done.out, done.err) == (0, "", "Nothing changed.\n")
    assert dlq.letter(order).notes == ()


def test_a_file(dlq, order):
    """--file is the whole payload; what is new or gone is shown."""
    kwargs = {"amount": 1.2, "user": {"name": "Tom", "password": "hunter2"}, "to": "Jerry"}
    payload = {"args": dlq.letter(order).args, "kwargs": kwargs}
    dlq.folder.joinpath("new.json").write_text(json.dumps(payload))
    done = dlq("edit", order, "--file", "new.json")
    assert sorted(done.out.splitlines()) == ['kwargs.to: nothing -> "Jerry"', 'kwargs["a.b"]: [1, 2] -> nothing']
    assert dlq.letter(order).kwargs == kwargs
    (record,) = dlq.alone(
        "edit", order, "--store", dlq.address, "--file", "-", "--json", stdin='{"args": [], "kwargs": {}}'
    ).json
    assert {"path": "kwargs.amount", "old": 1.2} in record["changes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{'a': 1}", "that is no JSON: "),
        ("", "that is no JSON: "),
        ("[1]", "that is no JSON object"),
        ('{"args": [NaN], "kwargs": {}}', "NaN is none of JSON's numbers"),
        ("[" * 100_000, "that is no JSON: "),
    ],
)
def test_a_file_that_is_no_json(dlq, order, text, said):
    """A file that is no JSON object is said; nothing is changed."""
    before = dlq.letter(order)
    done = dlq.alone("edit", order, "--store", dlq.address, "--file", "-", stdin=text)
    assert done.status == 2
    assert said in done.err
    assert dlq.letter(order) == before


def test_a_payload_of_another_kind(dlq, order):
    """A file that is no payload for this letter is said; nothing is changed."""
    before = dlq.letter(order)
    done = dlq.alone("edit", order, "--store", dlq.address, "--file", "-", stdin='{"message": 1}')
    assert done.status == 1
    assert done.err.endswith("; nothing changed\n")
    assert dlq.letter(order) == before


def test_a_file_that_is_no_text(dlq, order):
    """A file that is no UTF-8 is said, without a traceback."""
    dlq.folder.joinpath("new.json").write_bytes(b'{"args": ["\xff"]}')
    done = dlq("edit", order, "--file", "new.json")
    assert done.status == 2
    assert "can't decode byte 0xff" in done.err


def test_wrong_use(dlq, order):
    """--set with --file is refused, and so is neither without a terminal for an editor."""
    dlq.folder.joinpath("new.json").write_text("{}")
    assert dlq("edit", order, "--set", "args=[]", "--file", "new.json").status == 2
    done = dlq("edit", order)
    assert done.status == 2
    assert "say what to change with --add, --set or --file" in done.err


def test_no_such_letter(dlq, order):
    """An id that is not there is said; the exit status is 1."""
    done = dlq("edit", "nonsense", "--set", "args=[]")
    assert done.status == 1
    assert "there is no letter nonsense" in done.err


def test_a_letter_that_someone_holds(dlq, order):
    """A letter that someone else holds is left alone."""
    before = dlq.letter(order)
    dlq.store.claim([order], lease=60)
    assert dlq("edit", order, "--set", "args=[]").status == 1
    assert dlq.letter(order) == before


def test_a_message(dlq):
    """Of a message that was sent by hand the payload is the message."""
    (letter_id,) = dlq.put(letter(message={"to": "Tmo"}))
    assert dlq("edit", letter_id, "--set", "message.to=Tom").out == 'message.to: "Tmo" -> "Tom"\n'
    assert dlq.letter(letter_id).message == {"to": "Tom"}


def test_a_file_that_begins_with_a_mark(dlq, order):
    """A mark of the byte order, as some editors put it before the text, is passed over."""
    path = dlq.folder / "payload.json"
    path.write_text('{"args": [], "kwargs": {}}', encoding="utf-8-sig")
    assert dlq("edit", order, "--file", str(path)).status == 0
    assert dlq.letter(order).args == []


def test_a_long_part(dlq, order):
    """Of a part that is long, the begin is shown."""
    (line,) = dlq("edit", order, "--set", f"kwargs.amount={'x' * 5000}").out.splitlines()
    assert line.startswith('kwargs.amount: 1.2 -> "xxx')
    assert len(line) < 300


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("kwargs.iban=CH93", 'kwargs.iban: nothing -> "CH93"'),
        ('kwargs.user["a.b"]=[1]', 'kwargs.user["a.b"]: nothing -> [1]'),
        ("args[1][1].y=null", "args[1][1].y: nothing -> null"),
    ],
)
def test_a_forgotten_name_is_added(dlq, order, addition, said):
    """--add adds a name to an object that is there, and shows it; all else stays."""
    before = dlq.letter(order)
    assert dlq("edit", order, "--add", addition).out == f"{said}\n"
    assert dlq.letter(order).original == {"args": before.args, "kwargs": before.kwargs}
    assert dlq.letter(order).kwargs["amount"] == 1.2


def test_what_is_added_can_be_set(dlq, order):
    """Additions come first, in their order, whatever the order on the command line; all are done or none."""
    done = dlq("edit", order, "--set", "kwargs.to.zip=8001", "--add", "kwargs.to={}", "--add", "kwargs.to.zip=0")
    assert done.out == 'kwargs.to: nothing -> {"zip": 8001}\n'
    done = dlq("edit", order, "--add", "kwargs.more=1", "--add", "kwargs.to=1")
    assert (done.status, "more" in dlq.letter(order).kwargs) == (1, False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--add", "kwargs.amount=12"], "there is a kwargs.amount already; --set replaces it; nothing changed"),
        (["--set", "kwargs.amuont=12"], "the nearest that is there is kwargs.amount; --add adds it; nothing changed"),
        (["--set", "kwargs.nobody.x=12"], "there is no kwargs.nobody.x: kwargs has amount, user,"),
        (["--add", "kwargs.nobody.x=12"], "there is no kwargs.nobody: kwargs has amount, user,"),
        (["--add", "args[7]=12"], "args is no object: args[+] appends to it; nothing changed"),
        (["--add", "kwargs.amount.x=12"], "kwargs.amount is no object; nothing changed"),
        (["--add", "kwargs.user.$type=tuple"], "is no name that can be added to kwargs.user; nothing changed"),
        (["--add", "kwargs..x=1"], "can't be read"),
    ],
)
def test_what_is_there_is_set_and_what_is_not_is_added(dlq, order, options, said):
    """--add refuses what is there, --set what is not, each naming the other where that works; nothing is changed."""
    before = dlq.letter(order)
    done = dlq("edit", order, *options)
    assert done.status == 1
    assert said in done.err
    assert dlq.letter(order) == before
    assert ("--add adds" in done.err) == ("--add adds" in said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--add", "kwargs.iban"], "--add 'kwargs.iban': expected PATH=VALUE"),
        (["--add", "kwargs.iban={"], "--add: '{' is no JSON"),
        (["--add", "kwargs.x=1", "--file", "-"], "--add or --set, and --file, can't be given together"),
        (["--set", 'kwargs.user={"a": 1, "a": 2}'], "'a' stands twice in one object"),
    ],
)
def test_wrong_additions(dlq, order, options, said):
    """What can't be an addition is wrong use, and says what was expected."""
    done = dlq("edit", order, *options)
    assert done.status == 2
    assert said in done.err


def test_a_name_that_stands_twice(dlq, order, tmp_path):
    """In a file an object with a name twice is refused: which of the two is meant nobody can say."""
    new = tmp_path / "new.json"
    new.write_text('{"args": [], "kwargs": {"amount": 1, "amount": 2}}')
    done = dlq("edit", order, "--file", str(new))
    assert (done.status, "'amount' stands twice in one object; nothing changed" in done.err) == (2, True)
