"""Modules: the parts of the product that a tenant may switch off.  Their data stays, and is back when they are."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from kernel.actors import Actor
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants import own_row
from tenants.registry import TenantFacts


class Module(StrEnum):
    REQUESTS = "requests"
    CUSTOMERS = "customers"
    KNOWLEDGE_BASE = "knowledge_base"


@dataclass(frozen=True)
class ModuleSheet:
    """A module in words."""

    module: Module
    name: LazyText
    text: LazyText


# A new part of the product is one line here, and `modules.belongs_to` on its blueprints.
SHEETS = (
    ModuleSheet(Module.REQUESTS, _l("Requests"), _l("Customers send requests; your people answer them as tickets.")),
    ModuleSheet(Module.CUSTOMERS, _l("Customers"), _l("The list of your customers at the desk.")),
    ModuleSheet(Module.KNOWLEDGE_BASE, _l("Knowledge base"), _l("Articles in your help centre, and the search for them.")),
)
# What a plan does not hold, whatever the tenant's own switches say; today every plan holds everything.
NOT_IN_PLAN: dict[str, frozenset[Module]] = {}


def is_on(tenant: TenantFacts, module: str) -> bool:
    return module not in tenant.modules_off and module not in NOT_IN_PLAN.get(tenant.plan, ())


def switch(session: Session, *, on: set[str], seen: str | None, actor: Actor) -> None:
    """Have exactly the modules in `on`.  Raises `StaleEdit`.  What is switched off and unknown to this version stays off."""
    known = {str(sheet.module) for sheet in SHEETS}
    off = sorted((switched_off(session) - known) | (known - on))
    own_row.change(session, "tenant.modules_switched", values={"modules_off": off}, seen=seen, actor=actor)


def switched_off(session: Session) -> set[str]:
    return set(own_row.read(session, ("modules_off",))["modules_off"])


def version(session: Session) -> str:
    return own_row.version(own_row.read(session, ("modules_off",)))
