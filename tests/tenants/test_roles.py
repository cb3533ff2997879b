"""Roles in words, and those of the tenant's own."""

import pytest

from kernel.actors import SYSTEM
from kernel.errors import InvalidField, StaleEdit
from kernel.i18n import SIMPLIFIED, speaking
from tenants import roles
from tenants.permissions import GRANTABLE, Permission, Role
from tenants.roles import AboveYou, OwnRoleStays, RoleInUse, RoleNameTaken


@pytest.fixture
def admin(make_staff):
    return make_staff(role=Role.ADMIN, password="a long enough password")


@pytest.fixture
def night_desk(session):
    return roles.add(session, name="Night desk", permissions=["ticket.write"], actor=SYSTEM)


def change(session, role, actor, *, name="Night desk", permissions=("ticket.read",), version=1):
    roles.change(session, role, name=name, permissions=permissions, version=version, actor=actor)


def test_everything_that_can_be_granted_has_words():
    assert set(roles.DEEDS) == GRANTABLE


def test_a_role_reads_as_sentences(session):
    agent = roles.sheet(session, "agent")
    assert "answer and change tickets" in agent.may
    assert "delete tickets" in agent.may_not
    with speaking(SIMPLIFIED):
        assert "答复和修改工单" in [str(deed) for deed in agent.may]


def test_what_a_permission_needs_comes_with_it(session, night_desk):
    assert roles.sheet(session, night_desk.key).permissions == {"ticket.read", "ticket.write", "own.account"}


def test_a_role_counts_from_the_next_look_at_whoever_has_it(session, make_staff, admin, night_desk):
    member = make_staff(role=night_desk.key)
    assert member.as_actor().may("ticket.write")
    change(session, night_desk, admin.as_actor())
    assert not member.as_actor().may("ticket.write")


def test_what_nobody_can_be_granted_is_passed_over(session, night_desk):
    role = roles.add(session, name="Sly", permissions=["platform.operate", "nonsense", "ticket.read"], actor=SYSTEM)
    assert role.permissions == ["ticket.read"]


def test_a_right_that_a_row_holds_and_nobody_can_be_granted_counts_for_nothing(session, make_staff, night_desk):
    night_desk.permissions = ["platform.operate", "ticket.read"]
    assert not make_staff(role=night_desk.key).as_actor().may(Permission.PLATFORM_OPERATE)


def test_a_member_whose_role_is_gone_may_nothing_but_their_own_account(session, make_staff):
    assert make_staff(role="424242").as_actor().permissions == {"own.account"}


def test_nobody_adds_or_takes_what_they_may_not_themselves(session, make_staff, night_desk):
    chooser = roles.add(session, name="Chooser", permissions=["staff.manage", "ticket.read"], actor=SYSTEM)
    actor = make_staff(role=chooser.key).as_actor()
    with pytest.raises(AboveYou):
        roles.add(session, name="Boss", permissions=["settings.manage"], actor=actor)
    with pytest.raises(AboveYou):
        change(session, night_desk, actor, permissions=())
    assert roles.add(session, name="Looker", permissions=["ticket.read"], actor=actor).permissions == ["ticket.read"]


def test_nobody_changes_the_role_that_they_have(session, make_staff):
    chooser = roles.add(session, name="Chooser", permissions=["staff.manage", "ticket.read"], actor=SYSTEM)
    with pytest.raises(OwnRoleStays):
        change(session, chooser, make_staff(role=chooser.key).as_actor(), name="Chooser")


def test_an_edit_of_an_older_version_is_stale(session, admin, night_desk):
    change(session, night_desk, admin.as_actor())
    with pytest.raises(StaleEdit):
        change(session, night_desk, admin.as_actor(), permissions=())


@pytest.mark.parametrize("name", ["", " ", "x" * 41])
def test_a_role_needs_a_short_name(session, name):
    with pytest.raises(InvalidField):
        roles.add(session, name=name, permissions=[], actor=SYSTEM)


@pytest.mark.parametrize("name", ["Night desk", "administrator"])
def test_two_roles_do_not_share_a_name(session, night_desk, name):
    with pytest.raises(RoleNameTaken):
        roles.add(session, name=name, permissions=[], actor=SYSTEM)


def test_a_role_that_somebody_has_is_not_deleted(session, make_staff, night_desk):
    member = make_staff(role=night_desk.key)
    with pytest.raises(RoleInUse):
        roles.delete(session, night_desk, actor=SYSTEM)
    member.role = "agent"
    roles.delete(session, night_desk, actor=SYSTEM)
    assert roles.own_roles(session) == []
