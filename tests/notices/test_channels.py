"""WeCom and text messages, against a server in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from cotutelle.notices.channels import ChannelError, Message, SmsChannel, WeComChannel, channels

MESSAGE = Message(
    "notice-1-wecom", "录取结果已公布", "请在 11 月 20 日前确认。", "https://x.example/1"
)


@dataclass(slots=True)
class Gateway:
    """What the fake service heard, and what it will answer to messages."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    tokens: int = 0


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    state = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.tokens += 1
            self._answer(200, {"access_token": f"token-{state.tokens}", "expires_in": 7200})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard = {"path": self.path, "body": body, "headers": dict(self.headers)}
            state.heard.append(heard)
            self._answer(*(state.answers.pop(0) if state.answers else (200, {"errcode": 0})))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    settings.COTUTELLE_WECOM_URL = state.url
    settings.COTUTELLE_WECOM_CORP = "corp"
    settings.COTUTELLE_WECOM_AGENT = "1000002"
    settings.COTUTELLE_WECOM_SECRET = "secret"  # noqa: S105
    settings.COTUTELLE_SMS_URL = f"{state.url}/sms"
    settings.COTUTELLE_SMS_TOKEN = "key"  # noqa: S105
    cache.clear()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def test_channels_are_those_that_are_configured(gateway: Gateway, settings: Settings) -> None:
    assert [c.key for c in channels()] == ["email", "wecom", "sms"]
    settings.COTUTELLE_WECOM_SECRET = ""
    settings.COTUTELLE_SMS_URL = ""
    assert [c.key for c in channels()] == ["email"]


def test_wecom_sends_to_one_member(gateway: Gateway) -> None:
    channel = WeComChannel()
    channel.send("zhangsan", MESSAGE)
    channel.send("zhangsan", MESSAGE)
    assert gateway.tokens == 1
    heard = gateway.heard[0]
    assert heard["path"] == "/cgi-bin/message/send?access_token=token-1"
    assert heard["body"]["touser"] == "zhangsan"
    assert heard["body"]["agentid"] == 1000002
    assert heard["body"]["text"]["content"] == MESSAGE.text
    assert "录取结果已公布\n" in MESSAGE.text


@pytest.mark.parametrize("wecom_id", ["@all", "@ALL", "a|b", ""])
def test_wecom_never_addresses_a_group(wecom_id: str) -> None:
    assert WeComChannel().address_of(SimpleNamespace(wecom_id=wecom_id)) == ""


def test_wecom_renews_an_expired_token_once(gateway: Gateway) -> None:
    gateway.answers = [(200, {"errcode": 42001, "errmsg": "expired"}), (200, {"errcode": 0})]
    WeComChannel().send("zhangsan", MESSAGE)
    assert gateway.tokens == 2
    assert gateway.heard[1]["path"].endswith("token-2")


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        ((200, {"errcode": 81013, "errmsg": "no such member"}), True),
        ((200, {"errcode": 0, "invaliduser": "zhangsan"}), True),
        ((200, {"errcode": 45009, "errmsg": "too often"}), False),
        ((503, {}), False),
        ((429, {}), False),
        ((403, {}), True),
    ],
)
def test_wecom_says_whether_trying_again_helps(
    gateway: Gateway, answer: tuple[int, dict[str, Any]], permanent: bool
) -> None:
    gateway.answers = [answer]
    with pytest.raises(ChannelError) as failed:
        WeComChannel().send("zhangsan", MESSAGE)
    assert failed.value.permanent is permanent


def test_sms_hands_one_text_to_the_gateway(gateway: Gateway) -> None:
    SmsChannel().send("13800000000", MESSAGE)
    heard = gateway.heard[0]
    assert heard["path"] == "/sms"
    assert heard["body"] == {"to": "13800000000", "text": "录取结果已公布 https://x.example/1"}
    assert heard["headers"]["Authorization"] == "Bearer key"
    assert heard["headers"]["Idempotency-Key"] == "notice-1-wecom"


def test_a_service_that_is_down_is_tried_again(gateway: Gateway, settings: Settings) -> None:
    settings.COTUTELLE_SMS_URL = "http://127.0.0.1:9/none"
    with pytest.raises(ChannelError) as failed:
        SmsChannel().send("13800000000", MESSAGE)
    assert not failed.value.permanent
