"""The requests that a store makes of SQS, and what their errors mean for letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ninelives.clock import Clock
from ninelives.dead_letters.store import Lease
from ninelives.errors import LeaseLostError, LetterTooLargeError, StoreError
from ninelives_aws.clients import Clients
from ninelives_aws.errors import is_code, store_errors
from ninelives_sqs.batches import Failed, failed_of
from ninelives_sqs.incoming import Received, received
from ninelives_sqs.leases import receipt_of
from ninelives_sqs.outgoing import Message

__all__ = ["Queue", "lost"]

_RECEIPT_ERRORS = ("ReceiptHandleIsInvalid", "MessageNotInflight")


class Queue:
    """A queue in SQS.

    Args:
        url: Its URL.
        name: What it is called in errors, secrets masked.
        clients: Connections to the service.
        clock: Tells the time.
    """

    def __init__(self, url: str, name: str, clients: Clients, clock: Clock) -> None:
        self.name = name
        self._url = url
        self._clients = clients
        self._clock = clock

    def attributes(self, timeout: float | None = None) -> dict[str, str]:
        """What the queue says of itself.

        Args:
            timeout: Seconds that the answer may take; None: what is configured.
        """
        with self._request(timeout) as client:
            answer = client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])
        attributes: dict[str, str] = answer.get("Attributes", {})
        return attributes

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            LetterTooLargeError: The queue takes less than was known.
        """
        with self._request() as client, _size_errors(message, self.name):
            client.send_message(QueueUrl=self._url, **message.request())

    def send_batch(self, messages: Sequence[Message]) -> dict[int, Failed]:
        """Send up to ten messages; which were not accepted, by their places."""
        entries = [{"Id": str(place), **message.request()} for place, message in enumerate(messages)]
        with self._request() as client:
            answer = client.send_message_batch(QueueUrl=self._url, Entries=entries)
        return failed_of(messages, answer)

    def send_nothing(self, timeout: float) -> None:
        """Ask to send no messages: SQS refuses it, and first whoever may not send.

        Args:
            timeout: Seconds that the answer may take.
        """
        with self._request(timeout) as client:
            try:
                client.send_message_batch(QueueUrl=self._url, Entries=[])
            except Exception as error:
                if not is_code(error, "EmptyBatchRequest"):
                    raise

    def receive(self, count: int, *, hidden: int, wait: int) -> list[Received]:
        """Receive up to ten messages, hidden from others for so many seconds; wait for one so many seconds."""
        with self._request() as client:
            answer = client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=count,
                VisibilityTimeout=hidden,
                WaitTimeSeconds=wait,
                AttributeNames=["All"],  # the newer name of this is unknown to older SDKs
                MessageAttributeNames=["All"],
            )
        now = self._clock.now()
        return [received(message, now) for message in answer.get("Messages", ())]

    def delete(self, lease: Lease) -> None:
        """Delete the message.

        Raises:
            LeaseLostError: SQS does not take the receipt any more.
        """
        with self._request() as client, _receipt_errors(lease, self.name):
            client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt_of(lease))

    def delete_batch(self, leases: Sequence[Lease]) -> dict[int, Failed]:
        """Delete up to ten messages; which were not deleted, by their places."""
        entries = [{"Id": str(place), "ReceiptHandle": receipt_of(lease)} for place, lease in enumerate(leases)]
        with self._request() as client:
            return failed_of(leases, client.delete_message_batch(QueueUrl=self._url, Entries=entries))

    def hide(self, lease: Lease, seconds: int) -> None:
        """Hide the message from others for so many seconds from now; 0 gives it back.

        Raises:
            LeaseLostError: SQS does not take the receipt any more.
        """
        with self._request() as client, _receipt_errors(lease, self.name):
            client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_of(lease), VisibilityTimeout=seconds
            )

    def hide_batch(self, messages: Sequence[Received], seconds: int) -> dict[int, Failed]:
        """Hide up to ten messages; which were not, by their places."""
        entries = [
            {"Id": str(place), "ReceiptHandle": message.receipt, "VisibilityTimeout": seconds}
            for place, message in enumerate(messages)
        ]
        with self._request() as client:
            return failed_of(messages, client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries))

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._clients.close()

    @contextmanager
    def _request(self, timeout: float | None = None) -> Iterator[Any]:
        with store_errors(self.name):
            yield self._clients.client(timeout)


@contextmanager
def _size_errors(message: Message, name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not _says(error, "shorter than"):
            raise
        raise LetterTooLargeError(
            f"{name}: letter {message.letter_id} is a message of {message.size} bytes, which is more than the queue "
            "takes; raise its MaximumMessageSize (up to 1,048,576)"
        ) from error


@contextmanager
def _receipt_errors(lease: Lease, name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if _says(error, "Total VisibilityTimeout"):
            raise StoreError(
                f"{name}: the lease of letter {lease.letter.id} can't be prolonged so far: SQS hides a message for "
                "12 hours in all; acknowledge the letter or give it back before that",
                transient=False,
            ) from error
        if is_code(error, *_RECEIPT_ERRORS) or _says(error, "ReceiptHandle"):
            raise lost(lease, name) from error
        raise


def lost(lease: Lease, name: str) -> LeaseLostError:
    """What whoever is too late is told."""
    return LeaseLostError(
        f"{name}: the lease of letter {lease.letter.id}, until {lease.until.isoformat()}, is over, and the letter was "
        "given back or may be someone else's: what was done under it is not recorded. Take longer leases, or renew them"
    )


def _says(error: Exception, words: str) -> bool:
    """Whether it is SQS's complaint about a parameter, in these words."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return is_code(error, "InvalidParameterValue") and words in response.get("Error", {}).get("Message", "")
