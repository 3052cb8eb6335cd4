"""Conversations and channels in the page."""

import json
import signal
from contextlib import ExitStack
from pathlib import Path

import trio

from tests.support.browser.chromium import run_in_chromium
from tests.support.browser.page import FLOWS, guest_links, pair, play
from tests.support.programs.completions import model_server
from tests.support.programs.hub_process import HubProcess, run_hub
from tests.support.stores.databases import Databases, restore


async def test_two_people_talk(hub: HubProcess) -> None:
    await play("talk", hub, await pair(hub, "talk"))


async def test_content_is_shown_as_text(hub: HubProcess) -> None:
    await play("text", hub, await pair(hub, "text"))


async def test_drafts_and_failed_messages_are_not_lost(hub: HubProcess) -> None:
    await play("composing", hub, await pair(hub, "composing"))


async def test_files_and_replies(hub: HubProcess) -> None:
    await play("files", hub, await pair(hub, "files"))


async def test_messages_are_edited_deleted_and_reacted_to(hub: HubProcess) -> None:
    await play("changing", hub, await pair(hub, "changing"))


async def test_threads_get_replies_and_are_followed(hub: HubProcess) -> None:
    await play("threads", hub, await pair(hub, "threads"))


async def test_messages_are_searched_for_and_shown_where_they_stand(hub: HubProcess) -> None:
    await play("finding", hub, await pair(hub, "finding"))


async def test_notifications_once_the_user_has_turned_them_on(hub: HubProcess) -> None:
    await play("notifications", hub, await pair(hub, "notify"))


async def test_people_and_the_assistant_talk_in_a_channel(folder: Path) -> None:
    """The assistant is a server of the test that speaks the protocol; it responds when the test
    wants.
    """
    async with model_server() as model:
        model.manner, model.answer = "hangs", ("In ", "June.")
        assistant = ("--assistant-url", model.url, "--assistant-model", "test")
        flags = ("--demo", "--joining", "at_once", *assistant)
        with run_hub(folder / "school", *flags) as hub:
            links = guest_links(hub)
            given = json.dumps({"guests": [links["ann"], links["ben"]]})
            async with run_in_chromium(FLOWS, "channels", hub.url, given) as browser:
                assert await browser.happened() == {"want": "answer"}
                model.proceed.set()
                await browser.tell("answered")
                assert await browser.end() == 0


async def test_messages_are_forwarded_to_a_channel(folder: Path) -> None:
    with run_hub(folder / "forwards", "--demo", "--joining", "at_once") as hub:
        links = guest_links(hub)
        given = json.dumps({"guests": [links["ann"], links["ben"]]})
        async with run_in_chromium(FLOWS, "forwarding", hub.url, given) as browser:
            assert await browser.end() == 0


async def test_people_are_mentioned_in_a_channel(folder: Path) -> None:
    with run_hub(folder / "mentions", "--demo", "--joining", "at_once") as hub:
        links = guest_links(hub)
        given = json.dumps({"guests": [links["ann"], links["ben"]]})
        async with run_in_chromium(FLOWS, "mentioning", hub.url, given) as browser:
            assert await browser.end() == 0


async def test_a_user_is_invited_to_a_workspace_before_they_are_a_member(folder: Path) -> None:
    with run_hub(folder / "garden", "--demo") as hub:
        links = guest_links(hub)
        given = json.dumps({"guests": [links["ann"], links["ben"]]})
        async with run_in_chromium(FLOWS, "invitations", hub.url, given) as browser:
            assert await browser.end() == 0


async def test_messages_written_while_the_hub_is_away_are_sent_once(folder: Path) -> None:
    with ExitStack() as stack:
        hub = stack.enter_context(run_hub(folder / "own"))
        given = await pair(hub, "restart")
        await hub.call("POST", f"/api/users/{given['ben_id']}/follow", cookie=given["ann"])
        async with run_in_chromium(FLOWS, "restart", hub.url, json.dumps(given)) as browser:
            for wanted in ("stop", "start") * 2:
                assert await browser.happened() == {"want": wanted}
                if wanted == "stop":
                    hub.process.send_signal(signal.SIGTERM)
                    assert await trio.to_thread.run_sync(hub.process.wait, 20) == 0
                else:
                    hub = stack.enter_context(run_hub(folder / "own", port=hub.port))
                await browser.tell(wanted)
            assert await browser.end() == 0


async def test_a_page_shows_the_log_as_it_is_after_it_went_back(
    databases: Databases, folder: Path
) -> None:
    async with databases.migrated() as dsn:
        flags = ("--database-url", dsn, "--joining", "at_once")
        with ExitStack() as stack:
            hub = stack.enter_context(run_hub(folder / "back", *flags))
            given = json.dumps(await pair(hub, "back"))
            async with run_in_chromium(FLOWS, "wentBack", hub.url, given) as browser:
                assert await browser.happened() == {"want": "restore beneath"}
                hub.process.send_signal(signal.SIGSTOP)
                await restore(dsn, 3)
                await browser.tell("restored")
                assert await browser.happened() == {"want": "go on"}
                hub.process.send_signal(signal.SIGCONT)
                await browser.tell("gone on")
                assert await browser.happened() == {"want": "stop"}
                hub.process.send_signal(signal.SIGTERM)
                assert await trio.to_thread.run_sync(hub.process.wait, 20) == 0
                await browser.tell("stopped")
                assert await browser.happened() == {"want": "restore and start"}
                await restore(dsn, 2)
                hub = stack.enter_context(run_hub(folder / "back", *flags, port=hub.port))
                await browser.tell("started")
                assert await browser.end() == 0
