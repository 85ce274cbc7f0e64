"""The log without any plugin."""

from __future__ import annotations

import pytest

from ninelives.notifications.notification import ErrorSeverity, Notification
from ninelives.notifications.standard_log import StandardLog


@pytest.mark.parametrize(
    ("notification", "line"),
    [
        (Notification(message="no answer"), "notification ERROR: no answer"),
        (
            Notification(message="m", error_type="E", pipeline="shop", letter_id="id", count=7, details={"a": "b\nc"}),
            "notification ERROR: m error_type=E pipeline=shop letter_id=id count=7 details={'a': 'b\\nc'}",
        ),
        (Notification(message="m", text="own\nwords", count=0), "notification ERROR: own\\nwords count=0"),
        (Notification(message="100 %s", severity=ErrorSeverity.CRITICAL), "notification CRITICAL: 100 %s"),
    ],
)
def test_a_notification_is_one_line(logged, notification, line):
    """It says what there is to say, at the level of its severity; the program's own wording takes the place of ours."""
    StandardLog().send(notification, timeout=5.0)
    (record,) = logged.records
    assert (record.getMessage(), record.levelname) == (line, str(notification.severity))
