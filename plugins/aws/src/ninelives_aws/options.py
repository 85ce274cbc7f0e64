"""The options that every address of an AWS backend takes: region, endpoint, profile and time-outs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from ninelives.address import Address
from ninelives.address_options import LONGEST_WAIT, problem_of, read_seconds
from ninelives.checks import guess
from ninelives.errors import Problem

__all__ = ["AWS_OPTIONS", "AwsOptions", "read_options", "unknown_options"]

AWS_OPTIONS = ("region", "endpoint", "profile", "connect_timeout", "read_timeout")
"""The names of the options; a factory lets them pass, besides its own."""

# Both as botocore has them: utils.py, validate_region_name and is_valid_endpoint_url.
_REGION = re.compile(r"(?![0-9]+\Z)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)\Z", re.ASCII)
_HOST = re.compile(r"((?!-)[a-z\d-]{1,63}(?<!-)\.)*(?!-)[a-z\d-]{1,63}(?<!-)\.?\Z", re.ASCII | re.IGNORECASE)


class AwsOptions(Struct, frozen=True):
    """Where a service is, who asks, and how long an answer may take.

    Attributes:
        region: The service's region; None: what the environment or the profile says.
        endpoint: Another server than AWS's own, as a URL; None: AWS.
        profile: A profile of the AWS configuration; None: what the environment says.
        connect_timeout: Seconds until a connection must stand. Default 3.
        read_timeout: Seconds until the answer must come. Default 5.
    """

    region: str | None = None
    endpoint: str | None = None
    profile: str | None = None
    connect_timeout: float = 3.0
    read_timeout: float = 5.0


def read_options(address: Address, place: str, *, region: str | None = None) -> tuple[AwsOptions, list[Problem]]:
    """The AWS options of an address, and what is wrong with them; nothing is opened.

    Args:
        address: Whose options; those that it does not have are as `AwsOptions` says.
        place: What the problems name, secrets masked: ``channel sns:arn:...``.
        region: The region that the address's target is in; ``region=`` may repeat it, and nothing else.
    """
    problems: list[Problem] = []
    options = AwsOptions(
        region=_region(address, place, region, problems),
        endpoint=_endpoint(address, place, problems),
        profile=_profile(address, place, problems),
        connect_timeout=_timeout(address, place, "connect_timeout", AwsOptions().connect_timeout, problems),
        read_timeout=_timeout(address, place, "read_timeout", AwsOptions().read_timeout, problems),
    )
    return options, problems


def unknown_options(address: Address, place: str, known: Iterable[str]) -> list[Problem]:
    """A problem for each option that is neither among `known` nor one of `AWS_OPTIONS`."""
    names = sorted({*known, *AWS_OPTIONS})
    return [
        Problem(f"{place}: option {name!r}", "", f"one of: {', '.join(names)}{guess(name, names)}")
        for name in address.options
        if name not in names
    ]


def _timeout(address: Address, place: str, name: str, default: float, problems: list[Problem]) -> float:
    return read_seconds(address, place, name, default, problems, most=LONGEST_WAIT)


def _region(address: Address, place: str, said: str | None, problems: list[Problem]) -> str | None:
    given = address.options.get("region")
    if given is None:
        return said
    if said is not None and given != said:
        problems.append(problem_of(place, "region", given, f"{said!r}, as the address says, or nothing"))
    elif not _REGION.match(given):
        problems.append(problem_of(place, "region", given, "the name of a region, like 'us-east-1'"))
    return given


def _endpoint(address: Address, place: str, problems: list[Problem]) -> str | None:
    given = address.options.get("endpoint")
    if given is not None and not _is_url(given):
        problems.append(problem_of(place, "endpoint", given, "an http or https URL, like 'http://localhost:4566'"))
    return given


def _profile(address: Address, place: str, problems: list[Problem]) -> str | None:
    given = address.options.get("profile")
    if given is not None and not given.strip():
        problems.append(problem_of(place, "profile", given, "the name of a profile"))
    return given


def _is_url(text: str) -> bool:
    from urllib.parse import urlsplit  # few addresses need it

    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text
    no_more = parts.username is None and not parts.query and not parts.fragment
    return plain and no_more and parts.scheme in ("http", "https") and port != 0 and _is_host(host)


def _is_host(host: str) -> bool:
    return ":" in host or (len(host) <= 255 and _HOST.match(host) is not None)  # noqa: PLR2004 - the longest name in DNS
