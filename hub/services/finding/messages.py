"""Carries out the queries of users who search for messages.

Guarantees: an unknown username, and that of a user who blocks the searcher, are refused alike.
Must not know: how a dialect shows the messages that were found.
"""

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from persistence.interface import Store
from persistence.lists import Search as ChannelSearch
from persistence.search import FoundPage, Wanted
from protocol.model import ChannelId, User, name_key
from protocol.searching.query import parse_query, refused

_ONESELF: Final = "me"


@frozen
class MessageFinder:
    """Finds messages for one user."""

    store: Store
    user: User

    async def find(self, text: str, wanted: Wanted) -> FoundPage:
        """The messages that match a query.

        Args:
            text: the query.
            wanted: in which order, which page.

        Raises:
            WireError: INVALID_FIELD; the text is no query, or it names a user, a conversation or
                a channel that does not exist for this user.
        """
        query = parse_query(text)
        senders = [await self._sender(name) for name in query.senders]
        places = [
            place
            for name in query.places
            for place in await self._places(name, with_channels=not wanted.only_private)
        ]
        asked = evolve(
            wanted,
            phrases=query.phrases,
            authors=[each.id for each in senders],
            channels=places,
            since=query.since,
            until=query.until,
            has_file=query.has_file,
            has_link=query.has_link,
        )
        return await self.store.search.messages(self.user.id, asked)

    async def _sender(self, name: str) -> User:
        if name.lower() == _ONESELF:
            return self.user
        found = await self._person(name)
        if found is None:
            raise refused(f"from: there is nobody called {name[:100]}")
        return found[0]

    async def _places(self, name: str, *, with_channels: bool) -> Sequence[ChannelId]:
        found: list[ChannelId] = []
        person = await self._person(name)
        if person is not None and person[1] is not None:
            found.append(person[1])
        if with_channels:
            search = ChannelSearch(name, with_conversations=False)
            channels = await self.store.lists.search(self.user.id, search)
            found += [e.head.channel.id for e in channels if name_key(e.name) == name_key(name)]
        if not found:
            raise refused(f"in: there is no conversation or channel called {name[:100]}")
        return found

    async def _person(self, name: str) -> tuple[User, ChannelId | None] | None:
        """The user of a username, and their conversation with the searcher if there is one; None:
        there is no such user, as far as the searcher may know.
        """
        user = await self.store.accounts.find(name)
        if user is None:
            return None
        view = await self.store.relations.conversation_view(self.user.id, user.id)
        return None if view.is_hidden else (user, view.channel_id)
