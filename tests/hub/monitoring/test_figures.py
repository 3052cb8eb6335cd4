"""What a hub counts while it is used, and that no client can create a series of its own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import trio
from attrs import evolve
from trio.testing import MockClock

import hub.rest.routes
from hub.actor.figures import CODES
from hub.limits.quotas import Kind
from hub.metrics import METHODS
from hub.monitoring.disk import Disk
from hub.monitoring.figures import COMMANDS, Figures
from hub.rest.app import discover
from hub.sockets.listener import Acceptor, Caps
from persistence.figures import Held, StoreFigures
from persistence.interface import Store
from protocol.errors import TRY_AGAIN, ErrorCode
from tests.support.classroom import answer_of, ask, classroom
from tests.support.clients.frames import CLOSE, client_frame
from tests.support.clients.http import form
from tests.support.clients.metrics import samples, values
from tests.support.clients.socketio import enter
from tests.support.clients.websocket import WebSocket
from tests.support.posting import private_message, say
from tests.support.quiet import until_quiet
from tests.support.stores.outage import Outage
from tests.support.world import DIALECTS, World, open_world

PATHS = ("/ws", "/ws/chat", "/messagepal", "/gateway")
NAMES = {
    *(each.name for each in DIALECTS.by_path.values()),
    *(each.name for each in DIALECTS.by_namespace.values()),
    *(claim.dialect.name for claim in discover(hub.rest.routes)),
}
ALLOWED = {
    "dialect": NAMES,
    "command": {*COMMANDS.values(), "malformed"},
    "outcome": {
        *(each.value for each in ErrorCode),
        *("done", "right", "wrong", "network_limit", "account_limit", "busy"),
        *("answered", "failed", "too_often", "overloaded"),
    },
    "code": {*map(str, CODES), "other"},
    "route": {
        *(claim.endpoint.path for claim in discover(hub.rest.routes)),
        *("/", "/web/{path:path}", "/openapi.json", "/asyncapi.json", "/socket.io/", "unmatched"),
    },
    "method": {*METHODS, "other"},
    "status": {"2xx", "3xx", "4xx", "5xx", "none", "400", "405", "408", "421", "431", "505"},
    "lane": {"0", "1"},
    "reason": {"too_fast", "too_many"},
    "result": {"complete", "partial", "failed", "hit", "miss"},
    "reset": {"true", "false"},
    "kind": {"message", "ephemeral", "other", *(kind.value for kind in Kind)},
}
"""The values that each label may have."""


def shown(world: World) -> dict[str, float]:
    return dict(values(world.services.metrics.text()))


async def end_with(socket: WebSocket, code: int) -> None:
    """Close with a code that the peer chooses."""
    await socket.stream.send_all(client_frame(CLOSE, code.to_bytes(2, "big")))
    await socket.until_closed()


async def test_messages_are_counted_from_the_command_to_the_delivery(memory_store: Store) -> None:
    async with open_world(memory_store, db_lanes=1) as world:
        ann, ben = await world.people("ann", "ben")
        anns, bens, second = await ann.open(), await ben.open(), await ben.open()
        await ben.open("/gateway")  # which gets no private messages
        await anns.ask(private_message(ben, client_id="k"))
        for socket in (bens, second):
            await socket.receive_type("private_message")
        await anns.ask(private_message(ben, client_id="k"))  # a repeat
        await anns.ask({"type": "private_message", "recipient_id": 12_345, "content": "hi"})
        await anns.ask({"type": "no such type"})
        await say(ann, ben, "over REST")
        for socket in (anns, bens, second):
            await socket.receive_type("private_message")
        found = shown(world)
        commands = {name: value for name, value in found.items() if "parlour_commands" in name}

        def command(outcome: str, name: str = "send_private_message") -> str:
            labels = f'command="{name}",dialect="private_messages",outcome="{outcome}"'
            return f"parlour_commands_total{{{labels}}}"

        assert commands == {
            command("done"): 3,
            command("recipient_not_found"): 1,
            command("unknown_type", "malformed"): 1,
        }
        assert found['parlour_messages_stored_total{lane="0"}'] == 2
        assert found['parlour_deliveries_total{kind="message"}'] == 6
        assert found['parlour_lane_batch_messages_count{lane="0"}'] == 4
        assert found['parlour_lane_batch_messages_sum{lane="0"}'] == 4
        assert found['parlour_lane_commit_seconds_count{lane="0"}'] == 4
        assert found['parlour_lane_queue_seconds_count{lane="0"}'] == 4
        assert found['parlour_lane_queue_messages{lane="0"}'] == 0


async def test_connections_are_counted_by_dialect_and_how_they_end(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.people("ann", "ben")
        kept, polite, rude = await ann.open(), await ann.open(), await ann.open()
        broken, refused, chat = await ann.open(), await ann.open(), await ben.open("/ws/chat")
        await polite.close_in_silence()
        await end_with(rude, 4321)
        await broken.drop()
        await refused.stream.send_all(client_frame(2, b"binary"))
        await refused.until_closed()
        await until_quiet()
        found = shown(world)
        assert found['parlour_connections{dialect="private_messages"}'] == 1
        assert found['parlour_connections{dialect="learning_chat"}'] == 1
        assert found['parlour_connections_opened_total{dialect="private_messages"}'] == 5
        for code in ("1000", "other", "1006", "1003"):
            labels = f'code="{code}",dialect="private_messages"'
            assert found[f"parlour_connections_closed_total{{{labels}}}"] == 1, code
        assert found["parlour_users_online"] == 2
        assert found["parlour_sockets"] == 2
        await world.services.hub.send_back([ben.id], TRY_AGAIN)
        await chat.until_closed()
        closed = 'parlour_connections_closed_total{code="1013",dialect="learning_chat"}'
        assert shown(world)[closed] == 1
        await kept.past("user_online_status")


async def test_resumes_are_counted_with_what_they_sent(memory_store: Store) -> None:
    async with open_world(memory_store, resume_limit=10) as world:
        ann, ben = await world.people("ann", "ben")
        for text in "abcdefghijkl":
            await say(ann, ben, text)
        for after, epoch in (({str(ann.id): 3}, None), ({}, None), ({str(ann.id): 3}, "another")):
            socket = await ben.open()
            await socket.send({"type": "resume", "after": after, "epoch": epoch})
            frames = await socket.everything()
            assert json.loads(frames[-1])["type"] == "resumed"
            await socket.close_in_silence()
        found = shown(world)
        assert found["parlour_resume_messages_total"] == 9 + 10 + 10
        for result, reset, count in (
            ("complete", "false", 1),
            ("partial", "false", 1),
            ("partial", "true", 1),
        ):
            labels = f'dialect="private_messages",reset="{reset}",result="{result}"'
            assert found[f"parlour_resumes_total{{{labels}}}"] == count


async def test_a_resume_that_fails_is_counted(memory_store: Store) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann, ben = await world.people("ann", "ben")
        await say(ann, ben, "hi")
        bens = await ben.open()
        outage.begin()
        await bens.send({"type": "resume"})
        _, end = await bens.until_closed()
        assert end.code == 1013
        labels = 'dialect="private_messages",reset="false",result="failed"'
        assert shown(world)[f"parlour_resumes_total{{{labels}}}"] == 1
        outage.end()


async def test_messages_that_may_be_lost_are_counted_and_the_lane_fails(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store), db_lanes=1) as world:
        ann, ben = await world.people("ann", "ben")
        anns = await ann.open()
        outage.begin()
        assert (await anns.ask(private_message(ben)))["code"] == "unavailable"
        found = shown(world)
        assert found['parlour_messages_in_doubt_total{lane="0"}'] == 1
        assert found['parlour_conversations_in_doubt{lane="0"}'] == 1
        assert found['parlour_lane_failing{lane="0"}'] == 1
        assert found["parlour_ready"] == 0
        outage.end()
        await trio.sleep(5)
        found = shown(world)
        assert found['parlour_lane_failing{lane="0"}'] == 0
        assert found['parlour_conversations_in_doubt{lane="0"}'] == 0
        assert found["parlour_ready"] == 1


async def test_limits_that_are_reached_are_counted_by_their_kind(memory_store: Store) -> None:
    async with open_world(
        memory_store,
        user_connections=1,
        user_messages_per_second=1,
        login_attempts=1,
        login_attempts_per_address=2,
    ) as world:
        ann, ben = await world.people("ann", "ben")
        anns = await ann.open()
        assert (await ann.call("GET", "/ws")).status == 426
        for code in (None, "rate_limited"):
            assert (await anns.ask(private_message(ben))).get("code") == code
        for who, status in (("ann", 401), ("ann", 429), ("ben", 429)):
            body = {"email": who, "password": "wrong password"}
            assert (await world.call("POST", "/api/auth/login", body)).status == status
        found = shown(world)
        assert found['parlour_allowance_refusals_total{kind="messages"}'] == 1
        sent = 'command="send_private_message",dialect="private_messages"'
        assert found[f'parlour_commands_total{{{sent},outcome="done"}}'] == 1
        assert found[f'parlour_commands_total{{{sent},outcome="rate_limited"}}'] == 1
        assert found['parlour_logins_total{outcome="wrong"}'] == 1
        assert found['parlour_logins_total{outcome="account_limit"}'] == 1
        assert found['parlour_logins_total{outcome="network_limit"}'] == 1
        labels = 'method="POST",route="/api/auth/login",status="4xx"'
        assert found[f"parlour_http_requests_total{{{labels}}}"] == 3
        assert found['parlour_http_request_seconds_count{route="/api/auth/login"}'] == 3


async def test_sign_ins_sessions_and_files_are_counted(memory_store: Store, tmp_path: Path) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        account = {
            "email": "ann@example.org",
            "password": "correct horse",
            "first_name": "Ann",
            "last_name": "Example",
            "date_of_birth": "2000-01-01",
        }
        assert (await world.call("POST", "/api/auth/register", account)).status == 201
        login = await world.call("POST", "/api/auth/login", account)
        cookie = {"Cookie": login.headers["set-cookie"].partition(";")[0]}
        body, kind = form(b"four", "notes.txt")
        stored = await world.call("POST", "/api/upload", body, {**cookie, **kind})
        assert stored.status == 200, stored.text
        for _ in range(3):
            assert (
                await world.call("GET", "/api/messages/unread-count", headers=cookie)
            ).status == 200
        found = shown(world)
        assert found['parlour_logins_total{outcome="right"}'] == 1
        assert found['parlour_session_lookups_total{result="miss"}'] == 1
        assert found['parlour_session_lookups_total{result="hit"}'] == 3
        assert found["parlour_uploads_total"] == 1
        assert found["parlour_upload_bytes_total"] == 4


async def test_questions_are_counted_by_their_outcome(memory_store: Store) -> None:
    async with classroom(memory_store, user_questions_per_minute=1) as (school, _):
        anns = await school.join(school.ann)
        for text in ("@AI first", "@AI second"):
            await ask(anns, school.general.id, text)
            await anns.receive_type("new_message")
            if text == "@AI first":
                await answer_of(anns)
        assert (await anns.receive_type("error"))["code"] == "rate_limited"
        found = shown(school.ann.world)
        assert found['parlour_assistant_questions_total{outcome="answered"}'] == 1
        assert found['parlour_assistant_questions_total{outcome="too_often"}'] == 1
        assert found['parlour_assistant_questions_total{outcome="failed"}'] == 0


async def test_requests_refused_before_they_are_routed_are_counted_by_their_status(
    memory_store: Store,
) -> None:
    async with open_world(memory_store) as world:
        elsewhere = await world.call("GET", "/", headers={"Host": "evil.example.org"})
        assert elsewhere.status == 421
        async with world.connect() as stream:
            await stream.send_all(b"nonsense\r\n\r\n")
            assert b" 400 " in await stream.receive_some()
        found = shown(world)
        assert found['parlour_http_refusals_total{status="421"}'] == 1
        assert found['parlour_http_refusals_total{status="400"}'] == 1


async def test_a_change_of_the_log_is_counted(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann = await world.person("ann")
        anns = await ann.open()
        await memory_store.log.new_epoch(await memory_store.log.epoch())
        _, end = await anns.until_closed()
        assert end.code == 1012
        assert shown(world)["parlour_log_changes_total"] == 1


async def test_a_database_that_is_not_held_is_shown_as_down(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        assert shown(world)["parlour_database_up"] == 1
    lost = StoreFigures(hold=Held(is_held=False, losses=3))
    async with open_world(evolve(memory_store, figures=lost)) as world:
        found = shown(world)
        assert (found["parlour_database_up"], found["parlour_ready"]) == (0, 0)
        assert found["parlour_database_hold_losses_total"] == 3


async def test_the_end_of_the_certificate_is_shown(memory_store: Store, tmp_path: Path) -> None:
    async with open_world(memory_store) as world:
        end = datetime(2030, 1, 1, tzinfo=UTC)
        acceptor = Acceptor(world.admission.serve, Caps(1, 1))
        figures = Figures(world.services, acceptor, Disk(tmp_path), lambda: end, None)
        (found,) = [
            each for each in figures.look() if each.name == "certificate_end_timestamp_seconds"
        ]
        assert list(found.values) == [((), end.timestamp())]


async def besiege(world: World, name: str, number: int) -> None:
    """Do what a hostile client can, with names and numbers of its own."""
    person = await world.person(name)
    for path in PATHS:
        socket = await person.connect(path)
        for frame in (
            {"type": name, "op": name, "content": name},
            {"type": "private_message", "recipient_id": number, "content": name},
            {"type": "join_channel", "channelId": number, name: name},
            [name],
        ):
            await socket.send(frame)
        await socket.send_text(name)
        await socket.everything()
        await end_with(socket, 3_000 + number)
    peer = await enter(person)
    await peer.ask(name, {"channelId": name})
    await peer.socket.everything()
    await end_with(peer.socket, 3_000 + number)
    for method in ("GET", "POST", "DELETE", name.upper(), "OPTIONS"):
        for path in (
            f"/{name}",
            f"/api/{name}/../{number}",
            f"/api/messages/{number}",
            f"/uploads/{name}/{name}",
            f"/web/{name}.js",
            f"/{name}/healthz?{name}",
            "/%2e%2e/" + name,
        ):
            headers = {"User-Agent": name, "Origin": f"https://{name}.example.org"}
            await world.call(method, path, headers=headers)
    await world.call("GET", "/", headers={"Host": f"{name}.example.org"})
    await world.call("POST", "/api/auth/login", {"email": name, "password": name * 3})
    async with world.connect() as stream:
        await stream.send_all(f"{name}\r\n\r\n".encode())
        await stream.receive_some()
    await until_quiet()


async def test_a_client_cannot_create_a_series_of_its_own(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        await besiege(world, "zyxwvut", 501)
        first = shown(world)
        assert len(first) > 200
        for number in range(502, 505):
            await besiege(world, f"zyxwvut{number}", number)
        text = world.services.metrics.text()
        assert set(values(text)) == set(first)
        assert "zyxwvut" not in text
        labels = [pair for sample in samples(text) for pair in sample.labels.items()]
        assert {name for name, _ in labels} - ALLOWED.keys() == {"le", "version", "python"}
        assert [
            (name, value) for name, value in labels if value not in ALLOWED.get(name, value)
        ] == []
