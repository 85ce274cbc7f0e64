"""Notifications through an Amazon SNS topic, for ninelives: the channel sns:."""
