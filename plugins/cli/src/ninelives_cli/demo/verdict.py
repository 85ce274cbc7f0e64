"""What came of every request, and whether one was lost: the answers against the service's ledger and the letters."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ninelives import Outcome
from ninelives_cli.demo.run import Demo
from ninelives_cli.demo.service import receipt_for

__all__ = ["Verdict", "verdict_on"]


@dataclass(frozen=True)
class Verdict:
    """How the requests ended.

    ``first_try + retried + dead_lettered == requests``, and ``replayed == dead_lettered`` unless the run was
    interrupted, or letters are waiting or lost.

    Attributes:
        requests: Requests that were made.
        first_try: Answered at the first attempt.
        retried: Answered after retries.
        refused: Of the dead-lettered, those that the open circuit refused: no attempt was made.
        dead_lettered: Failed for good, each kept as a letter.
        replayed: Letters that were run again, answered, and are gone from the store.
        waiting: Letters that are still in the store.
        others: Letters in the store that are not of this run; None if it can't be looked through.
        lost: The requests that have neither the right answer nor a letter, and what is wrong with each.
    """

    requests: int
    first_try: int
    retried: int
    refused: int
    dead_lettered: int
    replayed: int
    waiting: int
    others: int | None
    lost: dict[str, str]

    @property
    def kept(self) -> bool:
        """Whether every request has its answer."""
        return not self.lost and not self.waiting


def verdict_on(demo: Demo) -> Verdict:
    """Look at what the demo did.

    Raises:
        StoreError: The store can't be read.
    """
    outcomes = demo.outcomes
    answered = [outcome for outcome in outcomes.values() if outcome.ok]
    first_try = sum(outcome.attempts == 1 for outcome in answered)
    looked = demo.letters_left()
    left, others = (set[str](), None) if looked is None else looked
    problems = {order: _problem(demo, order, outcome, left) for order, outcome in sorted(outcomes.items())}
    return Verdict(
        requests=len(outcomes),
        first_try=first_try,
        retried=len(answered) - first_try,
        refused=sum(not outcome.ok and outcome.attempts == 0 for outcome in outcomes.values()),
        dead_lettered=len(outcomes) - len(answered),
        replayed=demo.replayed,
        waiting=len(left),
        others=others,
        lost={order: problem for order, problem in problems.items() if problem is not None},
    )


def _problem(demo: Demo, order: str, outcome: Outcome[str], left: AbstractSet[str]) -> str | None:
    expected, answer = receipt_for(order), demo.client.receipts.get(order)
    if answer is None:
        if outcome.letter_id in left:
            return None
        return f"it was never answered, and its letter is not in the store; it failed with {outcome.error!r}"
    if answer != expected:
        return f"it was answered {answer!r}, where {expected!r} is right"
    if demo.service.ledger.get(order) != expected:
        return "it was answered, but the service's ledger does not have it"
    return None
