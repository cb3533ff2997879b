"""The vendor's own house: whoever runs the platform answers its tenants from a tenant of their own.

`door` is the one way from a tenant into it.  It leads only inwards: nothing of the vendor's reads a tenant by it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from kernel import database
from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l
from kernel.settings import HOME_PLACEMENT
from tenants import provisioning, registry
from tenants.provisioning import Furnish
from tenants.registry import TenantFacts

# Reserved: nobody can sign up under it.
SLUG = "support"


class NoHelpDesk(DomainError):
    message = _l("Nobody answers here for now. Your text is kept below; please try again later.")


def house() -> TenantFacts | None:
    """Return the vendor's tenant, once it has been set up."""
    return registry.find(SLUG)


@contextmanager
def door() -> Iterator[Session]:
    """One transaction in the vendor's house, for what a tenant asks or reads of its own questions.  Raises `NoHelpDesk`."""
    facts = house()
    if facts is None:
        raise NoHelpDesk()
    with database.transaction(facts.stand) as session:
        yield session


def set_up(*, name: str, locale: str, time_zone: str, furnish: Furnish) -> TenantFacts:
    """Make the vendor's house; raises what `provisioning.create_tenant` raises."""
    facts: dict[str, Any] = {"name": name, "locale": locale, "time_zone": time_zone}
    # On the platform's own database, so that a question and the note of whose it is are one transaction.
    return provisioning.create_tenant(SLUG, **facts, furnish=furnish, is_ours=True, placement=HOME_PLACEMENT)
