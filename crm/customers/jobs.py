"""What happens to customers behind the scenes."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.customers import commands
from crm.customers.models import Customer
from tenants.migrations.backfills import Batch, backfill

_AT_ONCE = 200


@backfill("customers.find_by_tags", since="0001")
def find_by_tags(session: Session, position: str) -> Batch:
    """Let tagged customers of before be found by their tags too; past the ORM, as it makes nobody's open edit stale."""
    query = select(Customer).where(Customer.id > int(position or 0), Customer.tags != []).order_by(Customer.id).limit(_AT_ONCE)
    some = session.scalars(query.with_for_update()).all()
    for customer in some:
        text = commands.searched(customer)
        session.execute(update(Customer.__table__).where(Customer.__table__.c.id == customer.id).values(search_text=text))  # type: ignore[arg-type]
    return Batch(len(some), str(some[-1].id) if len(some) == _AT_ONCE else None)
