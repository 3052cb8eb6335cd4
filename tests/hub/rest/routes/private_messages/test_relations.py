"""Follows and blocks over REST, on every store."""

from tests.support.world import Person, World


async def names(person: Person, path: str) -> list[tuple[str, str]]:
    reply = await person.call("GET", path)
    return [(each["user"]["username"], each["status"]) for each in reply.json]


async def test_a_private_profile_accepts_its_followers_itself(world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve", is_public=False)
    asked = await ann.call("POST", f"/api/users/{eve.id}/follow")
    assert (asked.status, asked.json) == (200, {"status": "pending"})
    assert await names(eve, "/api/followers") == [("ann", "pending")]
    assert (await eve.call("POST", f"/api/followers/{ann.id}/accept")).status == 200
    assert await names(ann, "/api/following") == [("eve", "accepted")]
    again = await eve.call("POST", f"/api/followers/{ann.id}/accept")
    assert (again.status, again.json["code"]) == (404, "no_request")
    assert (await eve.call("DELETE", f"/api/followers/{ann.id}")).status == 200
    assert (await eve.call("DELETE", f"/api/followers/{ann.id}")).json["code"] == "no_follower"
    assert await names(ann, "/api/following") == []


async def test_a_public_profile_accepts_at_once_and_a_follow_can_be_ended(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    for _ in range(2):
        asked = await ann.call("POST", f"/api/users/{ben.id}/follow")
        assert asked.json == {"status": "accepted"}
    assert (await ann.call("DELETE", f"/api/users/{ben.id}/follow")).status == 200
    ended = await ann.call("DELETE", f"/api/users/{ben.id}/follow")
    assert (ended.status, ended.json["code"]) == (404, "not_following")


async def test_a_block_ends_follows_and_hides_the_blocker(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await ann.call("POST", f"/api/users/{ben.id}/follow")
    for _ in range(2):
        assert (await ben.call("POST", f"/api/users/{ann.id}/block")).status == 200
    assert await names(ben, "/api/followers") == []
    asked = await ann.call("POST", f"/api/users/{ben.id}/follow")
    assert (asked.status, asked.json["code"]) == (404, "user_not_found")
    (blocked,) = (await ben.call("GET", "/api/blocks")).json
    assert blocked["id"] == ann.id
    assert (await ann.call("GET", "/api/blocks")).json == []
    assert (await ben.call("DELETE", f"/api/users/{ann.id}/block")).status == 200
    assert (await ben.call("DELETE", f"/api/users/{ann.id}/block")).json["code"] == "not_blocked"


async def test_oneself_and_the_unknown(world: World) -> None:
    ann = await world.person("ann")
    for what in ("follow", "block"):
        oneself = await ann.call("POST", f"/api/users/{ann.id}/{what}")
        assert (oneself.status, oneself.json["code"]) == (400, "not_oneself")
        unknown = await ann.call("POST", f"/api/users/987654321/{what}")
        assert (unknown.status, unknown.json["code"]) == (404, "user_not_found")
