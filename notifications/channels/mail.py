"""The one door to mail: a real server by settings, or a shelf where mails can be looked at."""

import smtplib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from urllib.parse import unquote, urlsplit

from sqlalchemy.dialects.postgresql import insert

from kernel import database, settings
from notifications.models import CapturedMail

_TIMEOUT_SECONDS = 20


class Refused(Exception):
    """The server will never take this mail (RFC 5321: a 5xx answer about its reader or text).

    A 5xx about ourselves, such as "authentication required", is our mistake to mend, so it is tried again like an outage.
    """


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A mail as it goes out."""

    sender_name: str
    to_address: str
    to_name: str
    subject: str
    text: str
    html: str
    message_id: str
    sent_at: datetime


def send(envelope: Envelope) -> None:
    """Hand the mail over.  Raises `Refused` for good, anything else for now.

    SMTP cannot promise "once": when the connection breaks after the server took the mail it goes out again, with the same
    Message-ID, by which mail programs recognise it.
    """
    if settings.current().smtp_url:
        _send_by_smtp(envelope, settings.current().smtp_url or "")
    elif settings.current().has_test_hooks:
        _capture(envelope)
    else:
        raise settings.SettingMissing("FRONTDESK_SMTP_URL must be set: in production mail is not captured.")


def _send_by_smtp(envelope: Envelope, url: str) -> None:
    address = urlsplit(url)
    kind = smtplib.SMTP_SSL if address.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(address.hostname or "localhost", address.port or 0, timeout=_TIMEOUT_SECONDS) as server:
            if address.scheme == "smtp+starttls":
                server.starttls()
            if address.username:
                server.login(unquote(address.username), unquote(address.password or ""))
            server.send_message(_message(envelope))
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        if code >= 500:
            raise Refused(f"{code} {text!r}") from error
        raise
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= 500:
            raise Refused(f"{error.smtp_code} {error.smtp_error!r}") from error
        raise


def _message(envelope: Envelope) -> EmailMessage:
    message = EmailMessage()
    message["From"] = formataddr((envelope.sender_name, settings.current().mail_from))
    message["To"] = formataddr((envelope.to_name, envelope.to_address))
    message["Subject"] = envelope.subject
    message["Message-ID"] = envelope.message_id
    message["Date"] = format_datetime(envelope.sent_at)
    # Tells other machines not to answer (RFC 3834), so that two of them cannot talk to each other for ever.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(envelope.text)
    message.add_alternative(envelope.html, subtype="html")
    return message


def _capture(envelope: Envelope) -> None:
    values = {
        "message_id": envelope.message_id,
        "to_address": envelope.to_address,
        "sender": str(Address(envelope.sender_name, addr_spec=settings.current().mail_from)),
        "subject": envelope.subject,
        "text": envelope.text,
        "html": envelope.html,
        "sent_at": envelope.sent_at,
    }
    with database.transaction() as session:
        session.execute(insert(CapturedMail).values(values).on_conflict_do_nothing())
