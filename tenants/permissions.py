"""The permission vocabulary and which role holds what."""

from enum import StrEnum

from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l


class Permission(StrEnum):
    """What somebody may do at all; which rows they may see is the query's answer, not this one's."""

    TICKET_READ = "ticket.read"
    TICKET_WRITE = "ticket.write"
    TICKET_DELETE = "ticket.delete"
    CUSTOMER_READ = "customer.read"
    CUSTOMER_WRITE = "customer.write"
    ARTICLE_READ = "article.read"
    ARTICLE_WRITE = "article.write"
    ARTICLE_PUBLISH = "article.publish"
    RECORD_EXPORT = "record.export"
    STAFF_MANAGE = "staff.manage"
    OWN_ACCOUNT = "own.account"
    PLATFORM_OPERATE = "platform.operate"


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"
    VIEWER = "viewer"


ROLE_NAMES: dict[Role, LazyText] = {
    Role.ADMIN: _l("Administrator"),
    Role.MANAGER: _l("Manager"),
    Role.AGENT: _l("Agent"),
    Role.VIEWER: _l("Viewer"),
}

_VIEW = frozenset({Permission.OWN_ACCOUNT, Permission.TICKET_READ, Permission.CUSTOMER_READ, Permission.ARTICLE_READ})
_ANSWER = _VIEW | {Permission.TICKET_WRITE, Permission.CUSTOMER_WRITE, Permission.ARTICLE_WRITE}
_MANAGE = _ANSWER | {Permission.ARTICLE_PUBLISH, Permission.RECORD_EXPORT, Permission.TICKET_DELETE}

GRANTED: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEW,
    Role.AGENT: _ANSWER,
    Role.MANAGER: _MANAGE,
    Role.ADMIN: _MANAGE | {Permission.STAFF_MANAGE},
}
CUSTOMER = frozenset({Permission.OWN_ACCOUNT})
OPERATOR = frozenset({Permission.PLATFORM_OPERATE})
