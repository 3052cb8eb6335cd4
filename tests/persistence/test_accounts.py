"""Accounts: the same on every store."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from attrs import evolve

from persistence.interface import AuditEntry, Store, Way
from persistence.records import Identity, NewUser, NoSuchUser, ProfileChange, Taken
from persistence.sessions import SessionEnded, UserChanged, UserDeactivated, UserReactivated
from protocol.model import ASSISTANT_ID, Role
from tests.support.stores.records import NOBODY, make_user, make_users


async def test_a_user_comes_back_as_it_was_made(store: Store) -> None:
    new = NewUser(
        name="Ann Lee",
        password_hash="hash",
        username="ann",
        email="Ann@example.org",
        first_name="Ann",
        last_name="Lee",
        date_of_birth=date(2000, 12, 31),
        avatar="/a.png",
        nickname="annie 😀",
        about_me="'; DROP TABLE users; --",
        role=Role.TEACHER,
        class_name="7b",
        subject="maths",
        is_public=False,
    )
    made = await store.accounts.create(new)
    assert await store.accounts.get(made.id) == made
    assert await store.accounts.find("ANN") == made
    for name in ("name", "email", "date_of_birth", "about_me", "role", "is_public", "subject"):
        assert getattr(made, name) == getattr(new, name)
    assert made.created_at.microsecond % 1000 == 0
    assert made.created_at.tzinfo is not None


async def test_emails_and_usernames_are_unique_in_any_case(store: Store) -> None:
    await make_user(store, "ann", email="ann@example.org")
    with pytest.raises(Taken) as taken:
        await make_user(store, "other", email="ANN@example.org")
    assert taken.value.field == "email"
    with pytest.raises(Taken) as taken:
        await make_user(store, "ANN")
    assert taken.value.field == "username"


# lower() of the two is not the same, or not on every server.
ALIKE = [
    ("straße", "STRASSE"), ("οδός", "ΟΔΌΣ"), ("i\u0307stanbul", "İstanbul"),
    ("émile", "E\u0301MILE"), ("ann", "\uff21nn"), ("ﬁt", "FIT"), ("ǆabe", "ǅABE"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE)
async def test_names_with_the_same_canonical_form_are_equal(
    store: Store, one: str, other: str
) -> None:
    ann = await make_user(store, one, email=f"{one}@example.org")
    assert await store.accounts.find(other) == ann
    for login in (other, f"{other}@EXAMPLE.org"):
        found = await store.accounts.credentials(login)
        assert found is not None
        assert found.user == ann
    with pytest.raises(Taken, match="username"):
        await make_user(store, other)
    with pytest.raises(Taken, match="email"):
        await make_user(store, "other", email=f"{other}@example.org")
    ben = await make_user(store, "ben")
    with pytest.raises(Taken, match="email"):
        await store.accounts.change_email(ben.id, f"{other}@example.org")
    await store.accounts.change_profile(ann.id, ProfileChange(name=f"Lee {other}"))
    for text in (f"lee {one}", other):
        found_by = await store.relations.reachable(ben.id, text=text, before=None, limit=9)
        assert [user.id for user in found_by] == [ann.id]


async def test_after_a_change_only_the_new_email_signs_in(store: Store) -> None:
    ann = await make_user(store, "ann", email="ann@example.org")
    await store.accounts.change_email(ann.id, "Lee@example.org")
    assert await store.accounts.credentials("ann@example.org") is None
    assert await store.accounts.credentials("lee@EXAMPLE.org") is not None


async def test_a_missing_username_is_derived_and_numbered(store: Store) -> None:
    names = []
    for n in range(3):
        new = NewUser(name="Ann", password_hash="x", email=f"ann@example{n}.org")
        names.append((await store.accounts.create(new)).username)
    assert names == ["ann", "ann2", "ann3"]


async def test_a_username_is_derived_from_called_rather_than_from_the_email(store: Store) -> None:
    await make_user(store, "lee")
    new = NewUser(name="Ann Lee", password_hash="x", email="ann@example.org", called="lee")
    assert (await store.accounts.create(new)).username == "lee2"


async def test_an_account_is_found_only_by_its_exact_identity(store: Store) -> None:
    identity = Identity("https://id.example.org", "Sub-1")
    new = NewUser(name="Ann", password_hash="none", email="ann@example.org", identity=identity)
    ann = await store.accounts.create(new)
    assert await store.accounts.of_identity(identity) == ann
    for other in (
        Identity("https://id.example.org", "sub-1"),
        Identity("https://id.example.org/", "Sub-1"),
        Identity("Sub-1", "https://id.example.org"),
    ):
        assert await store.accounts.of_identity(other) is None


async def test_an_identity_has_one_account(store: Store) -> None:
    identity = Identity("https://id.example.org", "1")
    new = NewUser(name="Ann", password_hash="none", called="ann", identity=identity)
    ann = await store.accounts.create(new)
    with pytest.raises(Taken) as taken:
        await store.accounts.create(new)
    assert taken.value.field == "identity"
    assert await store.accounts.find("ann2") is None  # nothing was made
    assert await store.accounts.of_identity(identity) == ann


async def test_an_identity_is_deleted_with_its_account(store: Store) -> None:
    identity = Identity("https://id.example.org", "1")
    new = NewUser(name="Ann", password_hash="none", called="ann", identity=identity)
    ann = await store.accounts.create(new)
    assert await store.accounts.delete(ann.id)
    assert await store.accounts.of_identity(identity) is None
    assert (await store.accounts.create(new)).id != ann.id


async def test_credentials_are_found_by_email_or_username(store: Store) -> None:
    ann = await make_user(store, "ann", email="ann@example.org")
    for login in ("ann", "ANN", "Ann@Example.org"):
        found = await store.accounts.credentials(login)
        assert found is not None
        assert (found.user, found.password_hash) == (ann, "hash of ann")
    assert await store.accounts.credentials("nobody") is None


async def test_a_username_wins_over_an_email_that_looks_like_it(store: Store) -> None:
    """An email need not be verified, so any user may have any."""
    owner = await make_user(store, "x@example.org")
    await make_user(store, "other", email="X@example.org")
    found = await store.accounts.credentials("x@example.org")
    assert found is not None
    assert found.user == owner


async def test_an_email_is_changed_unless_another_account_has_it(store: Store) -> None:
    ann = await make_user(store, "ann", email="ann@example.org")
    await make_user(store, "ben", email="ben@example.org")
    changed = await store.accounts.change_email(ann.id, "lee@example.org")
    assert (changed.id, changed.email) == (ann.id, "lee@example.org")
    with pytest.raises(Taken, match="email"):
        await store.accounts.change_email(ann.id, "BEN@example.org")
    with pytest.raises(NoSuchUser):
        await store.accounts.change_email(NOBODY, "eve@example.org")
    assert await store.accounts.get(ann.id) == changed


async def test_a_proposed_email_is_taken_once_with_its_proof(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    accounts = store.accounts
    await accounts.propose_email(ann.id, "old@example.org", b"old", seconds=60)
    await accounts.propose_email(ann.id, "new@example.org", b"new", seconds=60)
    await accounts.propose_email(ben.id, "ben@example.org", b"ben", seconds=0)
    assert await accounts.take_proposed_email(ann.id, b"old") is None  # there is a newer one
    assert await accounts.take_proposed_email(ben.id, b"new") is None  # it is another user's
    assert await accounts.take_proposed_email(ann.id, b"new") == "new@example.org"
    assert await accounts.take_proposed_email(ann.id, b"new") is None
    assert await accounts.take_proposed_email(ben.id, b"ben") is None  # it is too late
    with pytest.raises(NoSuchUser):
        await accounts.propose_email(NOBODY, "x@example.org", b"x", seconds=60)


async def test_users_are_listed_in_pages(store: Store) -> None:
    users = [await make_user(store, f"user{n}") for n in range(5)]
    assert await store.accounts.list_page(after=None, limit=3) == users[:3]
    assert await store.accounts.list_page(after=users[2].id, limit=3) == users[3:]
    many = await store.accounts.get_many([users[0].id, users[4].id, NOBODY])
    assert many == {users[0].id: users[0], users[4].id: users[4]}


async def test_no_user_gets_the_id_of_the_assistant(store: Store) -> None:
    ids = [(await make_user(store, f"user{n}")).id for n in range(1_005)]
    assert 999 not in ids
    assert len(set(ids)) == 1_005


async def test_profiles_are_made_private_and_public(store: Store) -> None:
    ann = await make_user(store, "ann")
    changed = await store.accounts.change_profile(ann.id, ProfileChange(is_public=False))
    assert changed.is_public is False
    assert await store.accounts.get(ann.id) == changed
    with pytest.raises(NoSuchUser):
        await store.accounts.change_profile(NOBODY, ProfileChange(is_public=True))


async def test_only_the_given_fields_of_a_profile_change(store: Store) -> None:
    ann, ben = await make_user(store, "ann"), await make_user(store, "ben")
    change = ProfileChange(
        name="Ann Lee", first_name="Ann", last_name="Lee", nickname="annie",
        about_me="hi", avatar="/uploads/a", date_of_birth=date(2000, 12, 31),
    )  # fmt: skip
    changed = await store.accounts.change_profile(ann.id, change)
    given: Any = change.given()
    assert changed == evolve(ann, updated_at=changed.updated_at, **given)
    assert changed.updated_at >= ann.updated_at
    without = await store.accounts.change_profile(ann.id, ProfileChange(nickname=None))
    assert without == evolve(changed, nickname=None, updated_at=without.updated_at)
    assert await store.accounts.get(ben.id) == ben


async def test_the_assistant_has_an_account_that_is_not_listed(store: Store) -> None:
    assistant = await store.accounts.get(ASSISTANT_ID)
    assert assistant is not None
    assert (assistant.username, assistant.name, assistant.role) == (
        "AI Tutor",
        "AI Tutor",
        "assistant",
    )
    assert await store.accounts.list_page(after=None, limit=9) == []
    users = await make_users(store, *(f"u{n}" for n in range(3)))
    assert [user.id for user in await store.accounts.list_page(after=None, limit=9)] == [
        user.id for user in users
    ]


def in_a_day() -> timedelta:
    return timedelta(days=1)


async def test_a_deactivated_account_keeps_all_but_its_sessions(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await store.sessions.open(ann.id, b"anns", in_a_day())
    bens = await store.sessions.open(ben.id, b"bens", in_a_day())
    gone = await store.accounts.deactivate(ann.id)
    assert gone.deactivated_at is not None
    assert evolve(gone, deactivated_at=None) == ann
    assert await store.sessions.find([b"anns", b"bens"]) == [None, bens]
    with pytest.raises(NoSuchUser):
        await store.sessions.open(ann.id, b"more", in_a_day())
    assert await store.accounts.deactivate(ann.id) == gone  # with its first time
    assert await store.accounts.get(ann.id) == gone
    assert await store.accounts.reactivate(ann.id) == ann
    assert await store.sessions.find([b"anns"]) == [None]
    again = await store.sessions.open(ann.id, b"again", in_a_day())
    assert again.user == ann
    for change in (store.accounts.deactivate, store.accounts.reactivate):
        with pytest.raises(NoSuchUser):
            await change(NOBODY)


async def test_hubs_are_notified_of_the_deactivation_of_an_account(store: Store) -> None:
    ann = await make_user(store, "ann")
    session = await store.sessions.open(ann.id, b"anns", in_a_day())
    async with store.sessions.changes() as changes:
        await store.accounts.deactivate(ann.id)
        await store.accounts.reactivate(ann.id)
        told = set()
        async for change in changes:
            told.add(change)
            if change == UserReactivated(ann.id):
                break
    assert told - {None} == {
        SessionEnded(session.id),
        UserChanged(ann.id),
        UserDeactivated(ann.id),
        UserReactivated(ann.id),
    }


async def test_a_change_by_an_operator_and_its_audit_entry_are_stored_together_or_not_at_all(
    store: Store,
) -> None:
    entry = AuditEntry(Way.SOCKET, "uid 7", "do", {"a": [1, None, "é"]})
    accounts = store.accounts
    new = NewUser(name="Ann", password_hash="hash", username="ann")
    ann = await accounts.create(new, audit=entry)
    await accounts.set_password(ann.id, "other", audit=entry)
    await accounts.change_profile(ann.id, ProfileChange(role=Role.TEACHER), audit=entry)
    await accounts.deactivate(ann.id, audit=entry)
    await accounts.reactivate(ann.id, audit=entry)
    await store.sessions.close_all(ann.id, audit=entry)
    await store.audit.note(entry, ann)
    await store.audit.note(evolve(entry, details={}))
    rows = await store.audit.page(before=None, limit=100)
    assert [row.entry for row in rows] == [evolve(entry, details={}), *[entry] * 7]
    assert [(row.user_id, row.username) for row in rows] == [(None, None), *[(ann.id, "ann")] * 7]
    assert [row.id for row in rows] == sorted({row.id for row in rows}, reverse=True)
    assert await store.audit.page(before=rows[2].id, limit=2) == rows[3:5]
    with pytest.raises(Taken):
        await accounts.create(new, audit=entry)
    for change in (
        partial(accounts.set_password, NOBODY, "x"),
        partial(accounts.change_profile, NOBODY, ProfileChange(role=Role.TEACHER)),
        partial(accounts.deactivate, NOBODY),
        partial(accounts.reactivate, NOBODY),
    ):
        with pytest.raises(NoSuchUser):
            await change(audit=entry)
    await accounts.set_password(ann.id, "not an operator's")
    await accounts.delete(ann.id)
    outlived = [evolve(row, username=None) for row in rows]
    assert await store.audit.page(before=None, limit=100) == outlived  # without the name
