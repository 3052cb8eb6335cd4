"""The export of all data of one user, as a ZIP file of JSON and files: see
docs/operations/administration.md#peoples-data.

Guarantees: data is passed on a page at a time, so a million messages take no more memory than none;
the file has the messages of others only from the conversations that the user sees, and the user's
own from every channel, without deleted ones; no password, token or key is in it. Must not know:
SQL, who requested the export.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias

import orjson
import trio
from attrs import define, evolve, field, fields

from hub.files.store import NoSuchFile
from hub.files.uploads import NoSuchAddress, UploadFiles, key_of
from hub.services.assistant.assistant import TRIGGER
from hub.services.people.archive import Archive
from persistence.interface import MAX_RELATIONS, Store
from persistence.lists import Places
from persistence.records import ChannelHead, Relation, Side, Span
from persistence.uploads import Upload
from protocol.model import ChannelId, Message, MessageId, User, UserId, Workspace

FORMAT: Final = "parlour-export"
VERSION: Final = 1
PAGE: Final = 500  # of anything
PART: Final = 5_000  # messages of the log that one statement searches for the user's own

PART_BYTES: Final = 65_536  # that `put` gets at once, or a little more
SUMMARY: Final = "summary.json"
"""The last member: how many `messages` and `files` there are."""

Put: TypeAlias = Callable[[bytes], Awaitable[None]]
Object: TypeAlias = dict[str, object]
"""A value that is written as a JSON object."""


@define
class _Export:
    store: Store
    uploaded: UploadFiles
    user: User
    put: Put
    archive: Archive = field(factory=Archive, init=False)
    messages: int = field(default=0, init=False)
    files: int = field(default=0, init=False)

    async def run(self) -> None:
        await self._whole("account.json", await self._account())
        await self._lines("follows.jsonl", self._follows())
        await self._lines("workspaces.jsonl", self._workspaces())
        seen: set[ChannelId] = set()
        await self._lines("conversations.jsonl", self._conversations(seen))
        await self._lines("conversation_messages.jsonl", self._conversation_messages())
        await self._lines("own_messages.jsonl", self._own_messages(seen))
        await self._lines("files.jsonl", self._uploads())
        async for page in self._of_uploads():
            for upload in page:
                await self._copy(upload.url)
        await self._whole(SUMMARY, {"messages": self.messages, "files": self.files})
        await trio.to_thread.run_sync(self.archive.end)
        await self.put(self.archive.take())

    async def _account(self) -> Object:
        store, me = self.store, self.user.id
        return {
            "format": FORMAT,
            "version": VERSION,
            "made_at": datetime.now(UTC),
            "account": {
                each.name: getattr(self.user, each.name)
                for each in fields(User)
                if each.name != "deleted_at"
            },
            "signs_in_with": [
                {"issuer": each.issuer, "subject": each.subject}
                for each in await store.accounts.identities(me)
            ],
            "sessions": [
                {
                    "created_at": each.created_at,
                    "used_at": each.used_at,
                    "expires_at": each.expires_at,
                }
                for each in await store.sessions.of_user(me)
            ],
            "blocks": [_person(each) for each in await store.relations.blocked(me)],
            "invitations": [
                {
                    "workspace": each.workspace.name,
                    "by": _person(each.inviter),
                    "created_at": each.created_at,
                }
                for each in await store.invitations.of_user(me)
            ],
        }

    async def _follows(self) -> AsyncIterator[Sequence[Object]]:
        for side in Side:
            related = partial(self.store.relations.related, self.user.id, side)
            page = await related(limit=MAX_RELATIONS)
            while page:
                yield [_follow(side, each) for each in page]
                page = await related(before=page[-1].place, limit=MAX_RELATIONS)

    async def _workspaces(self) -> AsyncIterator[Sequence[Object]]:
        for workspace in await self.store.workspaces.of_user(self.user.id):
            channels = await self.store.channels.in_workspace(workspace.id)
            positions = await self._positions([each.id for each in channels])
            yield [
                _workspace(workspace, self.user.id)
                | {
                    "channels": [
                        {"id": each.id, "name": each.name, "kind": each.kind}
                        | positions.get(each.id, {})
                        for each in channels
                    ]
                }
            ]

    async def _heads(self) -> AsyncIterator[Sequence[ChannelHead]]:
        """The conversations, a page at a time."""
        after = 0
        while page := await self.store.lists.channels(
            self.user.id, Places.CONVERSATIONS, after=after, limit=PAGE
        ):
            yield page
            after = page[-1].channel.id

    async def _conversations(self, seen: set[ChannelId]) -> AsyncIterator[Sequence[Object]]:
        """Adds the id of each conversation to `seen`."""
        async for page in self._heads():
            pairs = [
                (each.channel.id, peer)
                for each in page
                if (peer := each.channel.peer_of(self.user.id)) is not None
            ]
            seen.update(channel_id for channel_id, _ in pairs)
            peers = await self.store.accounts.get_many({peer for _, peer in pairs})
            positions = await self._positions([channel_id for channel_id, _ in pairs])
            yield [
                {"id": channel_id, "with": _person(peers[peer]), **positions.get(channel_id, {})}
                for channel_id, peer in pairs
                if peer in peers
            ]

    async def _positions(self, channel_ids: Sequence[ChannelId]) -> dict[ChannelId, Object]:
        marks = await self.store.channels.watermarks(self.user.id, channel_ids)
        return {
            channel_id: {"delivered_seq": each.delivered, "read_seq": each.read}
            for channel_id, each in marks.items()
        }

    async def _conversation_messages(self) -> AsyncIterator[Sequence[Object]]:
        async for heads in self._heads():
            for some in _together(heads):
                spans = [Span(each.channel.id, 0, each.last_seq) for each in some]
                while spans:
                    page = await self.store.messages.in_spans(
                        self.user.id, spans, limit=PAGE, even_hidden=True
                    )
                    yield await self._shown(page)
                    spans = _rest(spans, page[-1]) if len(page) == PAGE else []

    async def _own_messages(self, seen: Collection[ChannelId]) -> AsyncIterator[Sequence[Object]]:
        above = MessageId(0)
        while True:
            part = await self.store.log.written(self.user.id, above=above, limit=PART)
            others = [each for each in part.messages if each.channel_id not in seen]
            for first in range(0, len(others), PAGE):
                yield await self._shown(others[first : first + PAGE])
            if part.upto is None:
                return
            above = part.upto

    async def _shown(self, page: Sequence[Message]) -> Sequence[Object]:
        people = await self.store.accounts.get_many({each.author_id for each in page})
        self.messages += len(page)
        return [self._message(each, people.get(each.author_id)) for each in page]

    def _message(self, message: Message, author: User | None) -> Object:
        shown: Object = {
            "id": message.id,
            "channel_id": message.channel_id,
            "seq": message.seq,
            "created_at": message.created_at,
            "author": {"id": message.author_id} if author is None else _person(author),
            "kind": message.kind,
            "content": message.content,
            "status": message.status,
        }
        optional: Object = {
            "file_url": message.file_url,
            "reply_to": message.parent_id,
            "thread": None if message.thread is None else message.thread.root_id,
            "grading": message.grading,
            "is_homework": message.is_homework or None,
            "is_pinned": message.is_pinned or None,
            "is_forwarded": message.is_forwarded or None,
            "asks_assistant": (message.author_id == self.user.id and TRIGGER in message.content)
            or None,
        }
        return shown | {name: value for name, value in optional.items() if value is not None}

    async def _of_uploads(self) -> AsyncIterator[Sequence[Upload]]:
        after = ""
        while page := await self.store.uploads.of_user(self.user.id, after=after, limit=PAGE):
            yield page
            after = page[-1].url

    async def _uploads(self) -> AsyncIterator[Sequence[Object]]:
        async for page in self._of_uploads():
            yield [
                {
                    "file": each.url.removeprefix("/"),
                    "name": each.name,
                    "media_type": each.mime_type,
                    "size": each.size,
                }
                for each in page
            ]

    async def _copy(self, url: str) -> None:
        try:
            key = key_of(url)
        except NoSuchAddress:
            return
        stat = await self.uploaded.stat(key)
        if stat is None:
            return
        self.archive.begin(url.removeprefix("/"), is_compressed=False)
        with suppress(NoSuchFile):  # the file is removed while it is read
            async with aclosing(self.uploaded.contents(key, stat.size)) as pieces:
                async for piece in pieces:
                    await self._write([piece])
        self.files += 1

    async def _whole(self, name: str, content: Object) -> None:
        self.archive.begin(name)
        await self._write([_json(content, orjson.OPT_INDENT_2)])

    async def _write(self, pieces: Sequence[bytes]) -> None:
        await trio.to_thread.run_sync(self.archive.write, pieces)
        if part := self.archive.take(PART_BYTES):
            await self.put(part)

    async def _lines(self, name: str, pages: AsyncIterator[Sequence[Object]]) -> None:
        self.archive.begin(name)
        async for page in pages:
            lines = [_json(each, orjson.OPT_APPEND_NEWLINE) for each in page]
            await self._write(lines)


async def export_person(store: Store, files: UploadFiles, user: User, put: Put) -> None:
    """Make a ZIP file of all data of a user.

    Args:
        store: has the data.
        files: has the files that the user uploaded.
        user: the user.
        put: gets the ZIP file, in parts of about `PART_BYTES`.

    Raises:
        StoreUnavailable, FilesUnavailable: it cannot be read now.
    """
    await _Export(store, files, user, put).run()


def _json(content: Object, option: int) -> bytes:
    return orjson.dumps(content, option=option)


def _person(user: User) -> Object:
    return {"id": user.id, "username": user.username, "name": user.name}


def _follow(side: Side, relation: Relation) -> Object:
    return {"list": side.name.lower(), "user": _person(relation.user), "status": relation.status}


def _workspace(workspace: Workspace, me: UserId) -> Object:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "created_at": workspace.created_at,
        "is_owner": workspace.owner_id == me,
    }


def _together(heads: Sequence[ChannelHead]) -> Iterator[Sequence[ChannelHead]]:
    """Groups of conversations that are read together: several whose messages fit into one page, or
    a larger one alone, because a statement reads up to a page of each.
    """
    some: list[ChannelHead] = []
    for head in heads:
        if some and sum(each.last_seq for each in some) + head.last_seq > PAGE:
            yield some
            some = []
        some.append(head)
    if some:
        yield some


def _rest(spans: Sequence[Span], last: Message) -> list[Span]:
    """What is left of the spans after a message in one of them."""
    at = next(at for at, span in enumerate(spans) if span.channel_id == last.channel_id)
    return [evolve(spans[at], after=last.seq), *spans[at + 1 :]]
