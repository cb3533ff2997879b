"""Upkeep: whether every schema is at the newest revision, what keeps one behind, and trying again."""

from typing import Any

from backoffice.operators.admin import Page, route
from tenants import migrations, registry
from tenants.permissions import Permission
from web.access import requires
from web.lifecycle import session


class Upkeep(Page):
    @route("/")
    @requires(Permission.PLATFORM_OPERATE)
    def page(self) -> Any:
        return self.render(
            "operators/upkeep.html",
            standing=migrations.standing(),
            heads={branch: migrations.head(branch) for branch in ("shared", "tenant")},
            behind=registry.behind(session, migrations.head("tenant")),
        )
