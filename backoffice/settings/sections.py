"""The sections of the settings: which there are, who may open them, and the list beside every page of theirs."""

from typing import NamedTuple

from flask import Flask, request, url_for
from werkzeug.local import LocalProxy

from kernel.actors import Actor
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants.permissions import Permission
from web import access


class Section(NamedTuple):
    """A section in the side list.  `endpoint` is its first page, which names the blueprint of all its pages."""

    label: LazyText
    text: LazyText
    icon: str
    endpoint: str
    permission: Permission

    @property
    def blueprint(self) -> str:
        return self.endpoint.partition(".")[0]


# A new section is one line here.
SECTIONS = (
    Section(_l("People"), _l("Who works here, and as what"), "users", "settings_people.listing", Permission.STAFF_MANAGE),
    Section(_l("Roles"), _l("What each role may do"), "id-badge", "settings_roles.listing", Permission.STAFF_MANAGE),
    Section(
        _l("Sign-ins"),
        _l("Where your people are signed in now"),
        "login",
        "settings_sign_ins.listing",
        Permission.STAFF_MANAGE,
    ),
    Section(
        _l("Branding"),
        _l("Name, logo, colour and layout of your help centre"),
        "photo",
        "settings_branding.page",
        Permission.SETTINGS_MANAGE,
    ),
    Section(_l("Domain"), _l("An address of your own"), "world", "settings_domains.page", Permission.SETTINGS_MANAGE),
    Section(
        _l("Languages"),
        _l("What your help centre speaks, and its time zone"),
        "language",
        "settings_languages.page",
        Permission.SETTINGS_MANAGE,
    ),
    Section(_l("Modules"), _l("The parts you use"), "plug", "settings_modules.page", Permission.SETTINGS_MANAGE),
    Section(
        _l("Support access"),
        _l("Letting the people of Frontdesk in for a time"),
        "key",
        "support.page",
        Permission.SUPPORT_MANAGE,
    ),
    Section(
        _l("Audit log"),
        _l("Who did what, when and from where"),
        "history",
        "settings_audit.listing",
        Permission.AUDIT_INSPECT,
    ),
    Section(
        _l("Export"),
        _l("Everything in one file, to take along"),
        "download",
        "settings_exporting.page",
        Permission.TENANT_TAKE_ALONG,
    ),
    Section(
        _l("Demo data"),
        _l("Made-up customers and requests, and how to be rid of them"),
        "flag",
        "settings_demo_data.page",
        Permission.TENANT_CLOSE,
    ),
    Section(
        _l("Close workspace"),
        _l("Give notice, with thirty days to think it over"),
        "logout",
        "settings_closing.page",
        Permission.TENANT_CLOSE,
    ),
)
# The first one that somebody may open is where the settings begin for them.
BLUEPRINTS = ("settings", *dict.fromkeys(section.blueprint for section in SECTIONS))


def open_to(actor: Actor) -> list[Section]:
    return [section for section in SECTIONS if actor.may(section.permission)]


def install(app: Flask) -> None:
    app.context_processor(lambda: {"settings_sections": LocalProxy(_side_list)})


def _side_list() -> list[tuple[Section, str, bool]]:
    """Return the sections that the reader may open, with their addresses, and whether each is the present one."""
    here = request.blueprint
    return [(section, url_for(section.endpoint), section.blueprint == here) for section in open_to(access.actor())]
