"""Follows and blocks over REST, on every store."""

from tests.support.world import Person, World


async def names(person: Person, path: str) -> list[tuple[str, str]]:
    reply = await person.call("GET", path)
    return [(each["user"]["username"], each["status"]) for each in reply.json]


async def test_the_user_of_a_private_profile_accepts_followers(world: World) -> None:
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
    left = await ann.call("DELETE", f"/api/users/{ben.id}/follow")
    assert (left.status, left.json) == (200, {"status": "none"})
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


async def test_a_user_cannot_follow_or_block_themself_or_an_unknown_user(world: World) -> None:
    ann = await world.person("ann")
    for what in ("follow", "block"):
        oneself = await ann.call("POST", f"/api/users/{ann.id}/{what}")
        assert (oneself.status, oneself.json["code"]) == (400, "not_oneself")
        unknown = await ann.call("POST", f"/api/users/987654321/{what}")
        assert (unknown.status, unknown.json["code"]) == (404, "user_not_found")


async def ids(person: Person, path: str) -> list[int]:
    return [each["id"] for each in (await person.call("GET", path)).json]


async def test_lists_of_followers_and_following_have_only_the_accepted_follows(
    world: World,
) -> None:
    ann, ben, dan = await world.people("ann", "ben", "dan")
    eve = await world.person("eve", is_public=False)
    for one, other in ((ann, ben), (dan, ben), (ann, dan), (ann, eve)):
        await one.call("POST", f"/api/users/{other.id}/follow")
    assert await ids(ben, "/api/users/followers") == [dan.id, ann.id]
    assert await ids(dan, f"/api/users/{ben.id}/followers") == [dan.id, ann.id]
    assert await ids(dan, f"/api/users/{ben.id}/followers?page=2&limit=1") == [ann.id]
    assert await ids(ann, "/api/users/following") == [dan.id, ben.id]
    assert await ids(ben, f"/api/users/{ann.id}/following") == [dan.id, ben.id]
    counts = (await ann.call("GET", "/api/users/counts")).json
    assert counts == {"followers": 0, "following": 2}
    counts = (await ann.call("GET", f"/api/users/{ben.id}/counts")).json
    assert counts == {"followers": 2, "following": 0}
    assert await names(eve, "/api/followers?limit=1") == [("ann", "pending")]
    assert await names(eve, "/api/followers?page=2&limit=1") == []


async def test_the_follow_status_is_shown_and_a_request_can_be_withdrawn(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve", is_public=False)

    async def status(of: Person) -> object:
        return (await ann.call("GET", f"/api/users/{of.id}/follow-status")).json

    await ann.call("POST", f"/api/users/{eve.id}/follow")
    assert await status(eve) == {"status": "pending", "is_self": False}
    withdrawn = await ann.call("DELETE", f"/api/users/{eve.id}/follow-request")
    assert (withdrawn.status, withdrawn.json) == (200, {"status": "none"})
    assert await status(eve) == {"status": "none", "is_self": False}
    await ann.call("POST", f"/api/users/{ben.id}/follow")
    assert await status(ben) == {"status": "accepted", "is_self": False}
    assert await status(ann) == {"status": "none", "is_self": True}
    unknown = await ann.call("GET", "/api/users/987654321/follow-status")
    assert (unknown.status, unknown.json["code"]) == (404, "user_not_found")
    assert (await ann.call("GET", "/api/users/0/follow-status")).status == 400


async def test_follow_requests_are_counted_as_notifications(world: World) -> None:
    ann = await world.person("ann")
    eve = await world.person("eve", is_public=False)
    assert (await eve.call("GET", "/api/notifications/unread-count")).json == {"count": 0}
    await ann.call("POST", f"/api/users/{eve.id}/follow")
    assert (await eve.call("GET", "/api/notifications/unread-count")).json == {"count": 1}
    await eve.call("POST", f"/api/followers/{ann.id}/accept")
    assert (await eve.call("GET", "/api/notifications/unread-count")).json == {"count": 0}


async def test_a_message_request_is_accepted_and_then_replied_to(world: World) -> None:
    ann = await world.person("ann")
    eve = await world.person("eve", is_public=False)
    path = f"/api/users/accept-message-request?requester_id={eve.id}"
    early = await ann.call("POST", path)
    assert (early.status, early.json["code"]) == (404, "no_request")
    await eve.call("POST", f"/api/messages/{ann.id}", {"content": "hello"})
    assert (await ann.call("POST", f"/api/messages/{eve.id}", {"content": "hi"})).status == 403
    (conversation,) = (await ann.call("GET", "/api/messages/conversations")).json
    assert conversation["is_request"] is True
    accepted = await ann.call("POST", path)
    assert (accepted.status, accepted.json) == (200, {"success": True})
    (conversation,) = (await ann.call("GET", "/api/messages/conversations")).json
    assert conversation["is_request"] is False
    assert (await ann.call("POST", f"/api/messages/{eve.id}", {"content": "hi"})).status == 201
    for query, error in (("", "Missing requester_id"), ("?requester_id=x", "Invalid requester_id")):
        wrong = await ann.call("POST", f"/api/users/accept-message-request{query}")
        assert (wrong.status, wrong.json["error"]) == (400, error)
