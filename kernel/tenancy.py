"""Where a transaction stands: the database, the schema in which names are resolved and the role whose rights count."""

import re
from dataclasses import dataclass, replace

from kernel.settings import HOME_PLACEMENT

_SAFE = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Stand:
    """A place in a database.  Names are ours (opaque, never user input), checked all the same before they meet SQL.

    `placement` names the database among `Settings.placements`.
    """

    schema: str
    role: str
    tenant_id: int | None = None
    placement: str = HOME_PLACEMENT

    def __post_init__(self) -> None:
        for name in (self.schema, self.role):
            if not _SAFE.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a schema or role of ours.")

    @property
    def sql(self) -> str:
        """The statements that take this place until the transaction ends; `ext` holds the extensions' functions."""
        return f'SET LOCAL search_path TO "{self.schema}", ext; SET LOCAL ROLE "{self.role}"'


PLATFORM = Stand("platform", "frontdesk_platform")
TENANT_GROUP = "frontdesk_tenant"


def platform_at(placement: str) -> Stand:
    """Return the shared schema of one database.  Every database has its own outbox; the registry is in the home one alone."""
    return replace(PLATFORM, placement=placement)
