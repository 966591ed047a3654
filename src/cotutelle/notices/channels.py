"""
Ways to reach one person outside the inbox. Never a group: a group would leak.

``COTUTELLE_NOTICE_CHANNELS`` lists dotted paths of classes that follow `Channel`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Protocol

from django.conf import settings
from django.core.cache import cache as memory
from django.core.mail import EmailMessage
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.notices.enums import Wanted

TIMEOUT_SECONDS = 10
DEFAULT_CHANNELS = (
    "cotutelle.notices.channels.EmailChannel",
    "cotutelle.notices.channels.WeComChannel",
    "cotutelle.notices.channels.SmsChannel",
)


class ChannelError(Exception):
    """A message was not taken; ``permanent`` when trying again cannot help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Message:
    """
    What one person is told, in their language.

    ``key`` is the same for every attempt, so that a gateway can drop a repetition.
    """

    key: str
    title: str
    body: str
    url: str = ""

    @property
    def text(self) -> str:
        """Everything as plain text."""
        return "\n".join(part for part in (self.title, self.body, self.url) if part)


class Channel(Protocol):
    """A way to reach one person."""

    key: ClassVar[str]
    label: ClassVar[str | Promise]
    default: ClassVar[Wanted]

    def is_configured(self) -> bool:
        """Tell whether this installation has it."""

    def address_of(self, person: Any) -> str:
        """Return where the person is reached; empty when they are not."""

    def send(self, address: str, message: Message) -> None:
        """Hand the message over, or raise `ChannelError`."""


def setting(name: str) -> str:
    """Return a setting, else the environment variable of the same name."""
    return str(getattr(settings, name, "") or os.environ.get(name, ""))


class EmailChannel:
    """Plain-text e-mail by Django's mail settings."""

    key = "email"
    label = pgettext_lazy("channel", "E-mail")
    default = Wanted.ALL

    def is_configured(self) -> bool:
        """E-mail is always there; Django's backend decides where it goes."""
        return True

    def address_of(self, person: Any) -> str:
        """Return the person's e-mail address."""
        return str(person.email)

    def send(self, address: str, message: Message) -> None:
        """Send one mail."""
        body = "\n\n".join(part for part in (message.body, message.url) if part)
        mail = EmailMessage(
            subject=" ".join(message.title.split()),
            body=body or message.title,
            to=[address],
            headers={"Auto-Submitted": "auto-generated", "X-Cotutelle-Notice": message.key},
        )
        try:
            mail.send()
        except OSError as error:
            raise ChannelError(str(error) or type(error).__name__) from error


class WeComChannel:
    """
    Application messages of WeCom (企业微信) to one member.

    Settings: ``COTUTELLE_WECOM_CORP``, ``COTUTELLE_WECOM_AGENT``, ``COTUTELLE_WECOM_SECRET``,
    ``COTUTELLE_WECOM_URL`` (https://qyapi.weixin.qq.com without one).
    """

    key = "wecom"
    label = _("WeCom")
    default = Wanted.ALL

    _TOKEN_OLD = frozenset({40001, 40014, 42001})
    _NOBODY = frozenset({40003, 60111, 81013})

    def is_configured(self) -> bool:
        """Corporation, application and secret are all set."""
        names = ("COTUTELLE_WECOM_CORP", "COTUTELLE_WECOM_AGENT", "COTUTELLE_WECOM_SECRET")
        return all(setting(name) for name in names)

    def address_of(self, person: Any) -> str:
        """Return the person's WeCom id; ``|`` and ``@all`` would address a group."""
        found = str(person.wecom_id).strip()
        return "" if "|" in found or found.lower() == "@all" else found

    def send(self, address: str, message: Message) -> None:
        """Send one text message; an expired token is renewed once."""
        answer = self._post(address, message, self._token())
        if answer.get("errcode") in self._TOKEN_OLD:
            answer = self._post(address, message, self._token(renew=True))
        code = int(answer.get("errcode", -1))
        if code or answer.get("invaliduser"):
            gone = code in self._NOBODY or bool(answer.get("invaliduser"))
            raise ChannelError(f"{code} {answer.get('errmsg', '')}"[:200], permanent=gone)

    def _post(self, address: str, message: Message, token: str) -> dict[str, Any]:
        body = {
            "touser": address,
            "msgtype": "text",
            "agentid": int(setting("COTUTELLE_WECOM_AGENT")),
            "text": {"content": message.text[:2000]},
            "enable_duplicate_check": 1,
        }
        path = "/cgi-bin/message/send"
        return _ask("POST", self._url() + path, params={"access_token": token}, json=body)

    def _token(self, *, renew: bool = False) -> str:
        corp = setting("COTUTELLE_WECOM_CORP")
        name = f"notices.wecom.{corp}.{setting('COTUTELLE_WECOM_AGENT')}"
        token = None if renew else memory.get(name)
        if token is None:
            query = {"corpid": corp, "corpsecret": setting("COTUTELLE_WECOM_SECRET")}
            answer = _ask("GET", self._url() + "/cgi-bin/gettoken", params=query)
            token = answer.get("access_token")
            if not token:
                raise ChannelError(f"{answer.get('errcode')} {answer.get('errmsg', '')}"[:200])
            memory.set(name, token, max(60, int(answer.get("expires_in", 7200)) - 300))
        return str(token)

    def _url(self) -> str:
        return setting("COTUTELLE_WECOM_URL") or "https://qyapi.weixin.qq.com"


class SmsChannel:
    """
    Any gateway that takes ``POST {"to", "text"}``; most need a small adapter of their own.

    Settings: ``COTUTELLE_SMS_URL``, ``COTUTELLE_SMS_TOKEN`` (sent as a bearer token).
    """

    key = "sms"
    label = _("Text message")
    default = Wanted.URGENT

    def is_configured(self) -> bool:
        """A gateway is set."""
        return bool(setting("COTUTELLE_SMS_URL"))

    def address_of(self, person: Any) -> str:
        """Return the person's phone number."""
        return str(person.phone)

    def send(self, address: str, message: Message) -> None:
        """Hand one text to the gateway."""
        headers = {"Idempotency-Key": message.key}
        if token := setting("COTUTELLE_SMS_TOKEN"):
            headers["Authorization"] = f"Bearer {token}"
        text = " ".join(part for part in (message.title, message.url) if part)
        _ask(
            "POST",
            setting("COTUTELLE_SMS_URL"),
            headers=headers,
            json={"to": address, "text": text},
        )


def _ask(method: str, url: str, **request: Any) -> dict[str, Any]:
    """Return the JSON object a service answers with; its faults become `ChannelError`."""
    import httpx  # noqa: PLC0415  slow to load

    try:
        answer = httpx.request(method, url, timeout=TIMEOUT_SECONDS, **request)
    except httpx.HTTPError as error:
        raise ChannelError(type(error).__name__) from error
    if answer.is_error:
        refused = answer.is_client_error and answer.status_code not in {408, 429}
        raise ChannelError(f"HTTP {answer.status_code}", permanent=refused)
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@cache
def _load(paths: tuple[str, ...]) -> tuple[Channel, ...]:
    return tuple(import_string(path)() for path in paths)


def channels() -> list[Channel]:
    """Return the channels this installation has."""
    paths = tuple(getattr(settings, "COTUTELLE_NOTICE_CHANNELS", DEFAULT_CHANNELS))
    return [channel for channel in _load(paths) if channel.is_configured()]
