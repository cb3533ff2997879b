"""Work in hand: what waits in every database, by job and by tenant, and what was given up and may be tried again."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from backoffice.operators import audit, console
from backoffice.operators.admin import Page, route
from kernel import database, outbox, settings
from kernel.outbox import OutboxRow, Pile
from kernel.tenancy import platform_at
from tenants import registry
from tenants.permissions import Permission
from web import attachments, htmx
from web.access import requires
from web.lifecycle import session


class Work(Page):
    @route("/")
    @requires(Permission.PLATFORM_OPERATE)
    def page(self) -> Any:
        piles: list[tuple[str, Pile]] = []
        dead: list[tuple[str, OutboxRow]] = []
        for placement in settings.current().placements:
            with database.transaction(platform_at(placement)) as there:
                piles += [(placement, pile) for pile in outbox.piles(there)]
                dead += [(placement, row) for row in outbox.dead_rows(there)]
        schemas = {pile.schema for _place, pile in piles} | {row.schema for _place, row in dead}
        jobs = sorted({(placement, row.job) for placement, row in dead})
        shown = {"piles": piles, "dead": dead, "jobs": jobs, "tenants": registry.by_schema(session, schemas)}
        return self.render("operators/work.html", **console.work_in_hand(), **shown)

    @route("/<placement>/<row_id>/retry", methods=("POST",))
    @requires(Permission.PLATFORM_OPERATE)
    def retry(self, placement: str, row_id: str) -> Response:
        key: uuid.UUID = attachments.parse_id(row_id)
        with _outbox_at(placement) as there:
            row = outbox.revive(there, key)
            owner = registry.by_schema(session, {row.schema}).get(row.schema)
            audit.note("work.revived", tenant_id=owner.id if owner else None, job=row.job, rows=1)
        audit.tell(_("It will be tried again now."))
        return htmx.redirect_to(url_for("work.page"))

    @route("/<placement>/retry", methods=("POST",))
    @requires(Permission.PLATFORM_OPERATE)
    def retry_all(self, placement: str) -> Response:
        job = request.form.get("job", "")
        with _outbox_at(placement) as there:
            count = outbox.revive_all(there, job)
            audit.note("work.revived", job=job, rows=count)
        audit.tell(ngettext("%(num)s will be tried again now.", "%(num)s will be tried again now.", count))
        return htmx.redirect_to(url_for("work.page"))


@contextmanager
def _outbox_at(placement: str) -> Iterator[Session]:
    """One transaction on the platform of a database: the request's own, which also keeps the audit, where it is the home's."""
    if placement not in settings.current().placements:
        abort(404)
    if placement == database.stand_of(session).placement:
        yield session
        return
    with database.transaction(platform_at(placement)) as there:
        yield there
