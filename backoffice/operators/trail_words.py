"""The platform's trail in words: what is kept of a line, beside its sentence (`operator_log.SENTENCES`)."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants.lifecycle import STATE_NAMES
from tenants.permissions import ROLE_NAMES
from tenants.trail import TenantEvent
from web.languages import format_time

# What is missing here is shown as it is called in the code, and a test finds it.
FIELDS: dict[str, LazyText] = {
    "address": _l("From where"),
    "slug": _l("Address"),
    "reason": _l("Reason"),
    "purge_at": _l("To be erased"),
    "digest": _l("Digest of the certificate"),
    "sha256": _l("Checksum"),
    "rows": _l("Rows"),
    "files": _l("Files"),
    "size": _l("Size"),
    "job": _l("Work"),
    "pass_id": _l("Number of the access"),
    "role": _l("Role"),
    "until": _l("Until"),
    "to": _l("As it was at"),
    "error": _l("Error"),
    "folder": _l("Folder"),
    "seconds": _l("Seconds"),
    "removed": _l("Older ones removed"),
    "entries": _l("Entries of the audit log"),
    "sealed_on_trust": _l("Sealed on trust"),
}
_READERS: dict[str, Callable[[Any], object]] = {
    "purge_at": lambda written: format_time(datetime.fromisoformat(written)),
    "until": lambda written: format_time(datetime.fromisoformat(written)),
    "to": lambda written: format_time(datetime.fromisoformat(written)),
    "role": lambda role: ROLE_NAMES.get(role, role),
}
_STATES = {str(state): name for state, name in STATE_NAMES.items()}


def details(line: TenantEvent) -> Iterator[tuple[LazyText | str, object]]:
    """Yield label and text of whatever a line keeps; what was and what became are one."""
    if "after" in line.data:
        yield _l("Address"), f"{line.data['before']} → {line.data['after']}"
    elif before := line.data.get("before"):
        yield _l("State before"), _STATES.get(before, before)
    for name, value in line.data.items():
        if name not in ("before", "after") and value not in ("", None):
            yield FIELDS.get(name, name), _READERS.get(name, str)(value)
