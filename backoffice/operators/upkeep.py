"""Upkeep: whether every schema is at the newest revision, what keeps one behind, and trying again."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.operators import audit, trail_words
from backoffice.operators.admin import Page, route
from tenants import migrating_again, migrations, operator_log, registry, trail
from tenants.migrations import ledger
from tenants.permissions import Permission
from web import htmx
from web.access import requires
from web.lifecycle import session


class Upkeep(Page):
    @route("/")
    @requires(Permission.PLATFORM_OPERATE)
    def page(self) -> Any:
        found = [trouble for trouble in ledger.problems() if trouble.name != "migration"]
        return self.render(
            "operators/upkeep.html",
            troubles=found,
            tenants=registry.by_schema(session, {trouble.schema for trouble in found}),
            standing=migrations.standing(),
            heads={branch: migrations.head(branch) for branch in ("shared", "tenant")},
            behind=registry.behind(session, migrations.head("tenant")),
            drills=trail.drills(session, limit=30),
            sentences=operator_log.SENTENCES,
            details=trail_words.details,
        )

    @route("/<int:tenant_id>/retry", methods=("POST",))
    @requires(Permission.PLATFORM_OPERATE)
    def retry(self, tenant_id: int) -> Response:
        migrating_again.promise(session, tenant_id)
        audit.note("migration.retried", tenant_id=tenant_id)
        audit.tell(_("It will be tried again now."))
        return htmx.redirect_to(url_for("upkeep.page"))
