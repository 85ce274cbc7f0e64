"""The store of an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives.address import Address
from ninelives.address_options import problem_of
from ninelives.errors import ConfigurationError, Problem
from ninelives_aws.options import AWS_OPTIONS, AwsOptions, read_options
from ninelives_sqs.queue_url import EXPECTED, read_url

if TYPE_CHECKING:
    from ninelives_sqs.store import SqsStore

__all__ = ["sqs_store"]


def sqs_store(address: Address) -> SqsStore:
    """The store of ``sqs:QUEUE_URL?region=&endpoint=&profile=&connect_timeout=3&read_timeout=5&wait=1``.

    The region is the one that the URL says; only where it says none is there anything to choose. A URL of a service
    that is not AWS's own, such as an emulator's, is its endpoint too.

    Raises:
        ConfigurationError: It is no queue's URL, or an option is unknown, wrong, or contradicts the URL.
    """
    from ninelives_sqs.store import SqsStore  # late: whoever looks up any store comes through this module

    place = str(Address(address.scheme, address.target))  # an option that is misspelt may be a password
    url = read_url(address.target)
    problems = _unknown(address)
    if url is None:
        problems.append(Problem(f"{place}: queue", "", EXPECTED))
    options, wrong = read_options(address, place, region=url.region if url is not None else None)
    problems += wrong
    wait = _wait(address, place, options, problems)
    if problems:
        raise ConfigurationError(*problems)
    return SqsStore(address.target, options=options, wait=wait)


def _unknown(address: Address) -> list[Problem]:
    try:
        address.refuse_unknown_options((*AWS_OPTIONS, "wait"))
    except ConfigurationError as error:
        return list(error.problems)
    return []


def _wait(address: Address, place: str, options: AwsOptions, problems: list[Problem]) -> int:
    from ninelives_sqs.store import MAX_WAIT, WAIT

    given = address.options.get("wait", str(WAIT))
    if not (given.isascii() and given.isdigit() and len(given) <= 2 and int(given) <= MAX_WAIT):  # noqa: PLR2004 - digits of 20
        problems.append(problem_of(place, "wait", given, f"a whole number of seconds from 0 to {MAX_WAIT}"))
        return WAIT
    if int(given) >= options.read_timeout:
        fits = f"less than read_timeout, which is {options.read_timeout:g}: an answer may take that long"
        problems.append(problem_of(place, "wait", given, fits))
    return int(given)
