"""The routes of a record type's pages: each reads by its query, writes by its command, and is short."""

from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from typing import Any

from flask import Blueprint, abort, flash, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import Select
from werkzeug.wrappers import Response

from kernel import clock, events, records
from kernel.errors import DomainError, Forbidden, InvalidField, StaleEdit
from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind, ListRequest
from tenants import saved_views
from tenants.permissions import Permission
from web import access, htmx, returning
from web import forms as web_forms
from web.access import requires
from web.forms import Form
from web.languages import joined, zone
from web.lifecycle import session
from web.record_pages import exporting, forms, reading
from web.record_pages.declaration import BulkAction, RecordPages

BULK_LIMIT = 200
EXPORT_LIMIT = 50_000


class TooManyRows(DomainError):
    message = _l("An export holds at most 50,000 rows. Filter the list first, then export it in parts.")


def blueprint_of(pages: RecordPages, name: str) -> Blueprint:
    """Return a blueprint with the routes that the declaration asks for; a room may add its own to it."""
    made = Blueprint(name, __name__)
    for method, rule, endpoint, view, permission in _routes(pages):
        bound = update_wrapper(partial(view, pages), view)  # Flask's extensions ask views for their names
        made.add_url_rule(rule, endpoint, requires(permission)(bound), methods=[method])
    return made


Route = tuple[str, str, str, Callable[..., Any], str]


def _routes(pages: RecordPages) -> Iterator[Route]:
    path = pages.path
    yield "GET", pages.list_path or path, "listing", listing, pages.read
    yield "POST", f"{path}/views", "save_view", save_view, pages.read
    yield "POST", f"{path}/views/<int:view_id>/delete", "delete_view", delete_view, pages.read
    yield "POST", f"{path}/bulk", "bulk", bulk, pages.read
    yield "GET", f"{path}/export.<format>", "export", export, Permission.RECORD_EXPORT
    if pages.has_show:
        yield "GET", f"{path}/<int:record_id>", "show", show, pages.read
    if pages.form:
        yield "GET", f"{path}/new", "new", new, pages.write
        yield "POST", f"{path}/new", "create", create, pages.write
        yield "GET", f"{path}/<int:record_id>/edit", "edit", edit, pages.write
        yield "POST", f"{path}/<int:record_id>/edit", "save", save, pages.write


def listing(pages: RecordPages) -> Response:
    asked = reading.list_request(pages)
    query = _narrowed(pages, asked)
    page = asked.page(session, query.options(*pages.options))
    template = "web/records/_listing.html" if htmx.wants_fragment() else pages.list_template
    body = render_template(template, page=page, total=records.count(session, query, pages.record_type), **_list(pages, asked))
    # What is typed into the quick search becomes the page's address; what the page asks by itself does not.
    is_search = htmx.wants_fragment() and getattr(request, "htmx_source", "") == "quick-search"
    return htmx.answer(body, push_url=reading.address() if is_search else "")


def _narrowed(pages: RecordPages, asked: ListRequest) -> Select[Any]:
    return asked.narrow(pages.view(pages.visible_to(access.actor())), zone=zone(), search=pages.search)


def _list(pages: RecordPages, asked: ListRequest) -> dict[str, Any]:
    """Return what the list's template needs besides its rows."""
    saved = saved_views.of_list(session, pages.record_type.name, actor=access.actor())
    fields = pages.record_type.open_to(access.actor())
    active, tabs = pages.tabs() if pages.tabs else ("", ())
    return {
        "pages": pages,
        "asked": asked,
        "columns": reading.columns(pages),
        "all_columns": pages.record_type.fields,
        "filters": [fields[name] for name in pages.filters if name in fields and _can_be_chosen(pages, fields[name])],
        "filter_choices": partial(reading.filter_choices, pages),
        "chips": reading.chips(pages, asked),
        "address": reading.address,
        "query": reading.query(),
        "count_limit": records.COUNT_LIMIT,
        "heading": pages.heading() if pages.heading else pages.record_type.plural,
        "saved": saved,
        "tabs": tabs,
        "active_tab": active,
        "bulk_actions": pages.bulk_actions,
    }


def _can_be_chosen(pages: RecordPages, one: Field) -> bool:
    """A reference to one of too many is filtered by a link from there, not by a choice here."""
    return one.kind is not Kind.REFERENCE or bool(pages.choices_of(one))


def save_view(pages: RecordPages) -> Response:
    """Keep the address that the form came from; what the team shares is written by those who may write."""
    given = request.form
    back = returning.local_path(given.get("next"), url_for(".listing"))
    is_shared = "shared" in given and access.actor().may(pages.write)
    name, query = given.get("name", ""), back.partition("?")[2]
    saved_views.save(session, pages.record_type.name, name=name, query=query, is_shared=is_shared, actor=access.actor())
    flash(_("The view was saved."), "success")
    return htmx.redirect_to(back)


def delete_view(pages: RecordPages, view_id: int) -> Response:
    may_share = access.actor().may(pages.write)
    saved_views.delete(session, view_id, record_type=pages.record_type.name, may_share=may_share, actor=access.actor())
    flash(_("The view was deleted."), "success")
    return htmx.redirect_to(url_for(".listing"))


def bulk(pages: RecordPages) -> Response:
    """Do one thing with every row picked, in one transaction; rows that refuse it are left as they are, and counted."""
    given = request.form
    action = next((one for one in pages.bulk_actions if one.name == given.get("action")), None)
    if action is None:
        raise Forbidden()
    rows = _picked(pages)
    done, refusals = _apply(action, rows, _value(action, given.get(f"value-{action.name}", "")))
    flash(_("%(count)s done.", count=done), "success" if done else "info")
    for reason, count in refusals.items():
        flash(_("%(count)s skipped: %(reason)s", count=count, reason=reason), "warning")
    return htmx.redirect_to(returning.local_path(given.get("next"), url_for(".listing")))


class NothingPicked(DomainError):
    message = _l("Select between 1 and 200 rows first, then choose what to do with them.")


def _picked(pages: RecordPages) -> list[Any]:
    """Return the rows picked that the actor may see, in the order of their ids: two people at once never lock crosswise."""
    ids = {int(text) for text in request.form.getlist("ids") if text.isascii() and text.isdecimal() and len(text) <= 18}
    if not 1 <= len(ids) <= BULK_LIMIT:
        raise NothingPicked()
    identity = pages.record_type.entity.id
    query = pages.visible_to(access.actor()).where(identity.in_(ids)).options(*pages.options).order_by(identity)
    return list(session.scalars(query))


def _value(action: BulkAction, text: str) -> str:
    if action.value is None:
        return ""
    if not text.strip():
        raise InvalidField(action.name, _l("Say what to put there, then choose it again."))
    if action.value.kind is Kind.CHOICE:
        action.value.choice(text)
    return text.strip()


def _apply(action: BulkAction, rows: list[Any], value: str) -> tuple[int, dict[str, int]]:
    done, refusals = 0, dict[str, int]()
    for row in rows:
        try:
            with session.begin_nested():
                action.apply(session, row, value, access.actor())
        except DomainError as error:
            refusals[str(error)] = refusals.get(str(error), 0) + 1
        else:
            done += 1
    return done, refusals


def export(pages: RecordPages, format: str) -> Response:
    """Send the list as a file: the page that is shown, or all that matches.  Who took what is written down."""
    if format not in exporting.FORMATS:
        abort(404)
    if not access.actor().may(pages.read):
        raise Forbidden()
    write, media_type = exporting.FORMATS[format]
    fields = [one for one in pages.record_type.fields if one.is_exported]
    file, count = exporting.as_file(write, fields, _exported(pages), actor=access.actor())
    person = access.current_person()
    assert person is not None
    facts = {"record_type": pages.record_type.name, "format": format, "query": reading.query(), "rows": count}
    events.record(session, "records.exported", person.record, actor=access.actor(), **facts)
    name = exporting.file_name(str(pages.record_type.plural), clock.now().astimezone(zone()).date(), format)
    return send_file(file, mimetype=media_type, as_attachment=True, download_name=name)


def _exported(pages: RecordPages) -> Iterator[Any]:
    asked = reading.list_request(pages)
    query = _narrowed(pages, asked).options(*pages.options)
    if request.args.get("rows") == "page":
        yield from asked.page(session, query).rows
        return
    for place, row in enumerate(session.scalars(asked.ordered(query).execution_options(yield_per=1000))):
        if place == EXPORT_LIMIT:
            raise TooManyRows()
        yield row


def show(pages: RecordPages, record_id: int) -> str:
    row = pages.get(record_id)
    if pages.viewed:
        events.record_view(session, pages.viewed, row, actor=access.actor())
    pages.opened(row)
    actions = [action for action in pages.actions(row) if access.actor().may(action.permission)]
    context = {"pages": pages, "row": row, "actions": actions, "panels": pages.panels(row), "timeline": timeline(pages, row)}
    return render_template(pages.show_template, **context, **pages.context(row))


def timeline(pages: RecordPages, row: Any) -> list[tuple[str, Any]]:
    """Return the record's history as sentences with their moments, newest first."""
    lines = []
    for event in events.history(session, row):
        if sentence := pages.events.get(event.name):
            changed = [pages.record_type[name].label for name in event.data.get("fields", ())]
            lines.append((str(sentence % {"who": event.actor_name, "what": joined(changed)}), event.at))
    return lines


def new(pages: RecordPages) -> Response:
    return _show_form(pages, forms.form_of(pages))


def create(pages: RecordPages) -> Response:
    form = forms.form_of(pages)
    if form.validate_on_submit():
        with form.refusals():
            assert pages.add is not None
            row = pages.add(session, **forms.values_in(pages, form), actor=access.actor())
            flash(_("Saved."), "success")
            return htmx.redirect_to(pages.url_of(row))
    return _show_form(pages, form)


def edit(pages: RecordPages, record_id: int) -> Response:
    row = pages.get(record_id)
    return _show_form(pages, forms.form_of(pages, row), row)


def save(pages: RecordPages, record_id: int) -> Response:
    row = pages.get(record_id)
    form = forms.form_of(pages, row)
    if form.validate_on_submit():
        with form.refusals():
            _change(pages, row, form)
            flash(_("Saved."), "success")
            return htmx.redirect_to(pages.url_of(row))
    return _show_form(pages, form, pages.get(record_id))


def _change(pages: RecordPages, row: Any, form: Form) -> None:
    assert pages.change is not None
    seen = request.form.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else -1
    pages.change(session, row, values=forms.values_in(pages, form), version=version, actor=access.actor())


def _show_form(pages: RecordPages, form: Form, row: Any = None) -> Response:
    """Show the form as typed.  Where somebody else was faster, their texts stand beside it, and saving again overwrites."""
    theirs = _theirs(pages, form, row) if isinstance(form.refusal, StaleEdit) else []
    groups = forms.groups(pages, is_new=row is None)
    context = {"pages": pages, "row": row, "groups": groups, "theirs": theirs, **pages.context(row)}
    return web_forms.show(pages.form_template, form, **context)


def _theirs(pages: RecordPages, form: Form, row: Any) -> list[tuple[Field, Any]]:
    """Return the fields that now hold something else than the form, with what they hold; the form learns their version."""
    form["version"].data = getattr(row, pages.record_type.version)
    typed = forms.values_in(pages, form)
    now = forms.values_of(pages, row, [pages.record_type[name] for name in typed])
    changed = [name for name in typed if (typed[name] or None) != (now[name] or None)]
    return [(pages.record_type[name], pages.record_type[name].value_of(row, actor=access.actor())) for name in changed]
