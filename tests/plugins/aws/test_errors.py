"""What goes wrong with AWS comes out as our errors: whether it may pass, and in words."""

from __future__ import annotations

import pickle
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import trustme
from botocore import exceptions as sdk
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from ninelives.errors import ChannelError, ConfigurationError, StoreError
from ninelives.transient import Kind, classify
from ninelives_aws.clients import Clients
from ninelives_aws.errors import channel_errors, code_of, is_code, store_errors
from ninelives_aws.options import AwsOptions

PLACE = "channel sns:admins"


def answered(code, status=None, message="no"):
    response = {"Error": {"Code": code, "Message": message}}
    if status is not None:
        response["ResponseMetadata"] = {"HTTPStatusCode": status}
    return ClientError(response, "Publish")


def told(error, errors=channel_errors, place=PLACE):
    with pytest.raises((ChannelError, StoreError)) as raised, errors(place):
        raise error
    return raised.value


URL = "https://sns.us-east-1.amazonaws.com/"
MAY_PASS = [
    answered("Throttling", 400), answered("ThrottledException", 429), answered("RequestThrottled", 403),
    answered("Unheard", 429), answered("KMSThrottling", 400), answered("KmsThrottled", 400),
    answered("AWS.SimpleQueueService.OverLimit", 403), answered("ExpiredToken", 403),
    answered("ExpiredTokenException", 400), answered("RequestTimeout", 400), answered("Unheard", 408),
    answered("InternalError", 500), answered("InternalFailure"), answered("ServiceUnavailable"),
    answered("Unheard", 503), answered("Unheard"), answered("301", 301), ClientError({}, "Publish"),
    sdk.EndpointConnectionError(endpoint_url=URL, error="name unknown"), sdk.ConnectTimeoutError(endpoint_url=URL),
    sdk.ReadTimeoutError(endpoint_url=URL), sdk.ConnectionClosedError(endpoint_url=URL),
    sdk.HTTPClientError(error="reset"), sdk.ProxyConnectionError(proxy_url="http://me:hunter2@proxy"),
    sdk.SSLError(endpoint_url=URL, error="EOF occurred in violation of protocol"),
    sdk.CredentialRetrievalError(provider="iam-role", error_msg="no"), sdk.MetadataRetrievalError(error_msg="no"),
    sdk.BotoCoreError(), ResponseParserError("invalid XML"),
    ConnectionResetError("reset"), TimeoutError("timed out"), OSError(24, "too many open files"),
]  # fmt: skip
STAYS = [
    answered("AccessDenied", 403), answered("AuthorizationError", 403), answered("KMSAccessDeniedException", 400),
    answered("InvalidClientTokenId", 403), answered("SignatureDoesNotMatch", 403), answered("AuthFailure"),
    answered("AWS.SimpleQueueService.NonExistentQueue", 400), answered("QueueDoesNotExist", 400),
    answered("NotFound", 404), answered("NotFound"), answered("InvalidParameter", 400), answered("Unheard", 400),
    answered("OptedOut", 400), answered("KMSDisabled", 400), answered("KMSDisabledException", 400),
    sdk.SSLError(endpoint_url=URL, error="[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
    sdk.SSLError(endpoint_url=URL, error="[SSL: WRONG_VERSION_NUMBER] wrong version number"),
    sdk.NoCredentialsError(), sdk.PartialCredentialsError(provider="env", cred_var="secret"),
    sdk.UnauthorizedSSOTokenError(), sdk.NoRegionError(), sdk.ProfileNotFound(profile="ops"),
    sdk.ConfigParseError(path="~/.aws/config"), sdk.InvalidRegionError(region_name="a b"),
    sdk.UnknownEndpointError(service_name="sns", region_name="x"), sdk.ParamValidationError(report="no"),
    ValueError("Invalid endpoint: http://a_b"),
]  # fmt: skip


def name(error):
    return f"{type(error).__name__}-{code_of(error)}"


@pytest.mark.parametrize("error", MAY_PASS, ids=name)
def test_may_pass(error):
    """Throttling, 5xx, the network, time-outs, expired tokens: trying again may help."""
    assert told(error).transient
    assert classify(told(error, store_errors)).kind is Kind.TRANSIENT


@pytest.mark.parametrize("error", STAYS, ids=name)
def test_stays(error):
    """Access denied, no such queue or topic, wrong parameters, certificates, configuration: it can't."""
    assert not told(error).transient
    assert classify(told(error, store_errors)).kind is Kind.PERMANENT


@pytest.mark.parametrize("error", [*MAY_PASS, *STAYS], ids=name)
def test_says_what_and_what_to_do(error):
    """The error names the place, what went wrong, the code, what was said, and the next step; its cause is kept."""
    ours = told(error)
    assert str(ours).startswith(f"{PLACE}: ")
    assert f"({code_of(error) or type(error).__name__})" in str(ours)
    assert "; " in str(ours)
    assert ours.__cause__ is error
    assert "\n" not in str(ours)
    assert str(pickle.loads(pickle.dumps(ours))) == str(ours)  # noqa: S301 - our own


def test_a_whole_message():
    """So does one read."""
    assert str(told(answered("AuthorizationError", 403, "User ops is not authorized to perform: SNS:Publish."))) == (
        "channel sns:admins: access denied (AuthorizationError): User ops is not authorized to perform: SNS:Publish; "
        "give these credentials the permission, and see that the region and the account are the right ones"
    )


def test_secrets_are_masked():
    """Neither the place nor what was said shows a secret or a phone number; what is long is cut. (Law 57.)"""
    error = answered("InvalidParameter", 400, f"+15551230000 password=hunter2\nx-amz-security-token:abc {'x' * 1_000}")
    text = str(told(error, place="channel sms:+15551230000?token=hunter2"))
    assert "555123" not in text
    assert "hunter2" not in text
    assert "abc" not in text
    assert len(text) < 600


def test_the_reason_within():
    """Why a connection could not be made is said, once."""
    refused = sdk.EndpointConnectionError(endpoint_url=URL, error=ConnectionRefusedError("refused"))
    assert str(told(refused)).count("refused") == 1
    assert str(told(sdk.HTTPClientError(error=ConnectionRefusedError("refused")))).count("refused") == 1


def test_ours_pass_through():
    """Errors of ours come out as they are, and so do mistakes of the program."""
    for ours in (StoreError("a"), ChannelError("b"), ConfigurationError("c"), ValueError("d"), KeyError("e")):
        for errors in (store_errors, channel_errors):
            with pytest.raises(type(ours)) as raised, errors(PLACE):
                raise ours
            assert raised.value is ours


def test_an_error_that_is_no_answer():
    """A response that is none, of some other library's error, does no harm."""
    error = OSError("no")
    error.response = "none"
    assert code_of(error) == ""
    assert told(error).transient


def test_is_code():
    """A code is found by its last part, in the SDK's error and in ours that was made of it."""
    error = answered("AWS.SimpleQueueService.NonExistentQueue", 400)
    assert is_code(error, "QueueDoesNotExist", "NonExistentQueue")
    assert is_code(told(error), "NonExistentQueue")
    assert not is_code(error, "OverLimit")
    assert not is_code(ValueError(), "OverLimit")


def test_an_answer_of_another_server(stub):
    """What the SDK trips over in an answer that is not AWS's comes out as an error of ours that may pass."""
    clients = Clients("sns", AwsOptions(endpoint=stub.endpoint))
    for answer in ("<html><body>Please log in</body></html>", "no XML", ""):
        stub.answers.append((200, answer))
        with pytest.raises(ChannelError) as raised, channel_errors(PLACE):
            clients.client().list_topics()
        assert raised.value.transient
    clients.close()


def test_a_missing_region(stub, monkeypatch):
    """Without a region anywhere, the error says where one can be named."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with (
        pytest.raises(ChannelError, match="region= in the address, AWS_DEFAULT_REGION") as raised,
        channel_errors("x:"),
    ):
        Clients("sns", AwsOptions(endpoint=stub.endpoint)).client()
    assert not raised.value.transient


def test_a_wrong_endpoint(aws_environment, monkeypatch):
    """An endpoint that the SDK refuses is named as what it is."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://a_b")
    with pytest.raises(ChannelError, match="AWS_ENDPOINT_URL") as raised, channel_errors("x:"):
        Clients("sns", AwsOptions()).client()
    assert not raised.value.transient


class Sns(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        data = b"<ListTopicsResponse><ListTopicsResult/></ListTopicsResponse>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that does not trust it hangs up


@pytest.fixture
def encrypted(tmp_path):
    """A server with a certificate of its own authority; its port, and the authority's file."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = Quiet(("127.0.0.1", 0), Sns)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1], str(tmp_path / "ca.pem")
    server.shutdown()
    thread.join()
    server.server_close()


def test_certificates_are_verified(aws_environment, encrypted, monkeypatch, tmp_path):
    """A certificate that is not trusted, or of another name, is refused for good; a trusted one is taken."""
    port, authority = encrypted
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))

    def ask(host, trusted):
        monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
        clients = Clients("sns", AwsOptions(endpoint=f"https://{host}:{port}"))
        try:
            with channel_errors(PLACE):
                return clients.client().list_topics().get("Topics", [])
        finally:
            clients.close()

    assert ask("localhost", authority) == []
    for host, trusted in (("localhost", other), ("127.0.0.1", authority)):
        with pytest.raises(ChannelError, match="certificate is not trusted") as raised:
            ask(host, trusted)
        assert not raised.value.transient


def test_a_server_without_tls(stub):
    """An encrypted connection to a server that speaks none fails for good, and the error says why."""
    clients = Clients("sns", AwsOptions(endpoint=f"https://127.0.0.1:{stub.port}"))
    with pytest.raises(ChannelError, match="does not speak TLS") as raised, channel_errors(PLACE):
        clients.client().list_topics()
    assert not raised.value.transient
    clients.close()


def test_authorities_that_can_not_be_read(encrypted, aws_environment, monkeypatch, tmp_path):
    """When the file of `AWS_CA_BUNDLE` is not there, or is none, that is said, and trying again does not help."""
    (tmp_path / "empty.pem").touch()
    for name in ("none.pem", "empty.pem", "."):
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / name))
        clients = Clients("sns", AwsOptions(endpoint=f"https://localhost:{encrypted[0]}"))
        with pytest.raises(ChannelError, match=r"can't be read .*see AWS_CA_BUNDLE") as raised, channel_errors(PLACE):
            clients.client().list_topics()
        assert not raised.value.transient
        clients.close()
