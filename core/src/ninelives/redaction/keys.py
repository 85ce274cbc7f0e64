"""Which names of keys say that the value is a secret."""

from __future__ import annotations

import re
from functools import lru_cache

from ninelives.masked_keys import added, is_added

__all__ = ["is_count", "is_header", "is_number", "is_secret"]

# Anywhere in the name, in any case; what is short, or has other meanings as a part, must be all of it.
_SECRET = re.compile(
    r"passw|pass_?phrase|passcode|pwd|secret(?!ar[iy]|smanager)|token(?!iz)|authori[sz]ation|cookie|credential|signature\Z|jwt|csrf|xsrf"
    r"|code_verifier|assertion\Z"
    r"|(?:api|access|account|private|shared|master|signing|encryption|ssh|license|deploy|fernet|hmac|storage|auth"
    r"|service|integration|app|application|consumer|subscription|functions|write|ingestion)[ _-]?key"
    r"|(?:session|sess)[ _-]?id|(?:\A|[ _-])(?:pw|creds|totp|otp|cvv2?|cvc2?)\Z"
    r"|(?:verification|recovery|backup|otp|totp|mfa|2fa|device|auth)[ _-]?code\Z"
    r"|(?:db|database|smtp|imap|mail|ftp|ssh|user|admin|root|login|redis|mysql|pg|postgres|mongo|ldap|proxy|key|mq)"
    r"[ _-]?pass\Z"
    r"|phone|mobile|msisdn|e[_-]?mail|(?:card|cc|pan)[ _-]?(?:number|num|no)\Z|credit[ _-]?card|debit[ _-]?card"
    r"|security[ _-]?code|\A(?:pass|auth|sig|ssn|pin|tel|fax|bearer)\Z",
    re.IGNORECASE,
)

# What these hold has spaces in it: in text it ends with the line.
_HEADER = re.compile(r"authori[sz]ation\Z|cookie\Z", re.IGNORECASE)
# What these hold is a number, which may be written in groups.
_NUMBER = re.compile(r"phone|mobile|msisdn|card|\A(?:cc|pan)|\A(?:tel|fax|ssn)\Z", re.IGNORECASE)

# Of these a number says how many, not which: max_tokens, tokens_used, token_count.
_COUNT = re.compile(r"tokens(?![a-z])|token[ _-]?(?:count|limit|usage)\Z", re.IGNORECASE)

# What follows is what went wrong: jwt.InvalidTokenError, token_error.
_ERROR = re.compile(r"(?:error|exception|warning)s?\Z", re.IGNORECASE)

_LONGEST_KEPT = 64  # characters of a name whose answer is remembered


def is_secret(name: str) -> bool:
    """Whether what goes by this name must not be shown.

    Example:
        >>> is_secret("db_password"), is_secret("user_id")
        (True, False)
    """
    return _remembered(name, added()) if len(name) <= _LONGEST_KEPT else _is_secret(name)


def is_header(name: str) -> bool:
    """Whether its value is all that follows on the line: ``Authorization: Digest a, b``."""
    return _HEADER.search(name) is not None


def is_number(name: str) -> bool:
    """Whether its value may be digits in groups: ``phone: (555) 123-4567``."""
    return _NUMBER.search(name) is not None


def is_count(name: str) -> bool:
    """Whether a number under this name is only how many there are."""
    return _COUNT.search(name) is not None


def _is_secret(name: str) -> bool:
    return (_SECRET.search(name) is not None and _ERROR.search(name) is None) or is_added(name)


@lru_cache(maxsize=2_000)
def _remembered(name: str, _added: re.Pattern[str] | None) -> bool:
    # Its second argument makes it forget what it said before names were added.
    return _is_secret(name)
