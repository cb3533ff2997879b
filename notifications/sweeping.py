"""What the mails of a tenant leave outside its schema: those that were caught instead of sent."""

from psycopg import sql
from sqlalchemy import delete, func, select

from kernel import database
from kernel.tenancy import Stand
from notifications.models import CapturedMail, Mail
from tenants.purging import Sweep, sweeps_up


def _message_ids(stand: Stand) -> list[str]:
    """Return the tenant's mails by their ids; none when its tables are gone already."""
    table = sql.Identifier(stand.schema, Mail.__tablename__)
    with database.owner_transaction(stand.placement) as connection:
        name = table.as_string(connection)
        if connection.execute("SELECT to_regclass(%s)", [name]).fetchone() == (None,):
            return []
        rows = connection.execute(sql.SQL("SELECT message_id FROM {}").format(table)).fetchall()
    return [message_id for (message_id,) in rows]


def _count(stand: Stand) -> int:
    mine = CapturedMail.message_id.in_(_message_ids(stand))
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(CapturedMail).where(mine)) or 0


def _remove(stand: Stand) -> None:
    with database.transaction() as session:
        session.execute(delete(CapturedMail).where(CapturedMail.message_id.in_(_message_ids(stand))))


sweeps_up(Sweep("captured_mails", _count, _remove))
