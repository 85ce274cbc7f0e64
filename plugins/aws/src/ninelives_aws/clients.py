"""Clients of an AWS service: made at first use, with time-outs of a few seconds and without retries of their own."""

from __future__ import annotations

# What boto3 imports registers itself with the interpreter, which refuses that while it ends: and that may be when the
# first notification goes out.
import concurrent.futures.thread  # noqa: F401 - see above
import os
from bisect import bisect
from typing import TYPE_CHECKING, Any

from ninelives.late_imports import importing
from ninelives.locks import new_lock
from ninelives_aws.meanings import EXPIRED
from ninelives_aws.options import AwsOptions

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config

__all__ = ["Clients"]

# Seconds: what time-outs are rounded down to, so that there are never many clients.
_STEPS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 60.0)

_CONNECTIONS = 50
"""How many connections a client keeps for later; more than botocore's 10, as it warns of each above that."""


class Clients:
    """The clients of one service under one set of options: one for each time-out that is asked for.

    Nothing is imported, read or connected before the first `client`. A process made by `os.fork` makes its own. When
    the credentials have expired, or there were none, the next `client` looks for new ones.

    Args:
        service: AWS's name of it: ``sqs``, ``sns``.
        options: Where it is, who asks, and how long an answer may take.

    Example:
        ``Clients("sqs", AwsOptions(region="us-east-1")).client().get_queue_attributes(...)``
    """

    def __init__(self, service: str, options: AwsOptions) -> None:
        self._service = service
        self._options = options
        self._lock = new_lock()
        self._forget()

    def client(self, timeout: float | None = None) -> Any:
        """A client that threads may share; call it within `store_errors` or `channel_errors`.

        Args:
            timeout: Seconds that a request may cost at most, connecting included, rounded to one of a few steps below.
                Default, and the most: `connect_timeout` and `read_timeout` together. When it is less, both are
                shortened alike. Looking up a name, and asking for credentials where there are none that are good, are
                not in it; another service that is asked for them has both time-outs once more.

        Raises:
            BotoCoreError: The region, the profile or the endpoint can't be used.
        """
        longest = self._options.connect_timeout + self._options.read_timeout
        seconds = longest if timeout is None else min(longest, _rounded_down(timeout))
        with self._lock:
            if self._process != os.getpid():
                self._forget()
            if seconds not in self._made:
                self._made[seconds] = self._make(seconds / longest)
            return self._made[seconds]

    def close(self) -> None:
        """Close all connections; a later `client` opens anew."""
        with self._lock:
            made = self._made
            self._forget()
        for client in made.values():
            client.close()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._session: Session | None = None
        self._made: dict[float, Any] = {}

    def _make(self, share: float) -> Any:
        if self._session is None:  # of our own: the default one is not made for threads
            self._session = self._new_session()
        factory: Any = self._session.client  # typed for each service by name
        client = factory(self._service, endpoint_url=self._options.endpoint, config=self._config(share))
        client.meta.events.register("after-call", self._after_answer)
        client.meta.events.register("after-call-error", self._after_error)
        return client

    def _new_session(self) -> Session:
        with importing():
            import encodings.idna  # noqa: F401 - a socket needs it at its first connection

            from boto3.session import Session  # takes 0.2 s and more
            from botocore.session import get_session

        core = get_session()
        # Also for the clients that it makes by itself, to ask another service for credentials.
        core.set_default_client_config(self._config())
        return Session(botocore_session=core, profile_name=self._options.profile, region_name=self._options.region)

    def _config(self, share: float = 1.0) -> Config:
        from botocore.config import Config

        return Config(
            connect_timeout=self._options.connect_timeout * share,
            read_timeout=self._options.read_timeout * share,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=_CONNECTIONS,
        )

    def _after_answer(self, http_response: Any, parsed: Any, **_: Any) -> None:
        if parsed.get("Error", {}).get("Code") in EXPIRED:
            self._look_for_credentials()
        if not _is_whole(http_response):
            from botocore.exceptions import ConnectionClosedError

            raise ConnectionClosedError(endpoint_url=http_response.url)

    def _after_error(self, exception: Exception, **_: Any) -> None:
        from botocore.exceptions import NoCredentialsError

        if isinstance(exception, NoCredentialsError):  # may be for a moment: the machine's metadata service was away
            self._look_for_credentials()

    def _look_for_credentials(self) -> None:
        # What another thread has in hand is not closed under it: it goes when the last request has ended.
        with self._lock:
            self._forget()


def _rounded_down(timeout: float) -> float:
    # What is left of 5 s is 4.9999 s, and is to be 5 s still.
    return _STEPS[max(bisect(_STEPS, timeout * 1.01) - 1, 0)]


def _is_whole(answer: Any) -> bool:
    """Whether all of it came: the SDK takes half an answer, or the half of its headers, for a whole one."""
    length = answer.headers.get("content-length")
    if length is not None:
        return bool(length == str(len(answer.content)))
    return "transfer-encoding" in answer.headers or bool(answer.content)
