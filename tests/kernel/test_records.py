"""What lists can be asked: every kind of filter, quick search, sorting, and paging that loses and repeats nothing."""

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Text, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.schema import CreateTable

from kernel import database, records
from kernel.actors import Actor
from kernel.i18n import lazy_text as _l
from kernel.keyset import Cut, cut_of
from kernel.records import MASK, Field, Filter, Kind, ListRequest, RecordType, UnreadableList
from kernel.text import search_text

TAIPEI = ZoneInfo("Asia/Taipei")


class Base(DeclarativeBase):
    pass


class Room(Base):
    """A record with a field of every kind, in a table that lives as long as these tests."""

    __tablename__ = "room_for_tests"
    id = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name = mapped_column(Text, default="")
    notes = mapped_column(Text, default="")
    kind = mapped_column(Text, default="double")
    tags = mapped_column(ARRAY(Text), default=list)
    beds = mapped_column(Integer, default=1)
    price = mapped_column(Integer, default=0)
    opened = mapped_column(Date, default=date(2026, 1, 1))
    cleaned = mapped_column(DateTime(timezone=True), default=datetime(2026, 1, 1, tzinfo=UTC))
    is_quiet = mapped_column(Boolean, default=False)
    keeper_id = mapped_column(BigInteger)
    search = mapped_column(Text, default="")


ROOM = RecordType(
    name="room",
    entity=Room,
    plural=_l("Customers"),
    title="name",
    search_column=Room.search,
    fields=(
        Field(name="name", label=_l("Name"), column=Room.name, sort_by=Room.name),
        Field(name="notes", label=_l("Name"), kind=Kind.LONG_TEXT, column=Room.notes, unmasked_by="room.secret"),
        Field(name="kind", label=_l("Name"), kind=Kind.CHOICE, column=Room.kind, choices={"single": "S", "double": "D"}),
        Field(name="tags", label=_l("Tags"), kind=Kind.TAGS, column=Room.tags),
        Field(name="beds", label=_l("Name"), kind=Kind.NUMBER, column=Room.beds, sort_by=Room.beds),
        Field(name="price", label=_l("Name"), kind=Kind.MONEY, column=Room.price, sort_by=Room.price, unit="TWD"),
        Field(name="opened", label=_l("Name"), kind=Kind.DATE, column=Room.opened, sort_by=Room.opened),
        Field(name="cleaned", label=_l("Name"), kind=Kind.MOMENT, column=Room.cleaned, sort_by=Room.cleaned),
        Field(name="is_quiet", label=_l("Name"), kind=Kind.BOOLEAN, column=Room.is_quiet, sort_by=Room.is_quiet),
        Field(name="keeper", label=_l("Name"), kind=Kind.REFERENCE, column=Room.keeper_id),
    ),
)


@pytest.fixture(scope="module")
def table(alpha):
    """The owner makes it, as migrations do: a tenant's own role may make no table, not even a temporary one."""
    schema = alpha.stand.schema
    with database.owner_transaction() as connection:
        connection.execute(f'SET LOCAL search_path TO "{schema}"')
        connection.execute(str(CreateTable(Room.__table__).compile(dialect=postgresql.dialect())))
    yield
    with database.owner_transaction() as connection:
        connection.execute(f'DROP TABLE "{schema}".room_for_tests')


@pytest.fixture
def rooms(table, session):
    """`rooms(beds=[1, 2, 2])` makes a room for each value, numbered from 1."""

    def make(**columns):
        (count,) = {len(values) for values in columns.values()}
        for place in range(count):
            session.add(Room(id=place + 1, **{name: values[place] for name, values in columns.items()}))
        session.flush()

    return make


def ids(session, *filters, **asked):
    request = ListRequest(record_type=ROOM, sort=ROOM[asked.pop("sort", "name")], filters=filters, **asked)
    query = request.ordered(request.narrow(select(Room), zone=TAIPEI))
    return {room.id for room in session.scalars(query)}


def test_text_is_filtered_by_what_it_contains_in_either_case(session, rooms):
    rooms(name=["Harbour View", "Garden", "100%"])
    assert ids(session, Filter(ROOM["name"], ("harbour",))) == {1}
    assert ids(session, Filter(ROOM["name"], ("%",))) == {3}


def test_choices_are_filtered_by_any_of_several(session, rooms):
    rooms(kind=["single", "double", "suite"])
    assert ids(session, Filter(ROOM["kind"], ("single", "double"))) == {1, 2}
    with pytest.raises(UnreadableList):
        ids(session, Filter(ROOM["kind"], ("palace",)))


def test_tags_are_filtered_by_any_of_several(session, rooms):
    rooms(tags=[["海景", "vip"], ["vip"], []])
    assert ids(session, Filter(ROOM["tags"], ("海景", "quiet"))) == {1}


def test_numbers_are_filtered_from_to_both_included(session, rooms):
    rooms(beds=[1, 2, 3, 4])
    assert ids(session, Filter(ROOM["beds"], low="2", high="3")) == {2, 3}
    assert ids(session, Filter(ROOM["beds"], low="3.5")) == {4}


def test_money_is_asked_in_whole_units_and_kept_in_hundredths(session, rooms):
    rooms(price=[99_99, 100_00, 250_50])
    assert ids(session, Filter(ROOM["price"], low="100", high="250.50")) == {2, 3}


def test_days_are_filtered_from_to_both_included(session, rooms):
    rooms(opened=[date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)])
    assert ids(session, Filter(ROOM["opened"], low="2026-02-01", high="2026-02-28")) == {2, 3}


def test_the_days_of_moments_begin_and_end_in_the_readers_time_zone(session, rooms):
    evening_before, midnight = datetime(2026, 5, 1, 15, 59, tzinfo=UTC), datetime(2026, 5, 1, 16, 0, tzinfo=UTC)
    rooms(cleaned=[evening_before, midnight, datetime(2026, 5, 2, 15, 59, tzinfo=UTC), datetime(2026, 5, 2, 16, tzinfo=UTC)])
    assert ids(session, Filter(ROOM["cleaned"], low="2026-05-02", high="2026-05-02")) == {2, 3}


def test_truths_are_filtered_by_yes_and_no(session, rooms):
    rooms(is_quiet=[True, False])
    assert ids(session, Filter(ROOM["is_quiet"], ("yes",))) == {1}
    assert ids(session, Filter(ROOM["is_quiet"], ("no",))) == {2}


def test_references_are_filtered_by_id_and_by_there_being_none(session, rooms):
    rooms(keeper_id=[7, 8, None])
    assert ids(session, Filter(ROOM["keeper"], ("7", "none"))) == {1, 3}


@pytest.mark.parametrize(
    ("name", "low"),
    [
        ("beds", "many"),
        ("beds", "1e999999"),
        ("beds", "9" * 40),
        ("price", "NaN"),
        ("opened", "2026-13-01"),
        ("cleaned", "9999-12-31"),
        ("cleaned", "0001-01-01"),
    ],
)
def test_a_bound_that_cannot_be_read_is_refused_before_the_database_sees_it(session, rooms, name, low):
    rooms(beds=[1])
    with pytest.raises(UnreadableList):
        ids(session, Filter(ROOM[name], low=low))


@pytest.mark.parametrize("value", ["x", "-1", "١", "9" * 30])
def test_a_reference_that_is_no_id_is_refused(session, rooms, value):
    rooms(beds=[1])
    with pytest.raises(UnreadableList):
        ids(session, Filter(ROOM["keeper"], (value,)))


@pytest.mark.parametrize("words", ["会", "會員", "ＶＩＰ", "huiyuan", "hy", "會員 vip"])
def test_quick_search_finds_a_word_of_one_character_in_both_scripts_widths_and_pinyin(session, rooms, words):
    rooms(search=[search_text("金卡會員 VIP"), search_text("Somebody else")])
    assert ids(session, words=words) == {1}


def test_quick_search_takes_its_words_literally(session, rooms):
    rooms(search=["100% cotton", "100 cotton"])
    assert ids(session, words="100%") == {1}


def walk(session, **asked):
    """Go through the list page by page to its end and back; return both ways."""
    there, back, after, before = [], [], "", ""
    while True:
        page = ListRequest(record_type=ROOM, limit=2, after=after, **asked).page(session, select(Room))
        there += [room.id for room in page.rows]
        if not page.next:
            break
        after, before = page.next, page.previous
    while page.previous:
        before = page.previous
        page = ListRequest(record_type=ROOM, limit=2, before=before, **asked).page(session, select(Room))
        back = [room.id for room in page.rows] + back
    return there, back


@pytest.mark.parametrize("is_descending", [False, True])
def test_paging_over_equal_sort_keys_shows_every_row_once_both_ways(session, rooms, is_descending):
    rooms(beds=[2, 1, 2, 2, 1, 2, 3])
    there, back = walk(session, sort=ROOM["beds"], is_descending=is_descending)
    expected = [2, 5, 1, 3, 4, 6, 7]
    assert there == (expected[::-1] if is_descending else expected)
    assert back == there[: len(back)]
    assert len(back) >= 5


@pytest.mark.parametrize("name", ["name", "beds", "price", "opened", "cleaned", "is_quiet"])
def test_a_list_can_be_paged_by_every_kind_that_it_can_be_sorted_by(session, rooms, name):
    rooms(name=["甲", "乙", "C", "d", "e"])
    assert sorted(walk(session, sort=ROOM[name])[0]) == [1, 2, 3, 4, 5]


def test_a_row_that_comes_in_between_moves_no_other_row_to_another_page(session, rooms):
    rooms(beds=[1, 2, 3, 4])
    first = ListRequest(record_type=ROOM, sort=ROOM["beds"], limit=2).page(session, select(Room))
    session.add(Room(id=99, beds=0))
    session.flush()
    second = ListRequest(record_type=ROOM, sort=ROOM["beds"], limit=2, after=first.next).page(session, select(Room))
    assert [room.id for room in second.rows] == [3, 4]


def packed(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "%%%",
        "W10",
        packed(1),
        packed("x", 1),
        packed(1, "x"),
        packed(2**70, 1),
        packed(1, 2**70),
        packed(None, None),
        packed({}, []),
        "A" * 5000,
        "é",
        base64.urlsafe_b64encode(b"[" * 3000).decode()[:1900],
    ],
)
def test_the_end_of_a_page_that_we_never_gave_out_is_refused(session, rooms, text):
    rooms(beds=[1])
    for end in ({"after": text}, {"before": text}):
        with pytest.raises(UnreadableList):
            ListRequest(record_type=ROOM, sort=ROOM["beds"], **end).page(session, select(Room))


@pytest.mark.parametrize("key", ["\x00", "\ud800"])
def test_text_that_the_database_cannot_hold_is_no_cut(key):
    with pytest.raises(ValueError, match=r".*"):
        cut_of(packed(key, 1), str)


@pytest.mark.parametrize(
    "key", ["名", 7, True, Decimal("1.50"), date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)]
)
def test_a_cut_comes_back_as_it_went(key):
    assert cut_of(Cut(key, 12).text, type(key)) == Cut(key, 12)


def test_who_may_not_see_a_field_sees_that_there_is_something(make_staff):
    room = Room(notes="The owner's nephew")
    outsider, insider = Actor(kind="staff"), Actor(kind="staff", permissions=frozenset({"room.secret"}))
    assert ROOM["notes"].value_of(room, actor=outsider) == MASK
    assert ROOM["notes"].value_of(Room(notes=""), actor=outsider) == ""
    assert ROOM["notes"].value_of(room, actor=insider) == "The owner's nephew"
    assert "notes" not in ROOM.open_to(outsider)


def test_counting_stops_where_nobody_reads_on(session, rooms, monkeypatch):
    rooms(beds=[1, 2, 3, 4, 5])
    assert records.count(session, select(Room), ROOM) == 5
    monkeypatch.setattr(records, "COUNT_LIMIT", 3)
    assert records.count(session, select(Room), ROOM) == 4
