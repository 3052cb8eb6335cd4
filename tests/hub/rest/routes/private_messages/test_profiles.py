"""Profiles over REST, on every store."""

from typing import Final

import pytest

from persistence.records import ProfileChange
from tests.support.stores.records import NOBODY
from tests.support.world import World

PUBLIC: Final = {"id", "username", "name", "first_name", "last_name", "created_at", "updated_at",
                 "is_public"}  # fmt: skip


@pytest.mark.parametrize("path", ["/api/users/me/profile", "/api/users/profile/privacy"])
async def test_a_profile_is_made_private_and_public(world: World, path: str) -> None:
    ann = await world.person("ann")
    for is_public in (False, True):
        reply = await ann.call("PUT", path, {"is_public": is_public})
        assert (reply.status, reply.json["is_public"]) == (200, is_public)
    assert (await ann.call("PUT", path, {"is_public": 1})).status == 400


async def test_a_profile_is_changed_in_part_and_shown_at_once(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    body = {
        "first_name": "Ann", "last_name": "Lee", "nickname": "annie", "about_me": "hi",
        "date_of_birth": "2000-12-31T00:00:00Z", "avatar": "https://a.example/a.png",
        "email": "eve@example.org", "bio": "ignored",
    }  # fmt: skip
    changed = await ann.call("PUT", "/api/users/profile", body)
    assert changed.status == 200
    shown = changed.json
    assert {name: shown[name] for name in ("first_name", "last_name", "name", "nickname")} == {
        "first_name": "Ann", "last_name": "Lee", "name": "Ann Lee", "nickname": "annie",
    }  # fmt: skip
    assert (shown["date_of_birth"], shown["email"]) == ("2000-12-31", "ann@example.org")
    assert (await ann.call("GET", "/api/users/profile")).json == shown
    assert (await ann.call("GET", f"/api/users/{ann.id}/profile")).json == shown
    theirs = (await ben.call("GET", f"/api/users/{ann.id}/profile")).json
    assert set(theirs) == PUBLIC | {"nickname", "about_me", "avatar"}
    cleared = {"nickname": None, "about_me": "", "last_name": "Ray", "date_of_birth": ""}
    after = (await ann.call("PUT", "/api/users/profile", cleared)).json
    assert (after["name"], after["first_name"], after["date_of_birth"]) == ("Ann Ray", "Ann", None)
    assert not {"nickname", "about_me"} & set(after)
    assert after["avatar"] == body["avatar"]


async def test_a_name_that_was_not_made_of_two_parts_stays_until_a_part_is_given(
    world: World,
) -> None:
    ann = await world.person("ann")
    same = await ann.call("PUT", "/api/users/profile", {"first_name": "", "last_name": ""})
    assert same.json["name"] == "Ann"
    assert (await ann.call("PUT", "/api/users/profile", {"first_name": "Eve"})).json[
        "name"
    ] == "Eve"


@pytest.mark.parametrize(
    "body",
    [
        {"first_name": 5},
        {"nickname": "x" * 1_001},
        {"about_me": "a\x00"},
        {"date_of_birth": "yesterday"},
        {"date_of_birth": "2999-01-01"},
        {"date_of_birth": "0001-01-01"},
    ],
)
async def test_an_invalid_profile_changes_nothing(world: World, body: dict[str, object]) -> None:
    ann = await world.person("ann")
    before = (await ann.call("GET", "/api/users/profile")).json
    reply = await ann.call("PUT", "/api/users/profile", {"last_name": "Lee", **body})
    assert (reply.status, reply.json["code"]) == (400, "invalid_field")
    assert (await ann.call("GET", "/api/users/profile")).json == before


async def test_a_private_profile_is_seen_by_followers_and_not_by_strangers(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    eve = await world.person("eve", is_public=False)
    await ben.call("POST", f"/api/users/{eve.id}/follow")
    for word in ("profile", "followers", "following", "counts"):
        path = f"/api/users/{eve.id}/{word}"
        reply = await ben.call("GET", path)
        assert (reply.status, reply.json["code"]) == (403, "not_allowed")
        assert reply.json["error"] == "Profile is private"
    await eve.call("POST", f"/api/followers/{ben.id}/accept")
    for word in ("profile", "followers", "following", "counts"):
        path = f"/api/users/{eve.id}/{word}"
        assert (await ben.call("GET", path)).status == 200
        assert (await eve.call("GET", path)).status == 200
        assert (await ann.call("GET", path)).status == 403
    await eve.call("POST", f"/api/users/{ann.id}/block")
    for word in ("profile", "followers", "following", "counts"):
        reply = await ann.call("GET", f"/api/users/{eve.id}/{word}")
        assert (reply.status, reply.json["code"]) == (404, "user_not_found")


async def test_a_profile_is_not_found_across_a_block(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await ben.call("POST", f"/api/users/{ann.id}/block")
    for word in ("profile", "followers", "following", "counts"):
        for asker, other in ((ann, ben.id), (ben, ann.id), (ann, 987654321)):
            reply = await asker.call("GET", f"/api/users/{other}/{word}")
            assert (reply.status, reply.json["code"]) == (404, "user_not_found")
        assert (await ann.call("GET", f"/api/users/0/{word}")).status == 400


async def test_a_blocked_user_cannot_find_the_blocker_by_id_or_name(world: World) -> None:
    """As if there were no such user; the blocker can still find the blocked user."""
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.block(ann.id, ben.id)
    path = "/private_messages/api/users"
    nobody = await ben.call("GET", f"{path}/{NOBODY}")
    found = await ben.call("GET", f"{path}/{ann.id}")
    assert (found.status, found.json) == (nobody.status, nobody.json) == (404, nobody.json)
    status = await ben.call("GET", f"{path}/{ann.id}/follow-status")
    assert (status.status, status.json) == (404, nobody.json)
    assert (await ben.call("GET", f"{path}?username=ann")).json == []
    assert (await ann.call("GET", f"{path}/{ben.id}")).json["username"] == "ben"


async def test_strangers_see_only_the_name_of_a_private_profile(world: World) -> None:
    ann = await world.person("ann")
    ben = await world.person("ben", is_public=False)
    change = ProfileChange(nickname="benny", about_me="my diary")
    await world.store.accounts.change_profile(ben.id, change)
    path = f"/private_messages/api/users/{ben.id}"
    seen = (await ann.call("GET", path)).json
    assert (seen["name"], seen["is_public"]) == ("Ben", False)
    assert not {"nickname", "about_me"} & set(seen)
    by_name = (await ann.call("GET", "/private_messages/api/users?username=ben")).json
    assert by_name == [seen]
    await world.store.relations.request_follow(ann.id, ben.id)
    await world.store.relations.accept_follow(ben.id, ann.id)
    assert (await ann.call("GET", path)).json["about_me"] == "my diary"
    assert (await ben.call("GET", path)).json["about_me"] == "my diary"


async def test_only_users_to_whom_the_user_may_write_are_suggested_and_listed(world: World) -> None:
    ann, ben, dan = await world.people("ann", "ben", "dan")
    eve = await world.person("eve", is_public=False)
    fay = await world.person("fay", is_public=False)
    await fay.call("POST", f"/api/users/{ann.id}/follow")
    await dan.call("POST", f"/api/users/{ann.id}/block")
    for path in ("/api/users/suggested", "/api/users/all"):
        listed = (await ann.call("GET", path)).json
        assert [each["id"] for each in listed] == [fay.id, ben.id]
        assert not {"email", "date_of_birth"} & set(listed[0])
        assert [each["id"] for each in (await ann.call("GET", f"{path}?limit=1")).json] == [fay.id]
        older = await ann.call("GET", f"{path}?before={fay.id}")
        assert [each["id"] for each in older.json] == [ben.id]
    assert eve.id not in {each["id"] for each in (await ben.call("GET", "/api/users/all")).json}


async def test_users_are_found_by_a_part_of_their_name(world: World) -> None:
    ann, dora, eve = await world.people("ann", "dora", "eve")
    hidden = await world.person("dorian", is_public=False)
    for name, found in (("DOR", [dora]), ("eve", [eve]), ("%", []), ("%00", []), ("", [eve, dora])):
        listed = (await ann.call("GET", f"/api/users/all?name={name}")).json
        assert [each["id"] for each in listed] == [each.id for each in found]
        assert hidden.id not in {each["id"] for each in listed}


async def test_at_most_twenty_users_are_suggested(world: World) -> None:
    ann = await world.person("ann")
    others = await world.people(*(f"user{n}" for n in range(22)))
    ids = [other.id for other in reversed(others)]
    suggested = (await ann.call("GET", "/api/users/suggested")).json
    assert [each["id"] for each in suggested] == ids[:20]
    assert [each["id"] for each in (await ann.call("GET", "/api/users/all")).json] == ids
