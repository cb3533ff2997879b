"""What a record type's pages are declared as: what is special about them, and nothing that follows from its dictionary."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from flask import g, url_for
from sqlalchemy import Select
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ExecutableOption

from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import LazyText
from kernel.records import Field, Kind, RecordType, Search
from web import access
from web.lifecycle import session

Choices = Sequence[tuple[Any, LazyText | str]]


@dataclass(frozen=True)
class Tab:
    """A ready-made view of a list beside the saved ones; `key` is the value of `view` in its address."""

    key: str
    label: LazyText
    icon: str
    count: int


@dataclass(frozen=True, kw_only=True)
class BulkAction:
    """Something to be done with every row picked.  `value` is what has to be given with it; `key` presses its button."""

    name: str
    label: LazyText
    icon: str
    permission: str
    apply: Callable[[Session, Any, str, Actor], None]
    value: Field | None = None
    key: str = ""


class Action(NamedTuple):
    """A link on a record's page to what can be done from there."""

    label: LazyText
    url: str
    permission: str


class Entry(NamedTuple):
    """A line of a panel."""

    text: str
    url: str
    at: datetime
    status: str = ""
    status_name: LazyText | str = ""


class Panel(NamedTuple):
    """Related records beside a record's facts."""

    title: LazyText
    entries: Sequence[Entry]
    empty: LazyText
    more_url: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordPages:
    """The pages of one record type.

    `add(session, **values, actor)` and `change(session, row, values, version, actor)` are commands: pages without them have no
    form.  `references` says what a reference may be chosen from, `looks` how a cell is drawn other than by its kind, `events`
    holds the sentences of the timeline.  `viewed` is the event by which the audit trail tells who opened a record; `opened` is
    called when somebody does.  `view` narrows the list further by what `tabs` offers.  A template named here replaces the
    common one and extends it; `context` gives it what it needs besides.
    """

    record_type: RecordType
    path: str
    read: str
    write: str
    visible_to: Callable[[Actor], Select[Any]]
    view: Callable[[Select[Any]], Select[Any]] = lambda query: query
    columns: tuple[str, ...]
    filters: tuple[str, ...] = ()
    sort: str = "-updated_at"
    search: Search | None = None
    options: Sequence[ExecutableOption] = ()
    heading: Callable[[], LazyText | str] | None = None
    subtitle: Callable[[Any], str] = lambda row: ""
    tabs: Callable[[], tuple[str, Sequence[Tab]]] | None = None
    looks: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, Callable[[], Choices]] = field(default_factory=dict)
    bulk: tuple[BulkAction, ...] = ()
    list_path: str = ""
    viewed: str = ""
    has_show: bool = True
    row_url: Callable[[Any], str] | None = None
    new_url: Callable[[], str] | None = None
    new_label: LazyText | None = None
    form: tuple[tuple[LazyText, tuple[str, ...]], ...] = ()
    form_only_new: tuple[str, ...] = ()
    add: Callable[..., Any] | None = None
    change: Callable[..., None] | None = None
    panels: Callable[[Any], Sequence[Panel]] = lambda row: ()
    actions: Callable[[Any], Sequence[Action]] = lambda row: ()
    opened: Callable[[Any], None] = lambda row: None
    context: Callable[[Any], dict[str, Any]] = lambda row: {}
    events: Mapping[str, LazyText] = field(default_factory=dict)
    show_options: Sequence[ExecutableOption] = ()
    list_template: str = "web/records/list.html"
    show_template: str = "web/records/show.html"
    form_template: str = "web/records/form.html"
    is_live: bool = False

    def get(self, record_id: int) -> Any:
        """Return the row that the actor may see, or raise `NotFound`."""
        query = self.visible_to(access.actor()).where(self.record_type.entity.id == record_id)
        row = session.scalar(query.options(*(self.show_options or self.options)))
        if row is None:
            raise NotFound()
        return row

    def title_of(self, row: Any) -> str:
        return str(self.record_type[self.record_type.title].value_of(row, actor=access.actor()))

    def url_of(self, row: Any) -> str:
        return self.row_url(row) if self.row_url else url_for(".show", record_id=row.id)

    def look_of(self, one: Field) -> str:
        return self.looks.get(one.name, one.kind)

    def choices_of(self, one: Field) -> Choices:
        """Return what a field may be chosen from, as value and name; what has to be read is read once a request."""
        if one.kind is not Kind.REFERENCE:
            return list(one.choices.items())
        read: dict[str, Choices] = g.setdefault("record_choices", {})
        if one.name not in read:
            read[one.name] = self.references[one.name]() if one.name in self.references else ()
        return read[one.name]

    @property
    def bulk_actions(self) -> list[BulkAction]:
        """Return the declared actions and one for every field that may be edited in bulk, as far as the actor may."""
        setting = [self._setting(one) for one in self.record_type.fields if one.is_bulk_editable]
        return [action for action in (*self.bulk, *setting) if access.actor().may(action.permission)]

    def _setting(self, one: Field) -> BulkAction:
        def apply(session: Session, row: Any, value: str, actor: Actor) -> None:
            assert self.change is not None
            self.change(session, row, values={one.name: value}, version=None, actor=actor)

        return BulkAction(name=one.name, label=one.label, icon="pencil", permission=self.write, apply=apply, value=one)
