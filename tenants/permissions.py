"""The permission vocabulary and which role holds what."""

from enum import StrEnum

from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l


class Permission(StrEnum):
    """What somebody may do at all; which rows they may see is the query's answer, not this one's."""

    # A line for each record type.
    TICKET_READ, TICKET_WRITE, TICKET_DELETE = "ticket.read", "ticket.write", "ticket.delete"
    CUSTOMER_READ, CUSTOMER_WRITE = "customer.read", "customer.write"
    ARTICLE_READ, ARTICLE_WRITE, ARTICLE_PUBLISH = "article.read", "article.write", "article.publish"
    RECORD_EXPORT = "record.export"
    STAFF_MANAGE, SETTINGS_MANAGE, AUDIT_INSPECT = "staff.manage", "settings.manage", "audit.inspect"
    TENANT_CLOSE, TENANT_TAKE_ALONG = "tenant.close", "tenant.take_along"
    OWN_ACCOUNT = "own.account"
    # To let the platform's operators in.
    SUPPORT_MANAGE = "support.manage"
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


def _all(*verbs: str) -> frozenset[Permission]:
    """Return what may be done with every record type, by the last word of its permissions."""
    return frozenset(one for one in Permission if one.value.rpartition(".")[2] in verbs)


_VIEW = _all("read") | {Permission.OWN_ACCOUNT}
_ANSWER = _VIEW | _all("write")
_MANAGE = _ANSWER | _all("publish", "export", "delete")

GRANTED: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEW,
    Role.AGENT: _ANSWER,
    Role.MANAGER: _MANAGE,
    Role.ADMIN: _MANAGE | _all("manage", "inspect", "close", "take_along"),
}
# What everybody who works here may do, whatever their role; and what a role may be given at all.
OWN = frozenset({str(Permission.OWN_ACCOUNT)})
GRANTABLE = frozenset(map(str, GRANTED[Role.ADMIN])) - OWN
# What an operator may do at most whom a tenant has let in, be it as an administrator: work, and carry nothing away.  A
# permission that is new is none of theirs until it is named here.
FOR_GUESTS = _all("read", "write", "publish")
CUSTOMER = frozenset({Permission.OWN_ACCOUNT})
OPERATOR = frozenset({Permission.PLATFORM_OPERATE})
