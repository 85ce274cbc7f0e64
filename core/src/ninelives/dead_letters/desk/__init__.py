"""The desk: what is done to letters by hand, from code and from the command line.

1. `desk` has `Desk`, which is `reads` (what only looks), `writes` (what is done to as many letters as are meant), and
   what stands by itself: editing one, and importing.
2. `selection` says which letters are meant. `run` does something to them: `claiming` claims them, a hundred at a time;
   `tally` counts and tells, and ends it where a store fails; `report` is what the caller gets.
3. What is done has a module each: `rewriting` (note, park, unpark), `purging`, `moving`, `editing`, `importing`; what
   is only looked at: `exporting`, `stats`.

Who did it is `dead_letters.audit`'s to record; looking at several stores as one is `dead_letters.looking`.
"""

from ninelives.dead_letters.desk.desk import Desk

__all__ = ["Desk"]
