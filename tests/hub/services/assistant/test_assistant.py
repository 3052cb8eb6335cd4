"""@AI: which messages address it, which messages it sees, and where it answers."""

from hub.services.assistant.language_model import TUTOR
from persistence.interface import Store
from tests.support.classroom import answer_of, ask, classroom
from tests.support.clients.socketio import channel_of, enter
from tests.support.school import open_school
from tests.support.world import open_world


async def test_a_question_is_delivered_and_then_answered_to_the_whole_channel(store: Store) -> None:
    async with classroom(store, assistant_key="the key") as (school, server):
        channel = school.general.id
        anns, bens = await school.join(school.ann), await school.join(school.ben)
        await anns.receive_type("user_presence")
        await ask(bens, channel, "6 * 7 is?")
        await ask(anns, channel, "hey @AI what is 6 * 7, @AI?")
        for socket in (anns, bens):
            assert (await socket.receive())["message"]["content"] == "6 * 7 is?"
            question = (await socket.receive())["message"]
            assert question["content"] == "hey @AI what is 6 * 7, @AI?"
            answer = await answer_of(socket)
            assert (answer["authorId"], answer["authorUsername"]) == (999, "AI Tutor")
            assert (answer["content"], answer["type"]) == ("Forty-two", "text")
            assert (answer["readBy"], answer["isHomework"]) == ([school.ann.id], False)
            assert answer["seq"] == 3
        (asked,) = server.asked
        assert asked["messages"] == [
            {"role": "system", "content": TUTOR},
            {"role": "user", "content": "6 * 7 is?"},
            {"role": "user", "content": "hey  what is 6 * 7, @AI?"},
        ]
        assert asked["stream"] is True
        assert server.keys == ["Bearer the key"]
        page = await school.ben.ask("GET", f"/api/messages/{channel}")
        assert page.json[-1]["content"] == "Forty-two"


async def test_the_assistant_sees_only_its_channel_and_knows_its_own_messages(
    memory_store: Store,
) -> None:
    async with classroom(memory_store) as (school, server):
        general = await school.join(school.ann)
        dm = await school.join(school.ann, school.dm)
        await ask(dm, school.dm.id, "a secret")
        await dm.receive_type("new_message")
        await ask(general, school.general.id, "@AI first")
        await general.receive_type("new_message")
        await answer_of(general)
        await ask(general, school.general.id, "@AI second")
        await general.receive_type("new_message")
        await answer_of(general)
        assert server.asked[1]["messages"][1:] == [
            {"role": "user", "content": "@AI first"},
            {"role": "assistant", "content": "Forty-two"},
            {"role": "user", "content": "second"},
        ]


async def test_in_a_dm_the_assistant_sees_only_users_who_have_asked_it_there(
    memory_store: Store,
) -> None:
    async with classroom(memory_store) as (school, server):
        anns = await school.join(school.ann, school.dm)
        bens = await school.join(school.ben, school.dm)
        anns.ignoring("user_presence")
        bens.ignoring("new_message", "user_typing", "user_presence")
        for socket, text in ((bens, "a secret"), (anns, "@AI first")):
            await ask(socket, school.dm.id, text)
            await anns.receive_type("new_message")
        await answer_of(anns)
        assert server.asked[0]["messages"][1:] == [{"role": "user", "content": "first"}]
        for text in ("@AI for ben", "said by ben"):
            await ask(bens, school.dm.id, text)
            await anns.receive_type("new_message")
            if "@AI" in text:
                await answer_of(anns)
        await ask(anns, school.dm.id, "@AI second")
        await anns.receive_type("new_message")
        await answer_of(anns)
        asked = [turn["content"] for turn in server.asked[2]["messages"][1:]]
        assert "a secret" not in asked
        assert {"@AI for ben", "said by ben", "@AI first", "second"} <= set(asked)


async def test_questions_in_channels_and_over_rest_have_one_allowance(memory_store: Store) -> None:
    async with classroom(memory_store, user_questions_per_day=1) as (school, server):
        socket = await school.join(school.ann)
        await ask(socket, school.general.id, "@AI first")
        await socket.receive_type("new_message")
        await answer_of(socket)
        await ask(socket, school.general.id, "@AI second")
        assert (await socket.receive_type("new_message"))["message"]["content"] == "@AI second"
        assert (await socket.receive_type("error"))["code"] == "rate_limited"
        body = {"messages": [{"role": "user", "content": "third"}]}
        assert (await school.ann.ask("POST", "/api/ai-chat", body)).status == 429
        assert len(server.asked) == 1
        assert (await school.ben.ask("POST", "/api/ai-chat", body)).status == 200


async def test_in_a_dm_the_assistant_answers_only_in_the_dialect_of_the_question(
    store: Store,
) -> None:
    async with classroom(store) as (school, _):
        anns = await school.join(school.ann, school.dm)
        private = await school.ben.open()
        await ask(anns, school.dm.id, "@AI?")
        await anns.receive_type("new_message")
        assert (await answer_of(anns))["content"] == "Forty-two"
        assert (await private.receive_type("private_message"))["message"]["content"] == "@AI?"
        history = await school.ben.call("GET", f"/api/messages/{school.ann.id}")
        assert [message["content"] for message in history.json] == ["@AI?"]
        (listed,) = (await school.ben.call("GET", "/api/messages/conversations")).json
        assert (listed["last_message"], listed["unread_count"]) == ("@AI?", 0)
        assert (await private.receive_type("messages_read"))["reader_id"] == school.ben.id
        await anns.receive_type("message_read")  # the answer was not shown there


async def test_a_message_that_does_not_address_the_assistant_is_not_answered(
    memory_store: Store,
) -> None:
    async with classroom(memory_store) as (school, server):
        socket = await school.join(school.ann)
        for content in ("@ai", "AI", "@ AI"):
            await ask(socket, school.general.id, content)
            await socket.receive_type("new_message")
        await socket.close_in_silence()
        assert server.asked == []


async def test_a_question_that_is_repeated_is_answered_once(memory_store: Store) -> None:
    """Over sockets and over REST. The questions are answered one after the other."""
    async with classroom(memory_store, assistant_concurrency=1) as (school, server):
        channel = school.general.id
        chat = (await school.join(school.ann)).ignoring("user_typing")
        events = await enter(school.ann)
        for _ in range(2):
            frame = {"type": "send_message", "channelId": channel, "content": "@AI 1"}
            await chat.send({**frame, "clientMessageId": "1"})
            await chat.expect("new_message")
            body = {"channelId": channel, "content": "@AI 2", "clientMessageId": "2"}
            assert (await school.ann.ask("POST", "/api/messages", body)).status == 201
            sent = {"channelId": channel_of(school), "content": "@AI 3", "tempId": "3"}
            assert (await events.ask("message:send", sent))["success"] is True
            assert (await events.event())[0] == "message:sent"
        await ask(chat, channel, "@AI 4")
        answers = 0
        while answers < 4:
            answers += (await chat.receive_type("new_message"))["message"]["authorId"] == 999
        asked = [each["messages"][-1]["content"] for each in server.asked]
        assert asked == ["1", "2", "3", "4"]
        chat.ignoring("new_message")


async def test_an_answer_that_addresses_the_assistant_is_not_answered(memory_store: Store) -> None:
    async with classroom(memory_store) as (school, server):
        server.answer = ("ask ", "@AI")
        socket = await school.join(school.ann)
        await ask(socket, school.general.id, "@AI")
        await socket.receive_type("new_message")
        assert (await answer_of(socket))["content"] == "ask @AI"
        await ask(socket, school.general.id, "thanks")
        await socket.receive_type("new_message")
        await socket.close_in_silence()
        assert len(server.asked) == 1


async def test_without_a_model_the_message_is_delivered_and_the_asker_gets_an_error(
    store: Store,
) -> None:
    async with open_world(store) as world:
        school = await open_school(world)
        socket = await school.join(school.ann)
        await ask(socket, school.general.id, "@AI help")
        assert (await socket.receive_type("new_message"))["message"]["content"] == "@AI help"
        assert (await socket.receive_type("error"))["code"] == "assistant_unavailable"


async def test_the_assistant_over_rest(memory_store: Store) -> None:
    async with classroom(memory_store, user_questions_per_minute=100) as (school, server):
        body = {
            "messages": [
                {"role": "system", "content": "Be brief"},
                {"role": "user", "content": "6 * 7"},
            ]
        }
        reply = await school.ann.ask("POST", "/api/ai-chat", body)
        assert (reply.status, reply.json) == (200, {"content": "Forty-two"})
        ours = {"role": "system", "content": TUTOR}
        assert server.asked[0]["messages"] == [ours, body["messages"][1]]
        malformed: tuple[dict[str, object], ...] = (
            {},
            {"messages": []},
            {"messages": "x"},
            {"messages": [{"role": "user"}]},
            {"messages": [{"role": "tool", "content": "x"}]},
            {"messages": [{"role": "system", "content": "x"}]},
            {"messages": [5]},
            {"messages": [{"role": "user", "content": "\x00"}]},
            {"messages": [{"role": "user", "content": "x"}] * 101},
        )
        for wrong in malformed:
            reply = await school.ann.ask("POST", "/api/ai-chat", wrong)
            assert (reply.status, reply.json["message"]) == (400, "Invalid messages format"), wrong
        server.manner = "fails"
        failed = await school.ann.ask("POST", "/api/ai-chat", body)
        text = "Failed to generate AI response"
        assert (failed.status, failed.json["message"]) == (500, text)


async def test_a_question_over_rest_is_answered_too(memory_store: Store) -> None:
    async with classroom(memory_store) as (school, _):
        socket = await school.join(school.ben)
        body = {"channelId": school.general.id, "content": "@AI?"}
        assert (await school.ann.ask("POST", "/api/messages", body)).status == 201
        await socket.receive_type("new_message")
        assert (await answer_of(socket))["content"] == "Forty-two"
