"""The frame around every page of the portal: where one can go, where one is, and the same page in other languages."""

from typing import Any, NamedTuple

from flask import Flask, g, request, url_for
from flask_babel import gettext as _
from werkzeug.local import LocalProxy

from kernel.i18n import LANGUAGES, Language, spoken
from service_desk.tickets import queries as tickets
from tenants import branding
from tenants.modules import Module
from web import access, hosts, modules
from web.lifecycle import session


class Item(NamedTuple):
    """A line of the main navigation, in the order in which the layout takes it apart."""

    key: str
    label: str
    icon: str
    url: str
    open_count: int


_PLACES = {"home": "help", "help_centre": "help", "searching": "help", "asking": "ask", "requests": "mine", "rating": "mine"}


def install(app: Flask) -> None:
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    """Name what `portal_layout.html` needs.  The count is read only where a page shows it: fragments do not."""
    return {
        "links": _links(),
        "nav": LocalProxy(_nav),
        "active": _PLACES.get(request.blueprint or "", ""),
        "footer_links": _footer_links(),
        "language_url": language_url,
        "brand_css": _brand_css(),
        "house": _house(),
    }


def _links() -> dict[str, str]:
    here = request.full_path.rstrip("?") if request.method == "GET" and request.url_rule else url_for("home.page")
    is_signing_in = request.blueprint == "signing_in"
    return {
        "home": url_for("home.page"),
        "sign_in": url_for("signing_in.page") if is_signing_in else url_for("signing_in.page", next=here),
        "sign_out": url_for("signing_in.sign_out"),
        "account": url_for("account.page"),
    }


def _nav() -> list[Item]:
    if "nav" not in g:
        count = tickets.unsolved_count(session, actor=access.actor()) if access.actor().kind == "customer" else 0
        items = [
            Item("help", _("Help centre"), "book", url_for("home.page"), 0),
            Item("ask", _("Send a request"), "send", url_for("asking.page"), 0),
            Item("mine", _("My requests"), "messages", url_for("requests.listing"), count),
        ]
        g.nav = [item for item in items if item.key not in ("ask", "mine") or modules.is_on(Module.REQUESTS)]
    found: list[Item] = g.nav
    return found


def _footer_links() -> list[tuple[str, str]]:
    ask = [(_("Send a request"), url_for("asking.page"))] if modules.has_page("asking.page") else []
    return [(_("Help centre"), url_for("home.page")), *ask]


class House(NamedTuple):
    """What the tenant put into the frame: its layout, links and footer, and its logos as theme, address, width and height."""

    layout: str
    links: tuple[tuple[str, str], ...]
    footer: str
    logos: list[tuple[str, str, int, int]]


def _house() -> House:
    tenant = hosts.tenant()
    look = branding.look_of(tenant.branding if tenant else {})
    footer = look.footer_in(spoken(), tenant.language) if tenant else ""
    logos = [
        (theme, url_for("brand.logo", theme=theme, v=kept["sha256"][:10]), kept["width"], kept["height"])
        for theme in branding.THEMES
        if (kept := look.logos.get(theme))
    ]
    return House(look.layout, look.links, footer, logos)


def _brand_css() -> str | None:
    tenant = hosts.tenant()
    return url_for("brand.style_sheet", v=tenant.brand_color.lstrip("#")) if tenant and tenant.brand_color else None


def language_url(language: Language) -> str:
    """Return the address of the present page in another language; of one that cannot be opened, the home page's."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return url_for("home.page", language=language.path)
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    if "language" not in rule.arguments:
        return url_for("home.choose_language", language=language.path, next=request.path + query)
    return url_for(str(request.endpoint), **{**(request.view_args or {}), "language": language.path}) + query


class Alternate(NamedTuple):
    """The same content in another language, for search engines (`hreflang`)."""

    tag: str
    url: str


def absolute(path: str) -> str:
    """Return a path of this tenant with the host it is known by, never the one that the request claims."""
    tenant = hosts.tenant()
    assert tenant is not None
    return tenant.url(path)


def in_every_language(endpoint: str) -> dict[str, str]:
    """Return the paths, by language code, of a page that exists in all of them."""
    return {language.code: url_for(endpoint, language=language.path) for language in LANGUAGES}


def alternates(paths: dict[str, str]) -> list[Alternate]:
    """Return the alternates of a page from its paths by language code; the tenant's language is the default."""
    tenant = hosts.tenant()
    assert tenant is not None
    offered = [language for language in LANGUAGES if language in tenant.languages and language.code in paths]
    found = [Alternate(language.tag, absolute(paths[language.code])) for language in offered]
    if len(found) < 2:
        return []
    default = paths.get(tenant.language.code) or next(iter(paths.values()))
    return [*found, Alternate("x-default", absolute(default))]
