"""An alert in words, whatever goes wrong in finding them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives.late_imports import importing
from ninelives.notifications.alert import Alert, Phase
from ninelives.notifications.behalf import ends_program

if TYPE_CHECKING:
    from ninelives.notifications.notification import Notification

__all__ = ["worded"]


def worded(alert: Alert) -> Notification:
    """What is said of it; little, where making the text fails, but never nothing."""
    with importing():
        from ninelives.notifications.words.content import of_alert

    try:
        return of_alert(alert)
    except BaseException as error:  # whatever an occurrence or a template does: that it happened is told
        if isinstance(error, KeyboardInterrupt) and ends_program(error):
            raise
        import logging

        from ninelives.redaction import masked_traceback

        bare = _bare(alert)
        text = "an alert of kind %s could not be worded\n%s"
        logging.getLogger("ninelives").log(logging.ERROR, text, bare.key, masked_traceback(error))
        return bare


def _bare(alert: Alert) -> Notification:
    from ninelives.notifications.notification import Notification
    from ninelives.redaction import redact_function, redact_text

    about = alert.occurrence
    return Notification(
        message=f"{about.error_type}: what it says can't be shown",
        severity=about.severity,
        error_type=about.error_type,
        pipeline=None if about.pipeline is None else redact_text(about.pipeline),
        key=redact_function(about.key),
        count=alert.count,
        first=alert.first,
        last=alert.last,
        resolved=alert.phase is Phase.RECOVERED,
    )
