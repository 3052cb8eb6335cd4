"""The operator's commands, on a real database."""

import json
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import evolve, frozen

from hub.cli.operators.admin import (
    Office,
    add_user,
    as_json,
    deactivate,
    in_words,
    list_users,
    migrate_database,
    reactivate,
    revoke_sessions,
    set_password,
    set_role,
    show_audit,
    show_config,
    show_status,
)
from hub.cli.running import NotDone
from hub.http.responses import HttpError
from hub.settings.config import SETTINGS, Config
from hub.settings.setting import ConfigError
from protocol.admin import NewAccountBody, NewPasswordBody, RoleBody
from protocol.parsing.names import USERNAME
from tests.support.files.s3_server import S3Server, fresh
from tests.support.stores.databases import Databases

ANN = NewAccountBody("ann", "correct horse", "Ann", "ann@example.org")


@frozen
class Desk:
    """An operator with a database of their own, and the lines that were printed."""

    office: Office
    said: list[str]


@pytest.fixture
async def desk(databases: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    """On an empty database."""
    async with databases.empty() as dsn:
        given = {"database_url": dsn, "data_dir": tmp_path}
        config = Config(**given)  # type: ignore[arg-type]  # a Config takes text as well
        said: list[str] = []
        yield Desk(Office(config, None, in_words(said.append)), said)


async def test_accounts_are_made_listed_and_changed(desk: Desk) -> None:
    office, said = desk.office, desk.said
    await migrate_database(office.config, said.append)
    await add_user(office, ANN)
    await add_user(office, NewAccountBody("ben", "correct horse", "Ben"))
    await deactivate(office, "ben")
    await list_users(office)
    await deactivate(office, "ben")
    await reactivate(office, "ben")
    await reactivate(office, "ben")
    await set_password(office, NewPasswordBody("ann", "another horse"))
    await set_role(office, RoleBody("ann", "teacher"))
    await set_role(office, RoleBody("ann", "teacher"))
    await revoke_sessions(office, "ann")
    assert said == [
        "The database is up to date",
        "ann has id 1",
        "ben has id 2",
        "ben is deactivated and signed out everywhere; messages stay",
        "1  ann  ann@example.org  Ann",
        "2  ben  -                Ben  deactivated",
        "ben is deactivated already; nothing has changed",
        "ben may sign in again",
        "ben may sign in already; nothing has changed",
        "ann has a new password and is signed out everywhere",
        "ann is a teacher",
        "ann is a teacher already; nothing has changed",
        "0 sessions of ann ended",
    ]


async def test_each_action_is_in_the_audit_with_its_operator_and_without_secrets(
    desk: Desk,
) -> None:
    office = desk.office
    await add_user(office, ANN)
    await set_password(office, NewPasswordBody("ann", "another horse"))
    await set_role(office, RoleBody("ann", "teacher"))
    await revoke_sessions(office, "ann")
    await deactivate(office, "ann")
    await reactivate(office, "ann")
    shown: list[str] = []
    await show_audit(evolve(office, show=as_json(shown.append)), None, 10)
    actions: list[Any] = [json.loads(line) for line in shown]
    assert [each["action"] for each in reversed(actions)] == [
        "user add",
        "user passwd",
        "user role",
        "session revoke",
        "deactivate",
        "reactivate",
    ]
    came = {(each["way"], each["peer"], each["username"]) for each in actions}
    assert came == {("command", f"uid {os.getuid()}", "ann")}
    assert actions[3]["details"] == {"role": "teacher", "before": "student"}
    assert "horse" not in "".join(shown)
    desk.said.clear()
    await show_audit(office, actions[4]["id"], 1)
    (line,) = desk.said
    assert line.endswith(f" UTC  command, uid {os.getuid()}  user add  ann")


async def test_an_action_that_cannot_be_done_is_refused_with_its_reason(desk: Desk) -> None:
    office = desk.office
    await add_user(office, ANN)
    short = NewAccountBody("ben", "short")
    unseen = "A name must show something, and have no characters that cannot be seen"
    nobody = "There is no user ben"
    for command, code, reason in (
        (partial(add_user, body=ANN), "username_taken", "This username has an account already"),
        (partial(add_user, body=evolve(ANN, username="\u0430nn")), "name_refused", USERNAME),
        (partial(add_user, body=evolve(ANN, username="a\x01n")), "name_refused", USERNAME),
        (partial(add_user, body=evolve(ANN, username="deleted-9")), "name_refused", USERNAME),
        (partial(add_user, body=evolve(ANN, username="x" * 201)), "name_refused", USERNAME),
        (partial(add_user, body=evolve(ANN, name="Ann\u202e")), "name_refused", unseen),
        (
            partial(add_user, body=evolve(ANN, email="ann@")),
            "email_refused",
            "ann@ is no email address",
        ),
        (partial(add_user, body=short), "password_too_short", "at least 8 characters"),
        (
            partial(set_password, body=NewPasswordBody("ann", "short")),
            "password_too_short",
            "at least 8 characters",
        ),
        (
            partial(set_password, body=NewPasswordBody("ben", "another horse")),
            "user_not_found",
            nobody,
        ),
        (partial(revoke_sessions, user="ben"), "user_not_found", nobody),
        (partial(deactivate, user="ben"), "user_not_found", nobody),
        (partial(reactivate, user="b\udcffn"), "user_not_found", "There is no user"),
        (partial(deactivate, user="AI Tutor"), "user_not_found", "There is no user AI Tutor"),
        (partial(set_role, body=RoleBody("ben", "teacher")), "user_not_found", nobody),
    ):
        refused = pytest.RaisesExc(HttpError, match=reason, check=partial(has_code, code))
        with pytest.RaisesGroup(refused, flatten_subgroups=True, allow_unwrapped=True):
            await command(office)
    assert desk.said == ["ann has id 1"]
    shown: list[str] = []
    await show_audit(evolve(office, show=as_json(shown.append)), None, 10)
    assert len(shown) == 1  # what was refused was not done


def has_code(code: str, error: HttpError) -> bool:
    return error.code == code


def test_a_command_that_needs_a_running_hub_fails_without_one(tmp_path: Path) -> None:
    office = Office(Config(data_dir=tmp_path), None, in_words(print))
    with pytest.raises(NotDone, match=r"No hub listens on .*admin\.sock: No such file"):
        trio.run(show_status, office)
    with pytest.raises(ConfigError, match="the hub's admin_token is needed"):
        trio.run(show_status, evolve(office, url="http://127.0.0.1:1"))


def test_an_account_hides_its_password() -> None:
    assert "correct horse" not in repr(ANN)


async def test_every_setting_is_shown() -> None:
    said: list[str] = []
    await show_config(Config(port=0), said.append)
    assert [line.partition(" = ")[0] for line in said] == [setting.name for setting in SETTINGS]
    assert {"port = 0", "web_client = yes", "database_url = none"} <= set(said)


async def test_a_file_store_that_cannot_be_used_is_reported(tmp_path: Path, s3: S3Server) -> None:
    said: list[str] = []
    with pytest.raises(ConfigError, match="is its file system mounted"):
        await show_config(Config(uploads=tmp_path / "none"), said.append)
    wrong = {**s3.settings(fresh()), "s3_secret_key": "not-the-secret"}
    with pytest.raises(ConfigError, match="s3_secret_key is not that of s3_access_key"):
        await show_config(Config(**wrong), said.append)
    assert not said
    await show_config(Config(**s3.settings(fresh())), said.append)
    assert {"s3_secret_key = (set)", "s3_access_key = (set)"} <= set(said)
