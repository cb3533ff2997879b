"""The console's front page: how the platform is doing right now, in every database."""

from dataclasses import dataclass
from typing import Any

from backoffice.operators.admin import Page, route
from kernel import database, doorbell, outbox, settings
from kernel.outbox import Backlog
from kernel.tenancy import platform_at
from tenants import migrations, registry
from tenants.migrations import ledger
from tenants.permissions import Permission
from web.access import requires
from web.lifecycle import session


@dataclass(frozen=True)
class Database:
    """A placement and what its outbox holds."""

    placement: str
    backlog: Backlog


def databases() -> list[Database]:
    found = []
    for placement in settings.current().placements:
        with database.transaction(platform_at(placement)) as there:
            found.append(Database(placement, outbox.backlog(there)))
    return found


def work_in_hand() -> dict[str, object]:
    """Return what the pages about work show of the queue and of who works on it."""
    return {
        "databases": databases(),
        "queue_length": doorbell.queue_length(),
        "alive": {kind: doorbell.alive(kind) for kind in ("worker", "sweeper")},
    }


class Overview(Page):
    @route("/")
    @requires(Permission.PLATFORM_OPERATE)
    def page(self) -> Any:
        return self.render(
            "operators/overview.html",
            **work_in_hand(),
            standing=migrations.standing(),
            troubles=sum(trouble.name != "migration" for trouble in ledger.problems()),
            counts=registry.count_by_state(session),
        )
