"""Who works here and as what: nobody raises anybody above themselves, and there is always exactly one owner."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.actors import SYSTEM
from kernel.errors import InvalidField, StaleEdit
from kernel.events import Event
from tenants import people, roles, sign_ins, staff
from tenants.models import StaffLink
from tenants.people import AlreadyHere, NotAnAdministrator, NotInvited, OnlyTheOwner, OwnerStays, OwnRoleStays, Standing
from tenants.permissions import Role
from tenants.roles import AboveYou

PASSWORD = "a long enough password"


@pytest.fixture
def owner(make_staff):
    return make_staff(name="Olga Owner", role=Role.ADMIN, password=PASSWORD)


@pytest.fixture
def admin(owner, make_staff):
    return make_staff(name="Adam Admin", role=Role.ADMIN, password=PASSWORD)


@pytest.fixture
def agent(make_staff):
    return make_staff(name="Ann Agent", password=PASSWORD)


@pytest.fixture
def headhunter(session, owner, make_staff):
    """Somebody who may invite and nothing else besides seeing tickets."""
    role = roles.add(session, name="Headhunter", permissions=["staff.manage", "ticket.read"], actor=SYSTEM)
    return make_staff(name="Hal", role=role.key, password=PASSWORD)


def last_event(session):
    return session.scalars(select(Event).order_by(Event.at.desc(), Event.id)).first()


def invite(session, actor, email="new@alpha.example", role="agent"):
    return people.invite(session, email=email, role=role, language="en", actor=actor.as_actor())


def standing_of(session, member):
    return next(person.standing for person in people.everybody(session) if person.member.id == member.id)


def test_who_is_invited_has_no_password_and_stands_as_invited(session, owner):
    member = invite(session, owner)
    assert member.password_hash is None
    assert standing_of(session, member) is Standing.INVITED


def test_an_invitation_that_nobody_took_expires(session, owner, travel):
    member = invite(session, owner)
    travel(timedelta(hours=73))
    assert standing_of(session, member) is Standing.EXPIRED


def test_a_revoked_invitation_ends_and_can_be_sent_anew(session, owner):
    member = invite(session, owner)
    people.revoke_invitation(session, member, actor=owner.as_actor())
    assert standing_of(session, member) is Standing.GONE
    assert invite(session, owner, role="viewer").id == member.id
    assert (member.role, standing_of(session, member)) == ("viewer", Standing.INVITED)


def test_sending_an_invitation_again_ends_the_first_link(session, owner):
    member = invite(session, owner)
    people.invite_again(session, member, actor=owner.as_actor())
    links = session.scalars(select(StaffLink).order_by(StaffLink.id)).all()
    assert [link.ended_at is None for link in links] == [False, True]


def test_who_works_here_is_not_invited(session, owner, agent):
    with pytest.raises(AlreadyHere):
        invite(session, owner, email=agent.email)
    with pytest.raises(NotInvited):
        people.invite_again(session, agent, actor=owner.as_actor())


def test_addresses_are_read_as_people_write_lists(session):
    text = "Ann@alpha.example, <bob@alpha.example>；cat@alpha.example\n\nann@alpha.example"
    assert people.addresses_in(text) == ["ann@alpha.example", "bob@alpha.example", "cat@alpha.example"]


@pytest.mark.parametrize("text", ["", "ann@alpha.example nonsense", " ".join(f"p{n}@alpha.example" for n in range(51))])
def test_a_list_with_anything_else_is_refused_whole(text):
    with pytest.raises(InvalidField):
        people.addresses_in(text)


def test_a_role_is_changed_with_what_was_before_and_after(session, owner, agent):
    people.change_role(session, agent, role="manager", seen="agent", actor=owner.as_actor())
    assert agent.as_actor().may("ticket.delete")
    assert last_event(session).data == {"changes": {"role": ["agent", "manager"]}}


def test_a_role_that_somebody_else_changed_meanwhile_is_a_stale_edit(session, owner, agent):
    with pytest.raises(StaleEdit):
        people.change_role(session, agent, role="manager", seen="viewer", actor=owner.as_actor())


def test_nobody_changes_their_own_role_or_account(session, admin):
    for attempt in (people.deactivate, people.reactivate):
        with pytest.raises(OwnRoleStays):
            attempt(session, admin, actor=admin.as_actor())
    with pytest.raises(OwnRoleStays):
        people.change_role(session, admin, role="agent", seen="admin", actor=admin.as_actor())


def test_nobody_gives_a_role_that_may_more_than_they_may(session, headhunter, agent):
    actor = headhunter
    with pytest.raises(AboveYou):
        invite(session, actor, role="admin")
    with pytest.raises(AboveYou):
        invite(session, actor, role="agent")
    assert invite(session, actor, role=headhunter.role).role == headhunter.role


def test_nobody_lays_hands_on_who_may_more(session, headhunter, agent):
    with pytest.raises(AboveYou):
        people.deactivate(session, agent, actor=headhunter.as_actor())
    with pytest.raises(AboveYou):
        people.change_role(session, agent, role=headhunter.role, seen="agent", actor=headhunter.as_actor())


def test_a_role_that_does_not_exist_is_refused(session, owner, agent):
    for role in ("boss", "999999999", "9" * 40, ""):
        with pytest.raises(InvalidField):
            people.change_role(session, agent, role=role, seen="agent", actor=owner.as_actor())


def test_the_first_administrator_owns_the_workspace_and_cannot_be_removed(session, owner, admin):
    assert staff.owner(session) is owner
    with pytest.raises(OwnerStays):
        people.deactivate(session, owner, actor=admin.as_actor())
    with pytest.raises(OwnerStays):
        people.change_role(session, owner, role="agent", seen="admin", actor=admin.as_actor())


def test_ownership_passes_to_another_administrator_and_back(session, owner, admin):
    people.transfer_ownership(session, admin, actor=owner.as_actor())
    assert staff.owner(session) is admin
    people.deactivate(session, owner, actor=admin.as_actor())
    people.reactivate(session, owner, actor=admin.as_actor())
    people.transfer_ownership(session, owner, actor=admin.as_actor())
    assert staff.owner(session) is owner
    assert [person.member for person in people.everybody(session) if person.is_owner] == [owner]


def test_only_the_owner_transfers_and_only_to_an_active_administrator(session, owner, admin, agent):
    with pytest.raises(OnlyTheOwner):
        people.transfer_ownership(session, admin, actor=admin.as_actor())
    for unfit in (agent, invite(session, owner, role="admin")):
        with pytest.raises(NotAnAdministrator):
            people.transfer_ownership(session, unfit, actor=owner.as_actor())


def test_an_administrator_who_has_not_come_yet_does_not_own_the_workspace(session, make_staff):
    make_staff(role=Role.ADMIN)
    came = make_staff(role=Role.ADMIN, password=PASSWORD)
    assert staff.owner(session) is came


def test_who_is_let_go_is_signed_out_everywhere_and_stays_so_when_taken_back(session, owner, agent):
    token = sign_ins.open_sign_in(session, face="desk", person_id=agent.id)
    people.deactivate(session, agent, actor=owner.as_actor())
    people.reactivate(session, agent, actor=owner.as_actor())
    assert sign_ins.person_signed_in(session, face="desk", token=token) is None
    assert staff.signed_in(session, agent.id) is agent


def test_the_list_costs_the_same_for_one_and_for_many(session, owner, make_staff, count_statements):
    def statements():
        with count_statements() as seen:
            people.everybody(session)
        return len(seen)

    few = statements()
    for _ in range(8):
        make_staff(password=None)
    assert statements() == few
