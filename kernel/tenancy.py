"""Where a transaction stands: the schema in which names are resolved and the role whose rights count."""

import re
from dataclasses import dataclass

_SAFE = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Stand:
    """A place in the database.  Names are ours (opaque, never user input), checked all the same before they meet SQL."""

    schema: str
    role: str
    tenant_id: int | None = None

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
