"""Reading the options of a mail address, collecting all that is wrong with them."""

from __future__ import annotations

from ninelives.address import Address
from ninelives.address_options import LONGEST_WAIT, read_seconds
from ninelives.checks import shown
from ninelives.errors import ConfigurationError, Problem
from ninelives.redaction import one_line
from ninelives_email.names import mail_address

__all__ = ["OPTIONS", "Options"]

OPTIONS = ("to", "cc", "sender", "tls", "ca", "password_file", "connect_timeout", "read_timeout")
"""What an address may say after the ``?``."""

MAIL_ADDRESS = "a mail address, like 'ops@example.com'"


class Options:
    """The options of one address. An empty one is as good as none.

    Args:
        address: Whose options.

    Attributes:
        problems: What was found wrong so far, unknown options included.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._place = f"channel {one_line(str(Address(address.scheme, address.target)))}"
        self.problems: list[Problem] = []
        try:
            address.refuse_unknown_options(OPTIONS)
        except ConfigurationError as error:
            self.problems += (problem._replace(place=one_line(problem.place)) for problem in error.problems)

    def wrong(self, option: str, value: str, expected: str) -> None:
        """Note a problem with one option; without a name, with what stands before the ``?``."""
        place = f"{self._place}: option {option!r}" if option else self._place
        self.problems.append(Problem(place, shown(value, option) if value else "", expected))

    def text(self, option: str) -> str | None:
        """An option as it stands; None if it is not given."""
        return self._address.options.get(option) or None

    def path(self, option: str) -> str | None:
        """A file's path; it is not looked at."""
        given = self.text(option)
        if given is not None and "\0" in given:
            self.wrong(option, given, "a path without NUL characters")
        return given

    def mail_addresses(self, option: str) -> tuple[str, ...]:
        """Mail addresses with commas between them; those that are none are noted and left out."""
        given = self.text(option)
        found = [] if given is None else [self.mail_address(option, part.strip(" ")) for part in given.split(",")]
        return tuple(address for address in found if address is not None)

    def mail_address(self, option: str, given: str) -> str | None:
        """One mail address; what is none is noted."""
        address = mail_address(given)
        if address is None:
            self.wrong(option, given or "''", f"{MAIL_ADDRESS}; several with commas, the part before the @ in ASCII")
        return address

    def seconds(self, option: str, default: float) -> float:
        """A number of seconds above 0, at most an hour."""
        if self.text(option) is None:
            return default
        return read_seconds(self._address, self._place, option, default, self.problems, most=LONGEST_WAIT)
