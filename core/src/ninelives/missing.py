"""Saying what to install where a backend needs what is not there: that shows at its first use, and no sooner."""

from __future__ import annotations

__all__ = ["install_advice"]


def install_advice(error: BaseException, distribution: str = "the plugin's distribution") -> str:
    """What to add to an error that is a failed import; nothing to any other.

    Args:
        error: What a backend raised.
        distribution: Whose backend it is.

    Example:
        >>> install_advice(ModuleNotFoundError("No module named 'boto3'", name="boto3"), "ninelives-sqs")
        '; pip install boto3, or ninelives-sqs once more, which needs it'
    """
    if not isinstance(error, ImportError) or "partially initialized" in str(error):
        return ""  # what is imported in a circle, or was forked half imported, is there
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return f"; pip install {distribution} once more, with all that it needs"
    return f"; pip install {error.name.partition('.')[0]}, or {distribution} once more, which needs it"
