"""Record pages: list, show page, form, bulk actions and export of any record type, from one declaration."""

from web.record_pages.declaration import Action as Action
from web.record_pages.declaration import BulkAction as BulkAction
from web.record_pages.declaration import Entry as Entry
from web.record_pages.declaration import Panel as Panel
from web.record_pages.declaration import RecordPages as RecordPages
from web.record_pages.declaration import Tab as Tab
from web.record_pages.routes import blueprint_of as blueprint_of
