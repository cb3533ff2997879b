"""Keyset paging: a page begins after the last row of the one before, so that page 1,000 costs what page 1 does."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, literal, tuple_

_LONGEST = 2000


@dataclass(frozen=True)
class Cut:
    """A place in a sorted list: just behind the row with this sort `key` and, among equals, this id."""

    key: Any
    row_id: int

    @property
    def text(self) -> str:
        """The cut for an address.  It is not signed: it can only move a reader through rows that they see anyway."""
        key = self.key.isoformat() if isinstance(self.key, date) else self.key
        packed = json.dumps([str(key) if isinstance(key, Decimal) else key, self.row_id], ensure_ascii=False)
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def cut_of(text: str, key_type: type) -> Cut:
    """Return the cut that `text` packs, for a list sorted by values of `key_type`.  Raises `ValueError`."""
    if len(text) > _LONGEST:
        raise ValueError("longer than any cut")
    try:
        key, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
        return Cut(_READERS[key_type](key), _whole(row_id))
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError) as error:
        raise ValueError("no cut of ours") from error


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError("no whole number that a row can hold")
    return value


def _words(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("no text that a row can hold")
    value.encode()
    return value


def _amount(value: Any) -> Decimal:
    amount = Decimal(_words(value))
    if not amount.is_finite() or abs(amount) >= 10**30:
        raise ValueError("no amount that a row can hold")
    return amount


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_words(value))
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment


_READERS: dict[type, Callable[[Any], Any]] = {
    str: _words,
    int: _whole,
    bool: bool,
    Decimal: _amount,
    datetime: _moment,
    date: lambda value: date.fromisoformat(_words(value)),
}


def after_cut(keys: tuple[Any, Any], cut: Cut, *, is_descending: bool) -> ColumnElement[bool]:
    """Return the condition of the rows behind `cut`: one comparison of pairs, which an index on the pair answers."""
    here, there = tuple_(*keys), tuple_(literal(cut.key, keys[0].type), literal(cut.row_id, keys[1].type))
    condition: ColumnElement[bool] = here < there if is_descending else here > there
    return condition


def ordering(keys: tuple[Any, Any], *, is_descending: bool) -> list[Any]:
    return [key.desc() if is_descending else key.asc() for key in keys]
