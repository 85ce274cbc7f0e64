"""Notifications by mail, for ninelives: the channels smtp: and smtps:."""
