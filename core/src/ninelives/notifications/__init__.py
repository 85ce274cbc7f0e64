"""Notifications: what someone is told, the channels that deliver it, and who sends it."""
