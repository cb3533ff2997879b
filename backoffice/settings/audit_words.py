"""The audit log in words: what events, their subjects and their fields are called."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from flask import url_for
from flask_babel import gettext as _

from crm.customers.fields import CUSTOMER
from kernel.events import Event
from kernel.i18n import LANGUAGES, LazyText
from kernel.i18n import lazy_text as _l
from knowledge_base.articles.fields import ARTICLE
from knowledge_base.articles.queries import ARTICLE_STATUS_NAMES
from service_desk.tickets.queries import PRIORITY_NAMES, STATUS_NAMES
from tenants import branding, roles
from tenants.modules import SHEETS
from tenants.permissions import ROLE_NAMES
from web import modules
from web.languages import format_time, joined

# What happened, in a few words.  An event that is missing here is shown by its name.
DEEDS: dict[str, LazyText] = {
    "staff_member.added": _l("Added to the staff"),
    "tenant.suspended": _l("Suspended"),
    "tenant.resumed": _l("Opened again"),
    "tenant.closing": _l("Given notice"),
    "tenant.closes_soon": _l("Reminded of the closing"),
    "tenant.reopened": _l("Closing undone"),
    "tenant.renamed": _l("Moved to another address"),
    "tenant.exported": _l("Exported by the platform"),
    "data_export.asked": _l("Export asked for"),
    "data_export.ready": _l("Export finished"),
    "data_export.downloaded": _l("Export downloaded"),
    "demo_data.loaded": _l("Demo data loaded"),
    "demo_data.removed": _l("Demo data removed"),
    "staff_member.invited": _l("Invited"),
    "staff_member.invitation_revoked": _l("Invitation taken back"),
    "staff_member.joined": _l("Accepted the invitation"),
    "staff_member.signed_in": _l("Signed in"),
    "staff_member.signed_out": _l("Signed out in one browser by somebody else"),
    "staff_member.signed_out_everywhere": _l("Signed out everywhere"),
    "staff_member.role_changed": _l("Role changed"),
    "staff_member.deactivated": _l("Deactivated"),
    "staff_member.reactivated": _l("Reactivated"),
    "staff_member.ownership_transferred": _l("Ownership transferred"),
    "staff_member.password_changed": _l("Password changed"),
    "staff_member.password_reset": _l("Password set by a link"),
    "staff_member.reset_requested": _l("Asked for a new password"),
    "staff_member.second_step_required": _l("Second step switched on"),
    "staff_member.second_step_dropped": _l("Second step switched off"),
    "staff_member.language_changed": _l("Language of the desk changed"),
    "staff_role.added": _l("Role added"),
    "staff_role.changed": _l("Role changed"),
    "staff_role.deleted": _l("Role deleted"),
    "records.exported": _l("List exported"),
    "tenant.branding_changed": _l("Branding changed"),
    "tenant.languages_changed": _l("Languages or time zone changed"),
    "tenant.modules_switched": _l("Modules switched"),
    "domain.added": _l("Domain added"),
    "domain.removed": _l("Domain removed"),
    "domain.made_primary": _l("Main address changed"),
    "domain.state_changed": _l("Records of the domain checked"),
    "access_pass.granted": _l("Access granted to the operators"),
    "access_pass.used": _l("An operator came in"),
    "access_pass.ended": _l("Access of the operators ended"),
    "staff_member.asked_vendor": _l("Asked Frontdesk a question"),
    "staff_member.answered_vendor": _l("Answered Frontdesk"),
    "saved_view.saved": _l("View saved"),
    "saved_view.deleted": _l("View deleted"),
    "sign_in_code.requested": _l("Sign-in code asked for"),
    "customer.added": _l("Customer added"),
    "customer.changed": _l("Customer changed"),
    "customer.viewed": _l("Customer looked at"),
    "customer.signed_in": _l("Customer signed in"),
    "customer.password_set": _l("Customer chose a password"),
    "ticket.created": _l("Ticket sent"),
    "ticket.replied": _l("Ticket answered"),
    "ticket.noted": _l("Internal note added"),
    "ticket.assigned": _l("Ticket assigned"),
    "ticket.status_changed": _l("Status of a ticket changed"),
    "ticket.priority_changed": _l("Priority of a ticket changed"),
    "ticket.tags_changed": _l("Tags of a ticket changed"),
    "ticket.renamed": _l("Subject of a ticket changed"),
    "ticket.rated": _l("Ticket rated"),
    "ticket.viewed": _l("Ticket looked at by an operator"),
    "category.added": _l("Category added"),
    "category.named": _l("Category named"),
    "category.moved": _l("Category moved"),
    "category.marked": _l("Category marked or unmarked as frequent questions"),
    "category.deleted": _l("Category deleted"),
    "article.written": _l("Article written"),
    "article.changed": _l("Article changed"),
    "article.published": _l("Article published"),
    "article.withdrawn": _l("Article withdrawn"),
    "article.archived": _l("Article archived"),
    "article.submitted": _l("Article handed in for review"),
    "article.sent_back": _l("Article sent back to its author"),
    "article.approved": _l("Article approved"),
    "article.scheduled": _l("Publication of an article scheduled"),
    "article.unscheduled": _l("Publication of an article called off"),
    "article.discarded": _l("Next version of an article discarded"),
    "article.rolled_back": _l("Article taken back to an earlier version"),
    "article.arranged": _l("Settings of an article changed"),
    "article.moved": _l("Article moved in its category"),
    "article.confirmed": _l("Translation confirmed as up to date"),
    "article.rendered": _l("Article renewed because a snippet changed"),
    "article.voted": _l("Article rated"),
    "article.feedback_handled": _l("Readers' feedback handled"),
    "article.feedback_taken_up": _l("Readers' feedback taken up again"),
    "snippet.changed": _l("Snippet changed"),
    "snippet.deleted": _l("Snippet deleted"),
    "synonyms.changed": _l("Synonyms changed"),
    "question.decided": _l("Question of readers decided"),
    "question.reconsidered": _l("Question of readers taken up again"),
}
# What can be asked for: a whole kind of events, or one.
KINDS: dict[str, LazyText] = {
    "staff_member": _l("Everything about staff"),
    "staff_member.signed_in": _l("Sign-ins of staff"),
    "staff_member.role_changed": _l("Role changes"),
    "staff_role": _l("Roles"),
    "tenant": _l("Settings"),
    "domain": _l("Domains"),
    "records.exported": _l("Exports"),
    "access_pass": _l("Support access"),
    "ticket": _l("Tickets"),
    "customer": _l("Customers"),
    "article": _l("Articles"),
}
ACTORS: dict[str, LazyText] = {
    "staff": _l("Staff"),
    "customer": _l("Customers"),
    "operator": _l("Operators of the platform"),
    "system": _l("The system itself"),
    "visitor": _l("Visitors who were not signed in"),
}
SUBJECTS: dict[str, LazyText] = {
    "staff_member": _l("Staff member"),
    "staff_role": _l("Role"),
    "tenant": _l("Workspace"),
    "ticket": _l("Ticket"),
    "customer": _l("Customer"),
    "article": _l("Article"),
    "category": _l("Category"),
    "snippet": _l("Snippet"),
    "synonyms": _l("Synonyms"),
    "question_decision": _l("Question of readers"),
    "article_vote": _l("Readers' feedback"),
    "data_export": _l("Export"),
    "host_name": _l("Domain"),
    "saved_view": _l("Saved view"),
    "access_pass": _l("Support access"),
    "sign_in_code": _l("Sign-in code"),
}
_FIELDS: dict[str, LazyText] = {
    "role": _l("Role"),
    "is_active": _l("Active"),
    "workspace_owner": _l("Workspace owner"),
    "name": _l("Name"),
    "email": _l("E-mail"),
    "permissions": _l("Permissions"),
    "brand_color": _l("Colour"),
    "phone": _l("Telephone"),
    "layout": _l("Home page"),
    "links": _l("Links in the header"),
    "footer": _l("Text in the footer"),
    "logo": _l("Logo"),
    "languages": _l("Languages"),
    "locale": _l("First language"),
    "time_zone": _l("Time zone"),
    "modules_off": _l("Modules switched off"),
    "host": _l("Domain"),
    "state": _l("State"),
    "status": _l("Status"),
    "language": _l("Language"),
    "record_type": _l("Which list"),
    "format": _l("Format"),
    "query": _l("Filters"),
    "rows": _l("Rows"),
    "from_address": _l("From where"),
    "address": _l("From where"),
    "agent": _l("Browser"),
    "tags": _l("Tags"),
    "priority": _l("Priority"),
    "assignee_id": _l("Assignee"),
    "score": _l("Rating"),
    "fields": _l("Fields changed"),
    "is_helpful": _l("Helpful"),
    "reason": _l("Reason"),
    "title": _l("Title"),
    "until": _l("Until"),
    "number": _l("Number"),
    "at": _l("When"),
    "to": _l("Taken back to"),
    "position": _l("Place"),
    "is_faq": _l("Frequent questions"),
    "snippet": _l("Snippet"),
    "groups": _l("Groups"),
    "phrase": _l("Question"),
    "kind": _l("Kind"),
    "names": _l("Name"),
    "files": _l("Files"),
    "sha256": _l("Checksum"),
    "days_left": _l("Days left"),
    "purge_at": _l("To be erased"),
    "template": _l("Template"),
}
# Fields of lists of records are called what their own pages call them.
_FIELDS = {field.name: field.label for listed in (CUSTOMER, ARTICLE) for field in listed.fields} | _FIELDS
# Ids of rows that nobody can look up from here.
_UNTOLD = frozenset({"link_id", "message_id", "operator_id", "parent_id"})
_SHORT = 160


def deed(event: Event) -> LazyText | str:
    return DEEDS.get(event.name, event.name)


def subject(event: Event) -> str:
    return str(SUBJECTS.get(event.subject_type, event.subject_type))


def subject_url(event: Event) -> str | None:
    """Return the page of what the event is about, where there is one for its id."""
    page, argument = _PAGES.get(event.subject_type, ("", ""))
    values: dict[str, Any] = {argument: event.subject_id}
    return url_for(page, **values) if page and modules.has_page(page) else None


_PAGES = {
    "staff_member": ("settings_people.person", "staff_id"),
    "customer": ("customers.show", "record_id"),
    "article": ("articles.show", "record_id"),
}


class Detail(NamedTuple):
    """One field of what happened: what it was and what it became, or just what it is (`before` is None)."""

    label: str
    before: str | None
    after: str


def details(event: Event, names: Mapping[int, str]) -> list[Detail]:
    """Return what is kept of an event; `names` are those of the staff by id."""
    data, changes = dict(event.data), dict(event.data.get("changes", {}))
    if "assignee_id" in changes:
        changes["assignee_id"] = [names.get(one or 0, one) for one in changes["assignee_id"]]
    elif data.get("assignee_id") in names:
        data["assignee_id"] = names[data["assignee_id"]]
    return list(_details(data, changes))


def people_in(event: Event) -> set[int]:
    """Return the numbers of the staff that an event speaks of, to be looked up."""
    told = [event.data.get("assignee_id"), *event.data.get("changes", {}).get("assignee_id", ())]
    return {one for one in told if isinstance(one, int)}


def _details(data: Mapping[str, Any], changes: Mapping[str, Any]) -> Iterator[Detail]:
    for name, (before, after) in changes.items():
        if isinstance(before, dict) and isinstance(after, dict) and name not in _READERS:
            # Of what is kept together, only what has changed.
            parts = [part for part in {**before, **after} if before.get(part) != after.get(part)]
            yield from (Detail(_label(part), _text(part, before.get(part)), _text(part, after.get(part))) for part in parts)
        else:
            yield Detail(_label(name), _text(name, before), _text(name, after))
    if "before" in data and "after" in data:
        yield Detail("", _text("", data["before"]), _text("", data["after"]))
    for name, value in data.items():
        # What is told as a change need not be named once more.
        rest = [one for one in value if one not in changes] if name == "fields" else value
        if name not in _UNTOLD and name not in ("changes", "before", "after", *changes) and rest not in (None, "", []):
            yield Detail(_label(name), None, _text(name, rest))


def _label(name: str) -> str:
    return str(_FIELDS.get(name, name))


def _text(name: str, value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    try:
        written = _READERS.get(name, _plain)(value)
    except (AttributeError, KeyError, TypeError, ValueError):
        # Some other event calls something else by this name: it is shown as it is kept.
        written = _plain(value)
    return written if len(written) <= _SHORT else f"{written[:_SHORT]}…"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, list):
        return joined(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _named(names: Mapping[str, LazyText | str]) -> Callable[[Any], str]:
    return lambda value: str(names.get(str(value), value))


_LANGUAGES = {language.code: language.name for language in LANGUAGES}
_MODULES = {str(sheet.module): sheet.name for sheet in SHEETS}
_READERS: dict[str, Callable[[Any], str]] = {
    # What records' own pages call the values that they offer.
    **{field.name: _named(field.choices) for listed in (CUSTOMER, ARTICLE) for field in listed.fields if field.choices},
    "role": _named({str(role): label for role, label in ROLE_NAMES.items()}),
    "status": _named({str(status): label for names in (ARTICLE_STATUS_NAMES, STATUS_NAMES) for status, label in names.items()}),
    "priority": _named({str(int(priority)): label for priority, label in PRIORITY_NAMES.items()}),
    "language": _named(_LANGUAGES),
    "locale": _named(_LANGUAGES),
    "languages": lambda codes: joined(_LANGUAGES.get(code, code) for code in codes),
    "layout": _named(branding.LAYOUTS),
    "query": unquote_plus,
    "record_type": _named(SUBJECTS),
    "permissions": lambda granted: joined(roles.DEEDS.get(one, one) for one in granted),
    "logo": lambda logos: joined(f"{theme} {kept['sha256'][:8]}" for theme, kept in logos.items()),
    "links": lambda links: joined(link["label"] for link in links),
    "fields": lambda names: joined(_label(name) for name in names),
    "modules_off": lambda off: joined(_MODULES.get(one, one) for one in off),
    "expires_at": lambda written: format_time(datetime.fromisoformat(written)),
    "at": lambda written: format_time(datetime.fromisoformat(written)),
    "until": lambda written: format_time(datetime.fromisoformat(written)),
    "purge_at": lambda written: format_time(datetime.fromisoformat(written)),
    "names": lambda names: " / ".join(names.values()),
    "footer": lambda footer: " / ".join(footer.values()),
}
