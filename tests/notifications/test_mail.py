"""Mail over real SMTP: taken, refused for good, refused for now, broken off."""

import socket
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import select

from kernel import clock, settings
from kernel.settings import SettingMissing
from notifications.channels import mail as channel
from notifications.channels.mail import Envelope, Refused
from notifications.models import Mail
from tests import factories


class Postman:
    """A mail server's judgement: `answers` are given to the coming mails in turn, then all are taken."""

    def __init__(self):
        self.taken, self.answers, self.recipient_answers = [], [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.recipient_answers.pop(0) if self.recipient_answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        return answer


@pytest.fixture
def postman(house):
    handler = Postman()
    controller = Controller(handler, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    settings.use(replace(house, smtp_url=f"smtp://127.0.0.1:{controller.port}"))
    yield handler
    controller.stop()
    settings.use(house)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _envelope(**facts):
    given = {
        "sender_name": "瑞居酒店",
        "to_address": "mei@mail.example",
        "to_name": '林"依婷',
        "subject": "您的請求 #7",
        "text": "一行\n二行\n",
        "html": "<p>一行</p>",
        "message_id": "<7@alpha.localhost>",
        "sent_at": clock.now(),
    }
    return Envelope(**{**given, **facts})


def test_a_mail_arrives_whole_in_every_script(postman):
    channel.send(_envelope())
    [mail] = postman.taken
    assert mail["From"].addresses[0].display_name == "瑞居酒店"
    assert mail["From"].addresses[0].addr_spec == "no-reply@frontdesk.example"
    assert mail["To"].addresses[0].addr_spec == "mei@mail.example"
    assert (mail["Subject"], mail["Message-ID"], mail["Auto-Submitted"]) == (
        "您的請求 #7",
        "<7@alpha.localhost>",
        "auto-generated",
    )
    assert mail["Date"].datetime.tzinfo is not None
    assert mail.get_body(("plain",)).get_content().splitlines() == ["一行", "二行"]
    assert "<p>一行</p>" in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize("field", ["subject", "to_name", "sender_name"])
def test_a_header_cannot_be_smuggled_in(postman, field):
    with pytest.raises(ValueError, match=r"newline|header|linefeed|CR or LF"):
        channel.send(_envelope(**{field: "x\r\nBcc: everybody@mail.example"}))
    assert postman.taken == []


@pytest.mark.parametrize("answer", ["550 no such user", "553 bad mailbox", "552 too large"])
def test_a_reader_refused_for_good_is_not_tried_again(postman, answer):
    postman.recipient_answers = [answer]
    with pytest.raises(Refused, match=answer[:3]):
        channel.send(_envelope())


def test_a_mail_refused_for_good_is_not_tried_again(postman):
    postman.answers = ["554 looks like spam"]
    with pytest.raises(Refused, match="554"):
        channel.send(_envelope())


@pytest.mark.parametrize("where", ["answers", "recipient_answers"])
def test_a_mail_refused_for_now_is(postman, where):
    setattr(postman, where, ["451 try later"])
    with pytest.raises(Exception, match="451") as refusal:
        channel.send(_envelope())
    assert not isinstance(refusal.value, Refused)
    channel.send(_envelope())
    assert len(postman.taken) == 1


def test_a_server_that_is_away_is_a_failure_for_now(house):
    settings.use(replace(house, smtp_url=f"smtp://127.0.0.1:{_free_port()}"))
    try:
        with pytest.raises(OSError, match="refused"):
            channel.send(_envelope())
    finally:
        settings.use(house)


def test_a_failed_mail_goes_out_again_under_the_same_message_id_and_once(postman, alpha, in_tenant, run_due, travel):
    """The server takes the mail, but its answer says try later: the copy is recognised by its Message-ID."""
    seen = []
    real = postman.handle_DATA

    async def take_and_lose_the_answer(server, session, envelope):
        answer = await real(server, session, envelope)
        seen.append(postman.taken[-1]["Message-ID"])
        return "451 lost" if len(seen) == 1 else answer

    postman.handle_DATA = take_and_lose_the_answer
    with in_tenant(alpha) as session:
        factories.ticket(session, customer=factories.customer(session, email="mei@mail.example"))
    run_due()
    for _wait in range(3):
        travel(timedelta(minutes=5))
        run_due()
    assert len(seen) == 2
    assert seen[0] == seen[1]
    with in_tenant(alpha) as session:
        mail = session.scalars(select(Mail)).one()
    assert mail.sent_at is not None
    assert mail.message_id == seen[0]


def test_a_refused_mail_is_kept_with_the_servers_words(postman, alpha, in_tenant, run_due):
    postman.recipient_answers = ["550 no such user"]
    with in_tenant(alpha) as session:
        factories.ticket(session, customer=factories.customer(session, email="gone@mail.example"))
    run_due()
    with in_tenant(alpha) as session:
        assert "no such user" in session.scalars(select(Mail.refused)).one()


def test_a_server_may_ask_for_a_name_and_password(house):
    handler, seen = Postman(), []

    def check(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss/word", handled=False)

    options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    controller = Controller(handler, hostname="127.0.0.1", port=_free_port(), **options)
    controller.start()
    try:
        settings.use(replace(house, smtp_url=f"smtp://desk%40a.example:p%40ss%2Fword@127.0.0.1:{controller.port}"))
        channel.send(_envelope())
        settings.use(replace(house, smtp_url=f"smtp://desk:wrong@127.0.0.1:{controller.port}"))
        with pytest.raises(Exception, match="535") as refusal:
            channel.send(_envelope())
    finally:
        controller.stop()
        settings.use(house)
    assert seen[0] == (b"desk@a.example", b"p@ss/word")
    assert not isinstance(refusal.value, Refused), "our own wrong password is no fault of the reader's"
    assert len(handler.taken) == 1


def test_without_a_server_production_says_what_is_missing(house):
    settings.use(replace(house, mode="production"))
    try:
        with pytest.raises(SettingMissing, match="FRONTDESK_SMTP_URL"):
            channel.send(_envelope())
    finally:
        settings.use(house)
