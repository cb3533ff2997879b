"""An operator, and what there is to see: work that was given up."""

import uuid

import pytest
from sqlalchemy import update

from kernel import clock, database, outbox
from kernel.outbox import OutboxRow
from tenants import operators

SIGN_IN = {"email": "op@frontdesk.example", "password": "a long enough password"}


@pytest.fixture
def console(house, browse):
    """The browser of an operator called Olivia."""
    with database.transaction() as session:
        operators.add(session, name="Olivia", **SIGN_IN)
    browser = browse(None)
    assert browser.submit("/ops/signin", SIGN_IN).status_code == 303
    return browser


@pytest.fixture
def dead_row(alpha, in_tenant):
    """A promise of alpha's that was given up."""
    row_id = uuid.uuid4()
    with in_tenant(alpha) as session:
        outbox.put(session, "test.console", {}, id=row_id)
    with database.transaction() as session:
        given_up = {"dead_at": clock.now(), "attempts": outbox.MAX_ATTEMPTS, "error": "ConnectionError('<no mail server>')"}
        session.execute(update(OutboxRow).where(OutboxRow.id == row_id).values(given_up))
    return row_id
