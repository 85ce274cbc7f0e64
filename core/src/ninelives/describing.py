"""Saying what an error is in a few bounded characters, whatever the error does when it is asked."""

from __future__ import annotations

__all__ = ["bounded", "clean_text", "safe_message", "safe_repr", "type_name"]

MESSAGE_LIMIT = 2_000


def type_name(error: BaseException) -> str:
    """``module.qualname`` of the error's class: ``builtins.ValueError``, ``requests.exceptions.HTTPError``.

    Never raises, also for a class that was made by hand with odd names.
    """
    kind = type(error)
    try:
        return bounded(f"{kind.__module__}.{kind.__qualname__}")
    except Exception:
        return bounded(type.__repr__(kind))


def safe_message(error: BaseException, limit: int = MESSAGE_LIMIT) -> str:
    """The error's text, at most `limit` characters and a word on what was cut; always valid UTF-8.

    Never raises an `Exception`: an error whose ``str()`` does is described by its class.

    Args:
        error: Whose text.
        limit: The most characters to keep. Default 2,000.

    Example:
        >>> safe_message(ValueError("no"))
        'no'
        >>> safe_message(ValueError("x" * 1_000_000), limit=5)
        'xxxxx… (1000000 characters)'
    """
    try:
        return bounded(str(error), limit)
    except Exception as failure:
        return f"<{type_name(error)}: its str() raised {type_name(failure)}>"


def bounded(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """The text's first `limit` characters, with its full length if it was cut; lone surrogates are escaped."""
    length = str.__len__(text)
    # Cut before it is escaped, so that a text of a megabyte costs no more than a short one; and once more, as it grew.
    head = clean_text(str.__getitem__(text, slice(limit)))
    if length <= limit and len(head) <= limit:
        return head
    return f"{head[:limit]}… ({length} characters)"


def clean_text(text: str) -> str:
    """The text whole, its lone surrogates escaped: always valid UTF-8."""
    if type(text) is str and text.isascii():
        return text
    # str's own method, as a subclass may have other ideas.
    return str.encode(text, "utf-8", "backslashreplace").decode()


def safe_repr(value: object, limit: int = MESSAGE_LIMIT) -> str:
    """The value's ``repr``, bounded; of one that has none, its class. Never raises an `Exception`."""
    try:
        return bounded(repr(value), limit)
    except Exception as failure:
        return f"<{type(value).__name__}: its repr() raised {type_name(failure)}>"
