"""Opening the rooms: whoever runs jobs or records events must know all that listen and all that can be promised."""

from importlib import import_module

from kernel import jobs
from tenants import registry

_ROOMS_WITH_JOBS = (
    "tenants.usage",
    "tenants.support_access",
    "tenants.migrating_again",
    "tenants.jobs",
    "tenants.archive.jobs",
    "crm.customers.jobs",
    "service_desk.tickets.jobs",
    "service_desk.answers.jobs",
    "knowledge_base.articles.jobs",
    "notifications.jobs",
    "notifications.sign_up_jobs",
    "tenants.staff_links",
    "tenants.domains",
    "tenants.audit",
)
# What a tenant's data consists of must be known to whoever packs it, whether or not a page of it was ever opened here.
_ROOMS_WITH_TABLES = ("tenants.saved_views", "tenants.demo_rows")
# And what rooms add to a tenant's export, or leave behind when it is erased.
_ROOMS_WITH_A_SAY = ("knowledge_base.articles.archiving", "notifications.sweeping", "infra.demo.jobs")


def open_all() -> None:
    """Import the rooms whose jobs, listeners and tables declare themselves when imported."""
    for name in (*_ROOMS_WITH_JOBS, *_ROOMS_WITH_TABLES, *_ROOMS_WITH_A_SAY):
        import_module(name)
    jobs.hold_while(registry.is_at_rest)
