"""Which of a tenant's rows came as demo data, so that they can go again and nothing else with them."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BigInteger, String, delete, event, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import outbox
from kernel.database import TenantBase


class DemoRow(TenantBase):
    """A row that the demo data brought, by table and id."""

    __tablename__ = "demo_row"

    table_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    row_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


@contextmanager
def remembered(session: Session) -> Iterator[None]:
    """Remember every row with a number for an id that is added in the block."""
    added: list[dict[str, Any]] = []

    def note(_session: Session, _context: Any) -> None:
        for row in session.new:
            if isinstance(row, TenantBase) and isinstance(row_id := getattr(row, "id", None), int):
                added.append({"table_name": row.__tablename__, "row_id": row_id})

    event.listen(session, "after_flush", note)
    try:
        yield
        session.flush()
    finally:
        event.remove(session, "after_flush", note)
    if added:
        session.execute(insert(DemoRow), added)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(DemoRow)) or 0


def counts(session: Session) -> dict[str, int]:
    """Return how many demo rows each table holds; nothing where there is none."""
    query = select(DemoRow.table_name, func.count()).group_by(DemoRow.table_name)
    return {name: number for name, number in session.execute(query)}


def by_table(session: Session) -> dict[str, list[int]]:
    """Return the ids of the demo rows by table, in the order in which they came."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in session.scalars(select(DemoRow).order_by(DemoRow.row_id)):
        found[row.table_name].append(row.row_id)
    return found


def forget(session: Session) -> None:
    """Take what is left for the tenant's own."""
    session.execute(delete(DemoRow))


def promise_removal(session: Session) -> None:
    """Let a worker take the demo data out: what it consists of is known to those who brought it."""
    outbox.put(session, "demo.remove", {})
