"""Notifications as SMS through Amazon SNS, for ninelives: the channel sms:."""
