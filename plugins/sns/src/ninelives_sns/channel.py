"""The channel ``sns:``: a notification published to a topic."""

from __future__ import annotations

from ninelives.notifications.notification import Notification
from ninelives_aws.clients import Clients
from ninelives_aws.errors import channel_errors
from ninelives_aws.options import AwsOptions
from ninelives_sns.deduplication import Deduplication
from ninelives_sns.publication import publication_of

__all__ = ["SnsChannel"]


class SnsChannel:
    """Publishes to an SNS topic, one request for each notification.

    A request whose answer was lost may have been taken: tried again, its notification may be published twice. A FIFO
    topic drops the repeat.

    Args:
        topic_arn: The topic's ARN; `ninelives_sns.factory.sns_channel` checks it.
        format: ``text``, for people, or ``json``, for machines.
        options: Where SNS is, who asks, and how long an answer may take; the region is the topic's.
    """

    def __init__(self, topic_arn: str, *, format: str = "text", options: AwsOptions) -> None:
        self._topic = topic_arn
        self._format = format
        self._place = f"channel sns:{topic_arn}"
        self._clients = Clients("sns", options)
        self._repeats = Deduplication()

    def send(self, notification: Notification, *, timeout: float) -> None:
        """Publish it: SNS has accepted it when this returns."""
        fields = publication_of(notification, self._format)
        if self._topic.endswith(".fifo"):
            fields |= self._repeats.fields_of(notification)
        with channel_errors(self._place):
            self._clients.client(timeout).publish(TopicArn=self._topic, **fields)
        self._repeats.forget(notification)

    def check(self, *, timeout: float) -> str:
        """See that the topic is there; nothing is published, so the permission to publish is not tried."""
        with channel_errors(self._place):
            found = self._clients.client(timeout).get_topic_attributes(TopicArn=self._topic)
        confirmed = found.get("Attributes", {}).get("SubscriptionsConfirmed")
        if confirmed == "0":
            return "the topic is there, but nobody has confirmed a subscription to it"
        return f"the topic is there; confirmed subscriptions: {confirmed}"

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()
