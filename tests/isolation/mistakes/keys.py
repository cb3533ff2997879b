"""Mistakes about who somebody is: sign-ins, links, cookies, and where one is sent after."""

from typing import Any

import pytest
from flask.sessions import SecureCookieSessionInterface

import wsgi
from kernel import clock, database, passwords
from tenants import sign_ins, staff, staff_sign_in
from tenants.models import SignIn, StaffMember
from tests.isolation.houses import Town
from web import returning

Patch = pytest.MonkeyPatch


def sign_in_anywhere(patch: Patch, town: Town) -> None:
    by_email = staff.by_email

    def anywhere(session: Any, email: str) -> Any:
        with database.transaction(town.foreign.tenant.stand) as other:
            return by_email(session, email) or by_email(other, email)

    patch.setattr(staff_sign_in.staff, "by_email", anywhere)


def one_table_of_sign_ins(patch: Patch, town: Town) -> None:
    known = sign_ins.person_signed_in

    def anywhere(session: Any, *, face: str, token: str) -> int | None:
        with database.transaction(town.foreign.tenant.stand) as other:
            theirs = known(other, face=face, token=token)
        # Numbers of people are the tenant's own, so somebody here has the same.
        return town.own.mine.id_of("staff_member") if theirs else known(session, face=face, token=token)

    patch.setattr(sign_ins, "person_signed_in", anywhere)


def forget_the_face(patch: Patch, town: Town) -> None:
    def whoever(session: Any, *, face: str, token: str) -> int | None:
        row = session.get(SignIn, passwords.digest(token))
        # A customer's number may well be a member's too.
        return town.own.mine.id_of("staff_member" if face == "desk" else "customer") if row else None

    patch.setattr(sign_ins, "person_signed_in", whoever)


def sign_alike(patch: Patch, town: Town) -> None:
    for app in wsgi.faces().values():
        patch.setattr(app, "session_interface", SecureCookieSessionInterface())


def keep_leavers(patch: Patch, town: Town) -> None:
    patch.setattr(staff, "signed_in", lambda session, staff_id: session.get(StaffMember, staff_id))


def remember_permissions(patch: Patch, town: Town) -> None:
    known, as_actor = dict[int, Any](), StaffMember.as_actor

    def remembered(member: StaffMember) -> Any:
        return known.setdefault(member.id, as_actor(member))

    patch.setattr(StaffMember, "as_actor", remembered)


def link_anywhere(patch: Patch, town: Town) -> None:
    open_link = sign_ins.open_link

    def anywhere(session: Any, token: str) -> Any:
        with database.transaction(town.foreign.tenant.stand) as other:
            return open_link(session, token) or open_link(other, token)

    patch.setattr(sign_ins, "open_link", anywhere)


def end_any_sign_in(patch: Patch, town: Town) -> None:
    def end(session: Any, *, face: str, person_id: int, token_digest: str) -> None:
        session.get_one(SignIn, token_digest).ended_at = clock.now()

    patch.setattr(sign_ins, "end_one", end)


def cookie_for_all(patch: Patch, town: Town) -> None:
    patch.setitem(wsgi.faces()["desk"].config, "SESSION_COOKIE_DOMAIN", "localhost")


def redirect_anywhere(patch: Patch, town: Town) -> None:
    def believed(given: str | None, default: str) -> str:
        return given or default

    patch.setattr(returning, "local_path", believed)
    patch.setattr("backoffice.my_settings.local_path", believed)
