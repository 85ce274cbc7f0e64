"""Mail addresses and host names, checked so strictly that none can hold anything else: a line break, a second one."""

from __future__ import annotations

import re

__all__ = ["host_name", "mail_address"]

# RFC 5322, section 3.2.3: a dot-atom. Quoted local parts are left out: they may hold anything, and nobody has one.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*\Z", re.ASCII)
# The underscore is for the names that containers have.
_HOST = re.compile(r"(?:(?!-)[\w-]{1,63}(?<!-)\.)*(?!-)[\w-]{1,63}(?<!-)\Z", re.ASCII)
_LONGEST_HOST = 253
# RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3: a path of 256 has the brackets around the address.
_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254


def mail_address(text: str) -> str | None:
    """A mail address as it goes to a server, its domain in ASCII; None if it is none, or its local part is not ASCII.

    Example:
        >>> mail_address("ops@bücher.example")
        'ops@xn--bcher-kva.example'
    """
    local, _at, domain = text.rpartition("@")
    host = host_name(domain)
    if host is None or len(local) > _LONGEST_LOCAL or not _LOCAL.match(local):
        return None
    if "=?" in local:  # the library would decode it as a header's encoded word, line breaks in it included
        return None
    address = f"{local}@{host}"
    return address if len(address) <= _LONGEST_ADDRESS else None


def host_name(text: str) -> str | None:
    """A host's name in ASCII; None if it is none."""
    if not text.isascii():
        try:
            text = text.encode("idna").decode()
        except UnicodeError:
            return None
    return text if len(text) <= _LONGEST_HOST and _HOST.match(text) else None
