"""The operator's commands, on a real database."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve

from hub.cli.admin import (
    Account,
    NotDone,
    add_user,
    list_users,
    migrate_database,
    revoke_sessions,
    set_password,
    set_role,
    show_config,
)
from hub.settings.config import SETTINGS, Config
from protocol.model import Role
from tests.support.stores.databases import Databases

ANN = Account("ann", "Ann", "ann@example.org", "correct horse")


@pytest.fixture
async def config(databases: Databases, tmp_path: Path) -> AsyncIterator[Config]:
    """Settings that name an empty database."""
    async with databases.empty() as dsn:
        given = {"database_url": dsn, "data_dir": tmp_path}
        yield Config(**given)  # type: ignore[arg-type]  # a Config takes text as well


async def test_accounts_are_made_listed_and_changed(config: Config) -> None:
    said: list[str] = []
    await migrate_database(config, said.append)
    await add_user(config, ANN, said.append)
    await add_user(config, Account("ben", "Ben", None, "correct horse"), said.append)
    await list_users(config, said.append)
    await set_password(config, "ann", "another horse", said.append)
    await set_role(config, "ann", Role.TEACHER, said.append)
    await revoke_sessions(config, "ann", said.append)
    assert said == [
        "The database is up to date",
        "ann has id 1",
        "ben has id 2",
        "1\tann\tann@example.org\tAnn",
        "2\tben\t-\tBen",
        "ann has a new password and is signed out everywhere",
        "ann is a teacher",
        "0 sessions of ann ended",
    ]


async def test_what_cannot_be_done_is_said(config: Config) -> None:
    said: list[str] = []
    await add_user(config, ANN, said.append)
    ben = Account("ben", "Ben", None, "short")
    unseen = "A name has a character that cannot be seen, or looks like another one"
    for command, reason in (
        (partial(add_user, config, ANN), "This username has an account already"),
        (partial(add_user, config, evolve(ANN, username="\u0430nn")), unseen),
        (partial(add_user, config, evolve(ANN, name="Ann\u202e")), unseen),
        (partial(add_user, config, evolve(ANN, email="ann@")), "ann@ is no email address"),
        (partial(add_user, config, ben), "not accepted: password_too_short"),
        (partial(set_password, config, "ann", "short"), "not accepted: password_too_short"),
        (partial(set_password, config, "ben", "another horse"), "There is no user ben"),
        (partial(revoke_sessions, config, "ben"), "There is no user ben"),
        (partial(set_role, config, "ben", Role.TEACHER), "There is no user ben"),
    ):
        with pytest.RaisesGroup(
            pytest.RaisesExc(NotDone, match=reason), flatten_subgroups=True, allow_unwrapped=True
        ):
            await command(said.append)
    assert said == ["ann has id 1"]


def test_an_account_hides_its_password() -> None:
    assert "correct horse" not in repr(ANN)


def test_every_setting_is_shown() -> None:
    said: list[str] = []
    show_config(Config(port=0), said.append)
    assert [line.partition(" = ")[0] for line in said] == [setting.name for setting in SETTINGS]
    assert {"port = 0", "web_client = yes", "database_url = none"} <= set(said)
