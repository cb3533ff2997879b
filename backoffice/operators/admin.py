"""Flask-Admin, as far as the console lets it: lists that can only be read, and pages whose actions are our commands.

Every route of a view is one that says whom it is for; what Flask-Admin brings besides (creating, editing, deleting,
exporting past our commands) does not become a route.  Its templates, styles and scripts are not used: the pages are ours.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from flask import Flask, render_template, request
from flask_admin import Admin, BaseView, expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from flask_admin.model.base import ViewArgs

from kernel.i18n import LazyText
from tenants.permissions import Permission
from web import access
from web.forms import Form
from web.lifecycle import session

_MOST_PAGES = 10_000
_FILTER = re.compile(r"flt\d{1,3}_(\d{1,3})")


View = TypeVar("View", bound=Callable[..., Any])


def route(path: str, *, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """Let a method of a view answer at `path`, below the view's own address; say with `@requires` for whom."""
    return cast(Callable[[View], View], expose(path, methods=methods))


class _Guarded:
    """What every view of the console is: for operators only, and made of declared routes only."""

    _urls: list[tuple[str, str, Any]]

    def create_blueprint(self, admin: Admin) -> Any:
        self._urls = [route for route in type(self)._urls if hasattr(getattr(type(self), route[1]), "access")]
        return super().create_blueprint(admin)  # type: ignore[misc]

    def is_accessible(self) -> bool:
        """A second lock behind the gate's."""
        return access.actor().may(Permission.PLATFORM_OPERATE)

    def render(self, template: str, **context: Any) -> str:
        """Draw a page of ours, in which `theme` and the like mean what they mean everywhere else in the house."""
        return render_template(template, **{**context, **self._template_args, "admin_view": self})  # type: ignore[attr-defined]

    def _run_view(self, view: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the view once: Flask-Admin takes a `TypeError` from inside it for a wrong call, and would run it again."""
        return view(self, *args, **kwargs)


class Page(_Guarded, BaseView):  # type: ignore[misc]  # Flask-Admin has no types
    """A page or group of pages."""


class _OurSession:
    """Stands where Flask-Admin wants a database: every query below asks the request's own session, on the platform's role."""

    session = None


class Records(_Guarded, ModelView):  # type: ignore[misc]  # Flask-Admin has no types
    """A list of rows with search, filters, sorting and pages, none of which counts the table."""

    list_template = "operators/list.html"
    simple_list_pager = True
    can_create = can_edit = can_delete = can_export = can_view_details = column_display_actions = can_set_page_size = False
    page_size = 50
    # Nothing is edited here, so that no form needs to be made of the model.
    form = Form

    def __init__(self, model: type, name: LazyText, **options: Any) -> None:
        super().__init__(model, _OurSession(), name=name, **options)

    def get_query(self) -> Any:
        return session.query(self.model)

    def get_count_query(self) -> None:
        return None

    def _get_list_extra_args(self) -> ViewArgs:
        asked = super()._get_list_extra_args()
        asked.page = min(max(asked.page or 0, 0), _MOST_PAGES)
        asked.search = (asked.search or "").strip()[:200] or None
        return asked

    def _get_list_filter_args(self) -> list[tuple[int, str, str]]:
        """Return the filters chosen, by place, name and value; what is no choice of ours is no filter."""
        chosen = []
        for argument, value in request.args.items():
            match = _FILTER.fullmatch(argument)
            place = int(match[1]) if match else -1
            if 0 <= place < len(self._filters or ()) and self._filters[place].validate(value):
                chosen.append((place, str(self._filters[place].name), value))
        return chosen


class Choice(BaseSQLAFilter):  # type: ignore[misc]  # Flask-Admin has no types
    """A filter that lets rows through whose column equals one of the values offered."""

    def validate(self, value: str) -> bool:
        return value in dict(self.options)

    def apply(self, query: Any, value: str, alias: Any = None) -> Any:
        return query.filter(self.column == value)

    def operation(self) -> str:
        return "="


def install(app: Flask, *views: Any) -> None:
    """Give the application its console: the first view is its front page, all of them stand in its menu."""
    first, *others = views
    admin = Admin(app, name="Frontdesk", index_view=first, url="/ops")
    admin.add_views(*others)
    app.context_processor(lambda: {"console_menu": _menu(admin, views)})


def _menu(admin: Admin, views: tuple[Any, ...]) -> list[tuple[str, LazyText, str, None]]:
    """Return the menu as tabs: key, label, address, no count; for operators only."""
    found = zip(views, admin.menu(), strict=True)
    return [(view.endpoint, view.name, item.get_url(), None) for view, item in found if view.is_accessible()]
