"""The one mail that no tenant sends: the code for somebody who is about to become one."""

import uuid

from sqlalchemy.orm import Session

from kernel import clock, settings
from kernel.i18n import BY_CODE
from kernel.jobs import job
from notifications import letters
from notifications.channels import mail as channel
from tenants import signing_up

_PRODUCT = "Frontdesk"


@job("notifications.send_sign_up_code")
def send_code(session: Session, *, sign_up_id: str) -> None:
    """Make the code and mail it; a second run makes a second code, and the newest counts."""
    row = signing_up.find(session, sign_up_id, lock=True)
    if row is None:
        return
    values = {"company": _PRODUCT, "code": signing_up.make_code(row), "url": f"{settings.current().platform_url}/signup/code"}
    letter = letters.compose("sign_up_code", BY_CODE[row.language], values)
    host = settings.current().platform_host.partition(":")[0]
    channel.send(
        channel.Envelope(
            sender_name=_PRODUCT,
            to_address=row.email,
            to_name=row.email,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            message_id=f"<{uuid.uuid4()}@{host}>",
            sent_at=clock.now(),
        )
    )
