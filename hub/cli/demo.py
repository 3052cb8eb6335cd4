"""`parlour serve --demo`: two accounts to try the hub with.

Guarantees: their passwords are new at every start and stand only in the text that is printed; a
link signs a browser in once, in the first quarter of an hour; the two users follow each other, so
that a first message is no message request. Must not know: flags.
"""

import secrets
from typing import Final

import trio

from hub.app import Server
from hub.assembly import ENTRY_SECONDS
from persistence.records import NewUser
from protocol.model import UserId

_PEOPLE: Final = (("ann", "Ann"), ("ben", "Ben"))


async def make_demo_people(server: Server) -> str:
    """Make ann and ben, or give them new passwords; returns the instructions to print."""
    store = server.services.store
    accounts = store.accounts
    ids: list[UserId] = []
    page = server.services.config.public_url or f"{server.url}/"
    pages: list[str] = []
    chats: list[str] = []
    for (username, name), (peer, _) in zip(_PEOPLE, reversed(_PEOPLE), strict=True):
        password = secrets.token_urlsafe(9)
        password_hash = await server.services.passwords.hash(password)
        user = await accounts.find(username)
        if user is None:
            user = await accounts.create(NewUser(name, password_hash, username))
        else:
            await accounts.set_password(user.id, password_hash)
        ids.append(user.id)
        entry = server.services.entries.issue(user.id, username, trio.current_time())
        pages.append(f"    {page}#enter={username}:{entry}")
        chats.append(
            f"    PARLOUR_PASSWORD={password} uv run parlour chat --as {username} --to {peer}"
            f" --url {server.url}"
        )
    one, other = ids
    await store.relations.request_follow(one, other)
    await store.relations.request_follow(other, one)
    text = ["", "Two people are here to try it with.", ""]
    if server.services.config.web_client:
        text += ["Open one in your browser, and the other in a private window:", "", *pages, ""]
        text += [f"A link signs in once, within {ENTRY_SECONDS / 60:.0f} minutes.", ""]
    text += ["In two more terminals:", "", *chats, "", "Ctrl-C stops the hub.", ""]
    return "\n".join(text)
