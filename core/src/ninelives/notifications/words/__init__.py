"""What a notification says, masked: `content` of calls, `outage_content` of circuits, `templates` by the program.

What a channel makes of a notification, a subject, a line or the whole text, is in `ninelives.notifications.wording`.
"""
