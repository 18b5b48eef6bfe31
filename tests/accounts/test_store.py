"""The store: what is kept is what comes back, whole transactions only."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.accounts.journals import entries

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Kind, Reason, Status
from pwdload.accounts.store import FILE_NAME, Counts, Merged, Row, Store
from pwdload.errors import AccountsError
from pwdload.passwords import Shape

refs = st.builds(PasswordRef, st.integers(-1, 2**31 - 1), st.sampled_from(Shape))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
any_entry = st.builds(
    Entry,
    index=st.integers(0, 2**32 - 1),
    user_name=texts.filter(bool),
    state=st.sampled_from(["expired", "warning"]),
    status=st.sampled_from(Status),
    in_force=refs,
    newest=st.integers(0, 2**31 - 1),
    before=st.none() | refs,
    doubt=st.none() | refs,
    doubt_kind=st.none() | st.sampled_from(Kind),
    status_before=st.none() | st.sampled_from(Status),
    doubts=st.integers(0, 9),
    reason=st.none() | st.sampled_from(Reason),
    tries=st.integers(0, 9),
    wrong=st.none() | refs,
    user_id=texts,
    is_ours=st.booleans(),
    tenant=texts,
    device=texts,
    tags=texts,
    changed_at=st.none() | st.floats(0, 1e12),
    token_digest=texts,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one."""
    made = Store.create(tmp_path / FILE_NAME, {"ledger_id": "0" * 16})
    yield made
    made.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=any_entry, other=any_entry, lease=st.integers(0, 2**60))
def test_what_is_kept_is_what_comes_back(one: Entry, other: Entry, lease: int, store: Store) -> None:
    """Every field of an account, of every value, before and after it is changed."""
    store._execute("DELETE FROM account")
    other = replace(other, index=one.index)
    assert store.add([one]) == 1
    assert store.rows([one.index]) == {one.index: Row(one, 0)}
    assert store.by_name(one.user_name) == one
    store.put([Row(other, lease)])
    assert store.rows([one.index, one.index + 1]) == {one.index: Row(other, lease)}
    assert list(store.entries()) == list(store.entries(other.status, other.state)) == [other]


def test_accounts_are_found_and_counted_by_status_and_state(store: Store) -> None:
    """In the order of their indices."""
    first, second, third, fourth = entries(4)
    store.add([third, replace(second, state="warning"), replace(first, status=Status.CHANGED), fourth])
    assert [entry.index for entry in store.entries()] == [0, 1, 2, 3]
    assert [entry.index for entry in store.entries(Status.READY)] == [1, 2, 3]
    assert list(store.indices(Status.READY, "expired")) == [2, 3]
    assert list(store.indices(Status.READY)) == [1, 2, 3]
    assert sorted(store.counts()) == [
        Counts(Status.CHANGED, "expired", 1),
        Counts(Status.READY, "expired", 2),
        Counts(Status.READY, "warning", 1),
    ]
    assert (store.count(), store.next_index()) == (4, 4)


def test_many_accounts_are_found_at_once(store: Store) -> None:
    """More than SQLite takes in one question."""
    with store.transaction():
        store.add(entries(3_000))
    assert list(store.rows(range(2_990, 3_010))) == list(range(2_990, 3_000))
    assert len(store.rows(range(5_000))) == 3_000


def test_what_is_retired_and_in_doubt_is_counted(store: Store) -> None:
    """With the reasons, and the time of the oldest doubt."""
    assert store.oldest_doubt_at() is None
    first, second, third, fourth, fifth = entries(5)
    store.add(
        [
            replace(first, status=Status.RETIRED, reason=Reason.LOCKED, changed_at=1.0),
            replace(second, status=Status.RETIRED, reason=Reason.LOCKED),
            replace(third, status=Status.RETIRED),
            replace(fourth, status=Status.UNKNOWN, changed_at=7.0),
            replace(fifth, status=Status.UNKNOWN, changed_at=5.0),
        ]
    )
    assert store.retired() == {Reason.LOCKED: 2, None: 1}
    assert store.oldest_doubt_at() == 5.0


def test_an_account_that_is_there_already_is_refused_by_name_and_nothing_is_added(store: Store) -> None:
    """Or left out, where that is asked for."""
    first, second, third = entries(3)
    store.add([first])
    with pytest.raises(AccountsError, match=r"there already .*user_name"), store.transaction():
        store.add([second, replace(third, user_name=first.user_name)])
    assert list(store.entries()) == [first]
    assert store.add([replace(third, user_name=first.user_name), second], skip_known=True) == 1
    assert list(store.entries()) == [first, second]


def test_a_transaction_that_fails_leaves_no_trace(store: Store) -> None:
    """Whatever fails within it."""

    class Failed(BaseException):
        pass

    def fail() -> None:
        with store.transaction():
            store.add(entries(3))
            store.put_meta({"host": "x"})
            store.add_run(1, may_rearm=True)
            store.put_merged({"a": Merged(3, is_done=True)})
            raise Failed

    with pytest.raises(Failed):
        fail()
    assert (store.count(), store.runs(), store.merged()) == (0, {}, {})
    assert "host" not in store.meta()


def test_runs_and_journals_are_remembered(store: Store) -> None:
    """As they were put last."""
    store.add_run(1, may_rearm=True)
    store.add_run(2, may_rearm=False)
    store.put_merged({"a": Merged(3, is_done=False)})
    store.put_merged({"a": Merged(5, is_done=True), "b": Merged(0, is_done=False)})
    assert store.runs() == {1: True, 2: False}
    assert store.merged() == {"a": Merged(5, is_done=True), "b": Merged(0, is_done=False)}


def test_a_store_that_is_there_is_not_made_anew(store: Store) -> None:
    """Creating is safe to repeat."""
    store.add(entries(2))
    again = Store.create(store.path, {"ledger_id": "1" * 16})
    assert (again.count(), again.meta()["ledger_id"]) == (2, "0" * 16)
    again.close()


def test_where_no_store_is_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    with pytest.raises(AccountsError, match="no ledger there; make one with `pwdload accounts import`"):
        Store.open(tmp_path / FILE_NAME)
    assert not list(tmp_path.iterdir())


def test_a_store_of_a_newer_format_is_refused(store: Store) -> None:
    """It is not read as if it were of this one, and not changed."""
    store.put_meta({"format": 2})
    for read_only in (True, False):
        with pytest.raises(AccountsError, match="of format 2, and this pwdload knows 1"):
            Store.open(store.path, read_only=read_only)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, read_only: bool) -> None:
    """And named."""
    path = tmp_path / FILE_NAME
    path.write_text("user_name,password\n" * 100)
    with pytest.raises(AccountsError, match=r"ledger\.sqlite: file is not a database"):
        Store.open(path, read_only=read_only)
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(AccountsError, match=r"ledger\.sqlite: no such table"):
        Store.open(path, read_only=read_only)


def test_a_store_to_be_read_cannot_be_changed(store: Store) -> None:
    """Whatever a view of it does."""
    store.add(entries(1))
    reader = Store.open(store.path, read_only=True)
    with pytest.raises(AccountsError, match="readonly"):
        reader.add(entries(2), skip_known=True)
    assert reader.count() == 1
    reader.close()
