"""The notifier of ninelives."""

from __future__ import annotations

from ninelives import AdminNotifier, ErrorSeverity, NotificationChannel

__all__ = ["AdminNotifier", "ErrorSeverity", "NotificationChannel"]
