"""Tables as plain text."""

from __future__ import annotations

from ninelives_cli.tables import drawn


def test_columns_are_aligned():
    """Each column is as wide as its widest cell, numbers stand to the right, and no line ends with blanks."""
    assert drawn(("what", "number"), [("a", "5"), ("longer", "1000000")], numbers=("number",)) == (
        "what     number\n"
        "a             5\n"
        "longer  1000000\n"
    )  # fmt: skip


def test_a_cell_is_one_line():
    """A line break in a cell breaks no line of the table."""
    assert drawn(("a", "b"), [("one\ntwo", "")]) == "a        b\none two\n"


def test_a_table_without_rows_is_its_headings():
    """Nothing to show is shown as that."""
    assert drawn(("kind", "name"), []) == "kind  name\n"


def test_wide_characters_are_aligned():
    """A character that takes two places of a terminal counts for two, one that is put over another for none."""
    rows = [("注文", "1"), ("e\u0301te", "20"), ("order", "3")]
    assert drawn(("what", "count"), rows, ("count",)) == (
        "what   count\n注文       1\ne\u0301te       20\norder      3\n"
    )
