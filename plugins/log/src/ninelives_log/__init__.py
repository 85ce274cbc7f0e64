"""Structured logs for ninelives: every event as one, and the notification channel ``log:``."""
