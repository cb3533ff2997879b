"""The platform's front page: what Frontdesk is and, in a demonstration, where to go and as whom."""

from dataclasses import dataclass

from flask import Blueprint, render_template

from infra.demo import chain
from infra.demo.chain import DemoTenant
from kernel import settings
from kernel.i18n import BY_CODE, Language
from web.access import public

blueprint = Blueprint("front_page", __name__)


@dataclass(frozen=True)
class Card:
    """One company of the demonstration: its two doors and who may come in."""

    name: str
    language: Language
    help_centre: str
    desk: str
    customer: str
    staff: tuple[str, ...]


@blueprint.get("/")
@public("the platform introduces itself")
def page() -> str:
    cards = [_card(tenant) for tenant in chain.CHAIN] if settings.current().mode == "demo" else []
    return render_template("operators/front_page.html", cards=cards, password=chain.PASSWORD, operator=chain.OPERATOR)


def _card(tenant: DemoTenant) -> Card:
    language = BY_CODE[tenant.locale]
    return Card(
        name=tenant.name,
        language=language,
        help_centre=settings.current().tenant_url(tenant.slug, f"/{language.path}/"),
        desk=settings.current().tenant_url(tenant.slug, "/desk/"),
        customer=f"customer@{tenant.slug}.example",
        staff=tuple(f"{role}@{tenant.slug}.example" for role in ("agent", "manager", "admin")),
    )
