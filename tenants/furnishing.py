"""What a new tenant may begin with: a template of its trade, and demo data to try things on."""

from sqlalchemy.orm import Session

from kernel import outbox
from kernel.errors import DomainError
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l

BLANK = "blank"
TEMPLATE_NAMES: dict[str, LazyText] = {
    BLANK: _l("Blank"),
    "hotel": _l("Hotel"),
    "catering": _l("Catering"),
    "consulting": _l("Consulting"),
    "field_service": _l("Field service"),
}


class UnknownTemplate(DomainError):
    message = _l("There is no template “%(name)s”.")


def promise(session: Session, *, template: str, language: str, with_demo_data: bool = False) -> None:
    """Let a worker put these in where the session stands, for who has no time to wait.  Raises `UnknownTemplate`.

    What they hold belongs to rooms above this one, so it is promised by the names of their jobs.
    """
    if template not in TEMPLATE_NAMES:
        raise UnknownTemplate(name=template)
    if template != BLANK:
        outbox.put(session, "templates.furnish", {"template": template, "language": language})
    if with_demo_data:
        outbox.put(session, "demo.load", {"language": language})
