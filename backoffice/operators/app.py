"""The platform's own host: its front page, the operators' console, probes, captured mail."""

from datetime import datetime
from typing import Any

from flask import Flask, url_for
from werkzeug.wrappers import Response

from backoffice.operators import admin, audit, captured_mail, front_page, probes, signing_in, signing_up
from backoffice.operators.console import Overview
from backoffice.operators.people import Operators, Trail
from backoffice.operators.tenant_list import Tenants
from backoffice.operators.upkeep import Upkeep
from backoffice.operators.work import Work
from kernel import i18n, settings
from kernel.i18n import lazy_text as _l
from tenants import operators
from tenants.operator_log import TenantEvent
from tenants.operators import Operator
from tenants.registry import Tenant
from web import choosing_language, face, htmx, languages
from web.access import Person
from web.lifecycle import session

ROOMS = (captured_mail, front_page, probes, signing_in, signing_up)


def create() -> Flask:
    app = face.create(
        "operators",
        package="backoffice",
        load_person=_load_person,
        ask_to_sign_in=_ask_to_sign_in,
        enter=lambda: None,
        speak=lambda: i18n.speak(languages.guess()),
    )
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    admin.install(
        app,
        Overview(_l("Overview"), endpoint="console", url="/ops"),
        Tenants(Tenant, _l("Tenants"), endpoint="tenants"),
        Work(_l("Work"), endpoint="work"),
        Upkeep(_l("Upkeep"), endpoint="upkeep"),
        Operators(Operator, _l("Operators"), endpoint="operators"),
        Trail(TenantEvent, _l("Audit"), endpoint="trail"),
    )
    audit.install(app)
    choosing_language.install(app)
    app.context_processor(_frame)
    app.jinja_env.filters["moment"] = datetime.fromisoformat
    return app


def _load_person(token: str) -> Person | None:
    operator = operators.signed_in(session, token)
    return Person(operator.as_actor(), token, operator) if operator else None


def _ask_to_sign_in(return_to: str) -> Response:
    return htmx.redirect_to(url_for("signing_in.page", next=return_to))


def _frame() -> dict[str, Any]:
    """Name what every page of this host shows besides its own: where it is, and whether there is captured mail to look at."""
    current = settings.current()
    return {"has_test_hooks": current.has_test_hooks, "platform_host": current.platform_host}
