"""Who operates the platform, and what they did."""

from typing import Any

from backoffice.operators import trail_words
from backoffice.operators.admin import Choice, Records, route
from kernel.i18n import lazy_text as _l
from tenants import operators, registry
from tenants.operator_log import SENTENCES, TenantEvent
from tenants.permissions import Permission
from web.access import requires
from web.lifecycle import session


class Operators(Records):
    list_template = "operators/operators.html"
    column_list = ("name", "email", "created_at", "seen")
    column_labels = {"name": _l("Name"), "email": _l("E-mail"), "created_at": _l("Since"), "seen": _l("Last seen")}
    column_searchable_list = ("name", "email")
    column_sortable_list = ("name", "email", "created_at")
    column_default_sort = "name"

    @route("/")
    @requires(Permission.PLATFORM_OPERATE)
    def index_view(self) -> Any:
        self._template_args["seen"] = operators.last_seen(session)
        return super().index_view()


class Trail(Records):
    list_template = "operators/trail.html"
    column_list = ("at", "name", "tenant_id", "actor_name", "data")
    column_labels = {
        "at": _l("When"),
        "name": _l("What"),
        "tenant_id": _l("Tenant"),
        "actor_name": _l("Who"),
        "data": _l("Details"),
    }
    column_searchable_list = ("actor_name",)
    column_sortable_list = ("at",)
    column_default_sort = ("at", True)
    column_filters = (Choice(TenantEvent.name, _l("What"), options=list(SENTENCES.items())),)

    @route("/")
    @requires(Permission.PLATFORM_OPERATE)
    def index_view(self) -> Any:
        self._template_args.update(sentences=SENTENCES, details=trail_words.details)
        return super().index_view()

    def get_list(self, *args: Any, **options: Any) -> Any:
        """Read the names of the tenants that the shown lines are about in one more statement."""
        count, rows = super().get_list(*args, **options)
        self._template_args["tenant_names"] = registry.names(session, {row.tenant_id for row in rows if row.tenant_id})
        return count, rows
