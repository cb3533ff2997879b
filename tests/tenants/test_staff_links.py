"""Links in mails: they work once, for a while, and the database knows only their digests."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import passwords
from kernel.actors import SYSTEM
from kernel.events import Event
from kernel.passwords import PasswordTooShort
from tenants import people, sign_ins, staff, staff_links
from tenants.models import StaffLink
from tenants.permissions import Role
from tenants.sign_ins import TooManyTries
from tenants.staff_links import LinkExpired, Purpose

PASSWORD = "a long enough password"


@pytest.fixture
def invited(session, make_staff):
    """Somebody invited, and the token that their mail holds."""
    make_staff(role=Role.ADMIN, password=PASSWORD)
    member = people.invite(session, email="new@alpha.example", role="agent", language="en", actor=SYSTEM)
    return member, staff_links.make_token(session.scalars(select(StaffLink)).one())


@pytest.fixture
def forgetful(session, make_staff):
    """Somebody with a second step who asked for a new password, and the token."""
    member = make_staff(password=PASSWORD)
    member.totp_secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    return member, staff_links.make_token(staff_links.promise(session, member, Purpose.RESET))


def test_the_database_holds_the_tokens_digest_only(session, invited):
    assert session.scalars(select(StaffLink.digest)).one() == passwords.digest(invited[1])


def test_an_invitation_is_looked_at_often_and_used_once(session, invited):
    member, token = invited
    for _ in range(2):
        assert staff_links.look(session, token, Purpose.INVITATION) is member
    assert people.accept_invitation(session, token, name="  Nora  New ", password=PASSWORD) is member
    assert (member.name, passwords.is_right(member.password_hash, PASSWORD)) == ("Nora New", True)
    with pytest.raises(LinkExpired):
        people.accept_invitation(session, token, name="Eve", password="another long password")


@pytest.mark.parametrize(("hours", "works"), [(71, True), (73, False)])
def test_an_invitation_works_for_72_hours(session, invited, travel, hours, works):
    travel(timedelta(hours=hours))
    if works:
        staff_links.look(session, invited[1], Purpose.INVITATION)
    else:
        with pytest.raises(LinkExpired):
            staff_links.use(session, invited[1], Purpose.INVITATION)


def test_a_link_is_good_for_its_own_purpose_only(session, invited, forgetful):
    with pytest.raises(LinkExpired):
        staff_links.use(session, invited[1], Purpose.RESET)
    with pytest.raises(LinkExpired):
        staff_links.use(session, forgetful[1], Purpose.INVITATION)


def test_who_was_let_go_comes_in_by_no_link(session, invited, forgetful):
    for member, token in (invited, forgetful):
        member.is_active = False
        session.flush()
        with pytest.raises(LinkExpired):
            staff_links.use(session, token, Purpose.RESET)


def test_a_short_password_is_refused(session, invited):
    with pytest.raises(PasswordTooShort):
        people.accept_invitation(session, invited[1], name="Nora", password="short")


def test_a_reset_signs_out_everywhere_and_keeps_the_second_step(session, forgetful):
    member, token = forgetful
    browser = sign_ins.open_sign_in(session, face="desk", person_id=member.id)
    staff_links.reset_password(session, token, password="another long password")
    assert passwords.is_right(member.password_hash, "another long password")
    assert member.totp_secret is not None
    assert sign_ins.person_signed_in(session, face="desk", token=browser) is None
    with pytest.raises(LinkExpired):
        staff_links.reset_password(session, token, password="a third long password")


def test_a_reset_works_for_45_minutes(session, forgetful, travel):
    travel(timedelta(minutes=46))
    with pytest.raises(LinkExpired):
        staff_links.look(session, forgetful[1], Purpose.RESET)


@pytest.fixture
def ask(alpha, in_tenant, run_due):
    """`ask(email)` asks for a reset and returns how many letters that made."""

    def asking(email):
        with in_tenant(alpha) as session:
            staff_links.ask_for_reset(session, email=email, address="192.0.2.1")
        run_due()
        with in_tenant(alpha) as session:
            return len(session.scalars(select(Event).where(Event.name == "staff_member.reset_requested")).all())

    return asking


def test_only_who_works_here_and_has_come_gets_a_letter(alpha, in_tenant, ask):
    with in_tenant(alpha) as session:
        staff.add(session, email="here@alpha.example", name="H", role="agent", actor=SYSTEM, password=PASSWORD)
        staff.add(session, email="invited@alpha.example", name="I", role="agent", actor=SYSTEM)
        gone = staff.add(session, email="gone@alpha.example", name="G", role="agent", actor=SYSTEM, password=PASSWORD)
        gone.is_active = False
    for nobody in ("nobody@alpha.example", "invited@alpha.example", "gone@alpha.example"):
        assert ask(nobody) == 0
    assert ask("HERE@alpha.example") == 1


def test_asking_again_and_again_is_refused_for_known_and_unknown_alike(alpha, in_tenant, ask):
    for email in ("nobody@alpha.example", "somebody@alpha.example"):
        for _ in range(5):
            ask(email)
        with pytest.raises(TooManyTries):
            ask(email)
