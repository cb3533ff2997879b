"""Opening the rooms: whoever runs jobs or records events must know all that listen and all that can be promised."""

from importlib import import_module

from kernel import jobs
from tenants import registry

_ROOMS_WITH_JOBS = (
    "tenants.usage",
    "tenants.support_access",
    "tenants.migrating_again",
    "service_desk.tickets.jobs",
    "service_desk.answers.jobs",
    "knowledge_base.articles.jobs",
    "notifications.jobs",
    "notifications.sign_up_jobs",
    "tenants.staff_links",
    "tenants.domains",
    "tenants.audit",
)


def open_all() -> None:
    """Import the rooms whose jobs and listeners declare themselves when imported."""
    for name in _ROOMS_WITH_JOBS:
        import_module(name)
    jobs.hold_while(registry.is_at_rest)
