"""Letters in an Amazon SQS queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from ninelives.address import Address, masked
from ninelives.clock import SYSTEM_CLOCK, Clock
from ninelives.dead_letters.letter import DeadLetter, LetterFilter
from ninelives.dead_letters.store import Lease, Page
from ninelives.errors import ConfigurationError, Problem, StoreError, UnsupportedError
from ninelives_aws.clients import Clients
from ninelives_aws.options import AwsOptions
from ninelives_sqs.checking import count_of, words_of
from ninelives_sqs.ending import Ending
from ninelives_sqs.leases import Leases
from ninelives_sqs.looking import Seen
from ninelives_sqs.queue import Queue
from ninelives_sqs.queue_url import EXPECTED, QueueUrl, read_url
from ninelives_sqs.receiving import receive
from ninelives_sqs.searching import Search
from ninelives_sqs.sending import Sender

__all__ = ["MAX_WAIT", "WAIT", "SqsStore"]

WAIT = 1
MAX_WAIT = 20


class SqsStore:
    """A store in one SQS queue, standard or FIFO, for any number of threads, processes and machines.

    SQS delivers at least once and can't be searched. So a letter may be there twice, and `get`, `claim` and `browse`
    receive the first 100 messages and give them back at once. Each such look counts as a receive: where the queue has
    a redrive policy of its own, it moves letters away that are looked at often.

    Letters have to be smaller than the queue's ``MaximumMessageSize``, 1 MiB at most. SQS deletes them after the
    queue's retention period, 14 days at most. Messages that others have put there are letters too, without an
    operation: their raw body is the letter's message.

    Args:
        queue_url: The queue's URL.
        options: Region, endpoint, profile and time-outs. What they leave open the URL says.
        wait: Seconds that SQS waits for a message when there is none, 0 to 20; less than the read time-out. With 0 it
            asks only some of its servers, and may overlook one. Default 1.
        clock: Tells when leases end; None is the machine's clock.

    Raises:
        ConfigurationError: The URL is none of a queue.

    Example:
        >>> SqsStore("https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters").name
        'sqs:https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters'
    """

    searchable = False
    """It shows only some of its letters."""

    parks = False
    """It can't keep a letter without handing it out."""

    def __init__(
        self, queue_url: str, *, options: AwsOptions | None = None, wait: int = WAIT, clock: Clock | None = None
    ) -> None:
        url = _checked(queue_url)
        own_clock = clock or SYSTEM_CLOCK
        self.name = str(Address("sqs", queue_url))
        self._wait = wait
        self._clock = own_clock
        self._leases = Leases()
        self._seen = Seen(own_clock)
        self._queue = Queue(queue_url, self.name, Clients("sqs", _completed(options or AwsOptions(), url)), own_clock)
        self._sender = Sender(self._queue, fifo=url.fifo)
        self._ending = Ending(self._queue, self._sender, self._leases, own_clock, fifo=url.fifo)
        self._search = Search(self._queue, self._leases, self._seen, own_clock, wait)

    def put(self, letter: DeadLetter) -> None:
        """Send the letter, with one request; SQS has it, on several servers, when this returns.

        One with the same id stays beside it. A FIFO queue drops the very same record within five minutes.

        Raises:
            LetterTooLargeError: It is larger than the queue takes.
            UnsupportedError: It is parked.
            StoreError: It could not be sent; after a time-out it may be there all the same.
        """
        self._sender.put(letter)
        self._seen.forget(letter.id)

    def put_many(self, letters: Iterable[DeadLetter]) -> None:
        """Send all of them, ten with one request, as far as they fit.

        Raises:
            StoreError: Not all were sent; `stored` says which were. Of one that is too large, or parked, the others are
                sent nevertheless.
        """
        given = list(letters)
        self._sender.put_many(given)
        for letter in given:
            self._seen.forget(letter.id)

    def receive(self, max_letters: int, *, lease: float) -> list[Lease]:
        """Claim whatever waiting letters come first, about the oldest, for `lease` seconds; never parked ones.

        Args:
            max_letters: How many at most; every ten cost a request.
            lease: Seconds, 0 to 43,200; SQS counts in whole ones, rounded up.

        Raises:
            StoreError: SQS can't be asked, or the lease is out of its range.
        """
        leases = receive(self._queue, self._clock, max_letters, lease, self._wait)
        self._leases.note(leases)
        return leases

    def claim(self, letter_ids: Sequence[str], *, lease: float) -> list[Lease]:
        """Claim each of these for `lease` seconds; all or none.

        It receives up to 100 messages and gives the others back at once, which raises their receive count.

        Raises:
            LetterNotFoundError: One of them is not among the messages that were looked at; it says how many that were.
            LetterBusyError: One of them is held through this store. What others hold can't be seen, and is not found.
            StoreError: SQS can't be asked, or the lease is out of its range.
        """
        leases = self._search.claim(letter_ids, lease)
        self._leases.note(leases)
        return leases

    def renew(self, lease: Lease, seconds: float) -> Lease:
        """The same claim, for `seconds` from now, 12 hours in all.

        Raises:
            LeaseLostError: The lease has ended.
            StoreError: SQS can't be asked, or does not hide the message for so long.
        """
        return self._ending.renew(lease, seconds)

    def ack(self, lease: Lease) -> None:
        """The letter is gone for good; if it is gone already, that is as good.

        After the lease has ended it is deleted too, as its work is done. SQS does not promise that: it may come back.

        Raises:
            LeaseLostError: The letter was given back, or went to someone else, as far as this store or SQS knows.
            StoreError: SQS can't be asked.
        """
        self._ending.ack(lease)
        self._seen.forget(lease.letter.id)

    def ack_many(self, leases: Iterable[Lease]) -> None:
        """All of these letters are gone for good, ten with one request; of one that fails, the others are gone.

        Raises:
            LeaseLostError: One was given back, or went to someone else, as far as this store or SQS knows.
            StoreError: SQS can't be asked, or did not delete one of them.
        """
        given = list(leases)
        try:
            self._ending.ack_many(given)
        finally:  # some may be gone
            for lease in given:
                self._seen.forget(lease.letter.id)

    def release(self, lease: Lease, letter: DeadLetter | None = None) -> None:
        """Give the letter back, with its updated record if one is given.

        An updated record is sent as a new message, then the old one is deleted. If that fails in between, the letter is
        there twice, with its old record and its new one.

        Raises:
            LeaseLostError: The letter was given back, or went to someone else, as far as this store or SQS knows.
            LetterTooLargeError: The new record is larger than the queue takes; the letter stays as it was.
            UnsupportedError: The new record is parked; the letter stays as it was.
            StoreError: SQS can't be asked, or the record is another letter's.
        """
        self._ending.release(lease, letter)
        self._seen.forget(lease.letter.id)

    def browse(self, filter: LetterFilter, *, limit: int, cursor: str | None = None) -> Page:
        """Letters that match among the first 100 that SQS gives, oldest first; and those that this store holds.

        It receives messages until `limit` of them match, 100 at most, and gives them back at once, which raises their
        receive count. There is no second page: `cursor` is always None.

        Raises:
            StoreError: SQS can't be asked, or a cursor was given.
        """
        if cursor is not None:
            raise StoreError(
                f"{self.name}: there is no second page: {cursor!r} is none of its cursors", transient=False
            )
        return Page(tuple(self._search.matching(filter, limit)) if limit > 0 else ())

    def get(self, letter_id: str) -> DeadLetter:
        """The letter with that id, as it was seen within the last minute; else it is looked for as `claim` does.

        Raises:
            LetterNotFoundError: It is not among the messages that were looked at; it says how many that were.
            StoreError: SQS can't be asked.
        """
        return self._search.get(letter_id)

    def count(self, filter: LetterFilter | None = None) -> int:
        """About how many there are: waiting, held and delayed ones.

        Raises:
            UnsupportedError: Only some were to be counted.
            StoreError: SQS can't be asked.
        """
        if filter is not None and not filter.empty:
            raise UnsupportedError(
                f"{self.name}: SQS has no search: it can't count only some of its messages; without a filter it says "
                "how many there are in all, and looking through shows which of the first 100 match"
            )
        return count_of(self._queue.attributes())

    def check(self, *, timeout: float) -> str:
        """Ask for the queue's attributes, and to send no message at all; what there is to know, in words.

        Args:
            timeout: Seconds that each answer may take.

        Raises:
            StoreError: The queue is not there, can't be reached, or may not be read or sent to.
        """
        attributes = self._queue.attributes(timeout)
        self._queue.send_nothing(timeout)
        return words_of(attributes)

    def close(self) -> None:
        """Close the connections and forget what was seen; a later call opens new ones."""
        self._queue.close()
        self._leases.clear()
        self._seen.clear()


def _checked(queue_url: str) -> QueueUrl:
    url = read_url(queue_url)
    if url is None:
        raise ConfigurationError(Problem("SqsStore(queue_url=)", repr(masked(queue_url)), EXPECTED))
    return url


def _completed(options: AwsOptions, url: QueueUrl) -> AwsOptions:
    return structs.replace(options, region=options.region or url.region, endpoint=options.endpoint or url.endpoint)
