"""What each error of AWS and its SDK means: one table, most specific first."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AUTHORITIES", "CERTIFICATE", "ENDPOINT", "EXPIRED", "MEANINGS", "NO_TLS", "Meaning"]

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
"""The codes of credentials that were good once."""

# Names of ours, for what the SDK has no class of its own.
AUTHORITIES = "AuthoritiesUnread"
CERTIFICATE = "CertificateRefused"
NO_TLS = "NoTls"
ENDPOINT = "EndpointRefused"


class Meaning(NamedTuple):
    """What an error means.

    Attributes:
        names: Codes of the service, classes of the SDK, ``HTTP5xx``.
        transient: Whether trying again may help.
        what: What went wrong, in words.
        next: What to do about it.
    """

    names: frozenset[str]
    transient: bool
    what: str
    next: str


def _row(names: str, transient: bool, what: str, then: str) -> Meaning:  # noqa: FBT001 - reads as a table
    return Meaning(frozenset(names.split()), transient, what, then)


# Most specific first. A code stands without what is before its last dot: AWS.SimpleQueueService.NonExistentQueue.
# Sources: "Common Errors" and the errors of each action in the API references of SQS and SNS; botocore/exceptions.py.
MEANINGS = (
    _row(
        "RequestThrottled RequestThrottledException Throttled ThrottledException Throttling ThrottlingException"
        " TooManyRequestsException RequestLimitExceeded KmsThrottled KMSThrottling SlowDown"
        " BandwidthLimitExceeded HTTP429",
        True,
        "the service is asked too often",
        "try later; if it lasts, ask AWS for a higher quota",
    ),
    _row("OverLimit", True, "too many messages of the queue are in flight", "try later, when some are done with"),
    _row(
        " ".join(EXPIRED),
        True,
        "the session token has expired",
        "a new one is looked for at the next try; see that whatever renews it runs",
    ),
    _row(
        "AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException NotAuthorized"
        " UnauthorizedOperation OptInRequired KmsAccessDenied KMSAccessDenied KMSAccessDeniedException",
        False,
        "access denied",
        "give these credentials the permission, and see that the region and the account are the right ones",
    ),
    _row(
        "AuthFailure IncompleteSignature InvalidAccessKeyId InvalidClientTokenId InvalidSecurity"
        " InvalidSecurityException InvalidSignatureException MissingAuthenticationToken"
        " MissingAuthenticationTokenException RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch"
        " UnrecognizedClientException",
        False,
        "the credentials are not accepted",
        "see that the key and the secret are right and active, and the machine's clock too",
    ),
    _row(
        "QueueDoesNotExist NonExistentQueue",
        False,
        "there is no such queue",
        "make it, or see that its URL, the region and the account are the right ones",
    ),
    _row(
        "NotFound NotFoundException ResourceNotFoundException",
        False,
        "there is no such topic",
        "make it, or see that its ARN, the region and the account are the right ones",
    ),
    _row("OptedOut OptedOutException", False, "the number does not want messages", "ask its owner to send START"),
    _row(
        "KmsDisabled KMSDisabled KmsInvalidState KMSInvalidState KmsNotFound KMSNotFound KmsOptInRequired"
        " KMSOptInRequired KmsInvalidKeyUsage",
        False,
        "its encryption key can't be used",
        "see that the key is there, enabled, and may be used by these credentials",
    ),
    _row("RequestTimeout RequestTimeoutException HTTP408 HTTP425", True, "the service gave up waiting", "try later"),
    _row(
        "HTTP5xx InternalError InternalErrorException InternalFailure ServiceUnavailable",
        True,
        "the service has trouble of its own",
        "try later",
    ),
    _row("HTTP4xx", False, "the service does not accept this", "see what it says"),
    _row("ClientError", True, "the service answered with an error", "see what it says"),
    _row(
        AUTHORITIES,
        False,
        "the file of the CAs to trust can't be read",
        "see AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, and ca_bundle in the AWS configuration",
    ),
    _row(
        CERTIFICATE,
        False,
        "the server's certificate is not trusted",
        "see that the endpoint is the right one; for a CA of your own, name its file in AWS_CA_BUNDLE",
    ),
    _row(
        NO_TLS,
        False,
        "the server does not speak TLS",
        "see that the endpoint is the right one, or begin it with http:",
    ),
    _row(
        "NoCredentialsError PartialCredentialsError NoAuthTokenError",
        False,
        "there are no credentials",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or give the machine a role",
    ),
    _row(
        "SSOError LoginError TokenRetrievalError RefreshWithMFAUnsupportedError",
        False,
        "the login has ended",
        "log in again: aws sso login",
    ),
    _row(
        "CredentialRetrievalError MetadataRetrievalError",
        True,
        "the credentials can't be had",
        "see that what provides them works",
    ),
    _row(
        "NoRegionError",
        False,
        "there is no region",
        "name one: region= in the address, AWS_DEFAULT_REGION, or the profile's",
    ),
    _row(
        "ProfileNotFound",
        False,
        "there is no such profile",
        "see profile= in the address, AWS_PROFILE, and the files of the AWS configuration",
    ),
    _row(
        f"{ENDPOINT} UnknownEndpointError EndpointProviderError InvalidEndpointConfigurationError InvalidRegionError"
        " UnknownRegionError EndpointVariantError",
        False,
        "the endpoint can't be used",
        "see endpoint= and region= in the address, and AWS_ENDPOINT_URL",
    ),
    _row(
        "ConfigParseError ConfigNotFound InvalidConfigError InvalidRetryConfigurationError InvalidProxiesConfigError"
        " InvalidDefaultsMode MissingDependencyException UnknownCredentialError",
        False,
        "the AWS configuration can't be used",
        "see the files of the AWS configuration, and the variables that begin with AWS_",
    ),
    _row(
        "ParamValidationError ValidationError MissingParametersError",
        False,
        "the SDK does not accept this",
        "see what it says",
    ),
    _row(
        "ConnectTimeoutError ReadTimeoutError TimeoutError",
        True,
        "no answer in time",
        "try later; see that the network lets it through, and that the time-outs are long enough",
    ),
    _row(
        "EndpointConnectionError ProxyConnectionError",
        True,
        "the service can't be reached",
        "see that the network, the name service and the endpoint work",
    ),
    _row("ResponseParserError", True, "the answer can't be read", "see that it is AWS that answers, and no proxy"),
    _row("HTTPClientError OSError", True, "the connection failed", "try later; see that the network works"),
    _row("BotoCoreError", True, "the SDK failed", "see what it says, and that it is AWS that answers"),
)
