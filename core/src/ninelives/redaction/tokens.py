"""Secrets in text that have a shape of their own: credentials, tokens, keys, passwords in URLs, mail addresses.

Every pattern is linear: it starts only where a run of its characters starts, and possessive quantifiers (``++``) never
go back. So hostile text costs no more than other text of its length.
"""

from __future__ import annotations

import re

from ninelives.address import MASK

__all__ = ["mask_credentials", "mask_key_blocks", "mask_mail", "mask_tokens", "mask_url_passwords"]

# RFC 7468 (PEM), and OpenPGP's blocks. One that is cut off before its end is masked to where the text ends.
_KEY_BLOCK = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)(?!\*{3})[^-]*+(?:-(?!----END )[^-]*+)*+"
    r"(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
# To the last @ before the query: one in a password that was not encoded must not show its rest. A port is no password.
_URL_PASSWORD = re.compile(r"(://(?!\[)[^\s/:]*+:)(?![0-9]*+/)(?:[^\s/?]|/(?!/)|\?(?!\w++=))+@")
# A token as a user without a password: https://TOKEN@host; names are shorter.
_URL_TOKEN = re.compile(r"(://)[\w.%~+-]{20,}+(?=(?::\*{3})?@)")
_ORACLE = re.compile(r"(\boracle:\w{2,8}:[^\s/@:]{1,64}+/)[^\s@]{1,200}+(?=@)")
# OAuth's authorization codes, and keys, in the query of a URL or in a form: long, and no words.
_QUERY = re.compile(
    r"((?:[?&]|(?<![\w.&?-])(?=code=[^&\s]{16,200}&))(?:code|key)=)(?=[\w%.~/+-]{0,200}?[0-9])"
    r"(?=[\w%.~/+-]{0,200}?[A-Za-z])(?:(?<=code=)[\w%.~/+-]{16,}+|(?=[\w-]{0,200}?[a-z])(?=[\w-]{0,200}?[A-Z])[\w-]{20,}+)"
)
_SPACE = r"(?:\s++|%20|\+)"
_BEARER = re.compile(
    rf"(?i)\b(bearer{_SPACE}[\"'<]?)(?!(?:token|auth|realm|scheme|error|is|was|and|or|not|for|of)\b|auth\w*\b)"
    r"[\w.~+/=-]++(?:\*{3})?"
)
# Credentials in base64 hold a digit, a capital or "=" past their first character; the word after "basic" does not.
_BASIC = re.compile(
    rf"(?i:\b((?:basic|negotiate|ntlm){_SPACE}))(?=[A-Za-z0-9+/][a-z+/]*+[A-Z0-9=])[A-Za-z0-9+/_-]{{6,}}+=*+"
)
# JSON Web Tokens (RFC 7519): a header that begins with {" in base64, and the parts that follow it, maybe on more lines.
_BREAK = r"(?:\r?\n|\\r\\n|\\n)[ \t]{0,8}+"
_JWT = re.compile(
    rf"(?<![\w-])eyJ[\w-]{{8,}}+(?:{_BREAK}(?:[\w-]{{16,}}+|[\w-]++(?=\.[\w-])))*+(?:\.++(?:{_BREAK})?[\w-]++(?:{_BREAK}(?:[\w-]{{16,}}+|[\w-]++(?=\.[\w-])))*+)++"
)
# What a mail client sends to log in (RFC 4954): base64 has small letters and others, a word has not.
_SMTP_LOGIN = re.compile(
    r"\b(AUTH (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5) )(?=[A-Za-z0-9+/=]{0,200}?[a-z])"
    r"(?=[A-Za-z0-9+/][A-Za-z0-9+/]{0,200}?[A-Z0-9=])[A-Za-z0-9+/=]{8,}+"
)
# Of an application of Microsoft Entra; of Mailchimp.
_ENTRA = re.compile(r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?![\w~.-])")
_MAILCHIMP = re.compile(r"(?<![\w-])[0-9a-f]{32}-us[0-9]{1,2}(?![\w-])")
# GitHub, GitLab, Slack, Stripe, OpenAI and Anthropic, Google, npm, PyPI, Hugging Face, SendGrid, DigitalOcean, Shopify,
# Square, HashiCorp, Docker, Tailscale, Linear, New Relic, Pulumi, RubyGems, Atlassian, Postman, age, Databricks,
# Doppler, Notion, Grafana, Sentry, Brevo, Heroku, Replicate, Groq, PlanetScale, Supabase, Bedrock, Facebook; Mailgun.
_KNOWN = re.compile(
    r"(?<![A-Za-z0-9])(?:(AKIA|ASIA)[A-Z0-9]{16}"
    r"|(sk-|[rsp]k_(?:live|test)_|whsec_|gh[opsru]_|github_pat_|xox[a-z](?=-[\w%.-]{0,60}?[0-9])-|xapp-"
    r"|gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-|npm_(?=[A-Za-z0-9]{10})|pypi-Ag|hf_(?=[A-Za-z0-9]{10})|AIza"
    r"|ya29\.|GOCSPX-|SG\.|do[opr]_v1_|shp(?:at|ca|pa|ss)_|sq0[a-z]{3}-|hv[sbr]\.|dckr_pat_|tskey-[a-z]{1,10}-|lin_api_"
    r"|NRAK-|pul-|rubygems_|ATATT3|PMAK-|AGE-SECRET-KEY-1|dapi(?=[0-9a-f]{32})|dp\.[ps]t\.|ntn_|gl(?:sa|c)_(?=[\w=-]{0,60}?[0-9])"
    r"|sntry[su]_|xkeysib-|HRKU-|r8_(?=[A-Za-z0-9]{30})|gsk_(?=[A-Za-z0-9]{30})|pscale_(?:tkn|pw)_|sb[ps]_(?=[0-9a-f]{40})|sb_secret_"
    r"|ABSK(?=[A-Za-z0-9+/]{60})|EAA(?=[A-Za-z0-9]{60}))[\w.-]{10,}+"
    r"|(key-)[0-9a-f]{32}(?![\w-])|(1//0)[\w-]{20,}+)"
)
# Beside the id of an AWS access key: the key, which has no shape but its length.
_AWS_SECRET = re.compile(
    r"((?:AKIA|ASIA)[A-Z0-9]{16}\b[^\n]{0,80}?)(?<![\w/+])(?=[/+]*[A-Za-z0-9])[A-Za-z0-9/+]{40}(?![\w/+=])"
)
_HOOK = re.compile(
    r"(hooks\.slack\.com/(?:services|workflows|triggers)/|hooks\.zapier\.com/hooks/catch/|(?:discord|discordapp)\.com/api/webhooks/[0-9]{1,20}/"
    r"|(?:outlook|webhook)\.office\.com/webhook(?:b2)?/|api\.telegram\.org/bot)[\w/:@-]++"
)
_TELEGRAM = re.compile(r"(?<![\w-])([0-9]{8,10}:)AA[\w-]{30,}+")
_COOKIE = re.compile(r"(<(?:Cookie |Morsel: )[^=\s<>]{1,200}=)[^\s;<>]++")  # as their repr shows them
# Quoted parts and addresses of machines as RFC 5321 has them. lodash@4.17.21 is a version.
_MAIL = re.compile(
    r"""(?:[\w.%+!#$*^~-](?<![\w.%+!#$*^~-].)(?<![\w.%+!#$*^~-]'.)[\w.%+!#$*^~-]*+(?:'[\w.%+!#$*^~-]++)*+
          |"(?:[^"\r\n@\\]|\\.){1,64}")
        @(?!v?[0-9]++\.[0-9]++(?:\.[0-9]++)?(?![.\w]))(?=[\w-]++\.[\w-]|localhost\b|\[[0-9a-fA-F:.I])""",
    re.VERBOSE,
)
_ENCODED_MAIL = re.compile(r"[\w.-](?<![\w.%-].)(?:[\w.-]|%2[Bb])*+%40(?=[\w-]++\.[\w-])")


def mask_key_blocks(text: str) -> str:
    """Blocks of private keys (PEM): the line that begins them stays."""
    return _KEY_BLOCK.sub(rf"\1{MASK}", text) if "PRIVATE KEY" in text else text


def mask_url_passwords(text: str) -> str:
    """Passwords in URLs: ``postgres://app:***@db``."""
    if "oracle:" in text:
        text = _ORACLE.sub(rf"\1{MASK}", text)
    if "code=" in text or "key=" in text:
        text = _QUERY.sub(rf"\1{MASK}", text)
    if "://" not in text:
        return text
    return _URL_TOKEN.sub(rf"\1{MASK}", _URL_PASSWORD.sub(rf"\1{MASK}@", text)) if "@" in text else text


def mask_credentials(text: str) -> str:
    """Bearer and basic credentials, wherever they stand."""
    lowered = text.lower()
    if "bearer" in lowered:
        text = _BEARER.sub(rf"\1{MASK}", text)
    if "basic" in lowered or "negotiate" in lowered or "ntlm" in lowered:
        text = _BASIC.sub(rf"\1{MASK}", text)
    return _SMTP_LOGIN.sub(rf"\1{MASK}", text) if "AUTH " in text else text


def mask_tokens(text: str) -> str:
    """JSON Web Tokens, AWS access keys, addresses of web hooks, and what begins as well-known services' tokens do."""
    if "eyJ" in text:
        text = _JWT.sub(f"eyJ{MASK}", text)
    if ".com/" in text or ".org/" in text:
        text = _HOOK.sub(rf"\1{MASK}", text)
    if ":AA" in text:
        text = _TELEGRAM.sub(rf"\1{MASK}", text)
    if "<Cookie " in text or "<Morsel: " in text:
        text = _COOKIE.sub(rf"\1{MASK}", text)
    if "Q~" in text:
        text = _ENTRA.sub(MASK, text)
    if "-us" in text:
        text = _MAILCHIMP.sub(MASK, text)
    if "AKIA" in text or "ASIA" in text:
        text = _AWS_SECRET.sub(rf"\1{MASK}", text)
    return _KNOWN.sub(lambda found: f"{found[found.lastindex or 0]}{MASK}", text)


def mask_mail(text: str) -> str:
    """Mail addresses; the domain stays."""
    if "%40" in text:
        text = _ENCODED_MAIL.sub(f"{MASK}%40", text)
    return _MAIL.sub(f"{MASK}@", text) if "@" in text else text
