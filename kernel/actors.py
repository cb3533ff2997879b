"""Who does something: a member of staff, a customer, an operator of the platform, or the system itself."""

from dataclasses import dataclass, field
from typing import Literal

from kernel.i18n import ENGLISH, Language

ActorKind = Literal["staff", "customer", "operator", "system", "visitor"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """`id` is the row in the tenant's `staff_member` or `customer` table; permissions are `tenants.permissions` names.

    `groups` are those of a customer, by name: what is open to some customers only is open to a group.
    An operator is of no tenant: inside one (as a guest, by the tenant's leave) they have a name but no `id`, which would be
    somebody else's row there.
    """

    kind: ActorKind
    id: int | None = None
    name: str = ""
    permissions: frozenset[str] = field(default_factory=frozenset)
    language: Language = ENGLISH
    groups: frozenset[str] = field(default_factory=frozenset)

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    @property
    def is_staff(self) -> bool:
        return self.kind in ("staff", "system") or self.is_guest

    @property
    def is_guest(self) -> bool:
        """Whether it is an operator whom a tenant let in."""
        return self.kind == "operator" and self.id is None


SYSTEM = Actor(kind="system", name="Frontdesk")
VISITOR = Actor(kind="visitor")
