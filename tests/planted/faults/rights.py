"""Faults in the rights: who may do what, and whose consent is needed."""

from typing import Final

from tests.planted.fault import Fault

POLICY: Final = "persistence/postgres/routines/policy.sql"
STORE: Final = "persistence/postgres"
ROUTES: Final = "hub/rest/routes/learning_chat"
BY_STANDING: Final = ("tests/persistence/test_workspaces.py",)
BY_INVITATION: Final = ("tests/persistence/test_invitations.py",)
NOTICES: Final = "persistence/postgres/routines/notices.sql"
MESSAGES: Final = "persistence/postgres/messages.py"
LISTS: Final = "persistence/postgres/lists/conversations.py"
BY_RELATION: Final = ("tests/persistence/test_relations.py",)
BY_MESSAGE: Final = ("tests/persistence/test_messages.py",)
BY_QUESTION: Final = ("tests/hub/services/rights/test_questions.py",)
ARRIVALS: Final = "tests/hub/services/presence/test_arrivals.py"
TESTS: Final = "tests/hub/rest/routes/learning_chat"


def widened(name: str, place: str, action: str, now: str, then: str) -> Fault:
    """A row of the table of rights with one more standing."""
    row = f"('{place}', '{action}', '{{{now}}}')"
    return Fault(name, POLICY, row, row.replace(f"{{{now}}}", f"{{{then}}}"), BY_STANDING)


_STAFF: Final = "moderator, owner"
_WRITERS: Final = "member, moderator, owner"

FAULTS: Final[tuple[Fault, ...]] = (
    widened("members may create channels", "workspace", "create_channel", _STAFF, _WRITERS),
    widened("members may invite users", "workspace", "invite", _STAFF, _WRITERS),
    widened(
        "an owner may leave their workspace",
        "workspace",
        "leave",
        "guest, member, moderator",
        "guest, member, moderator, owner",
    ),
    widened("members may remove guests", "workspace", "remove_guest", _STAFF, _WRITERS),
    widened("members may remove each other", "workspace", "remove_member", _STAFF, _WRITERS),
    widened("moderators may remove each other", "workspace", "remove_moderator", "owner", _STAFF),
    widened("moderators may remove the owner", "workspace", "remove_owner", "", "moderator"),
    widened("moderators may change roles", "workspace", "change_roles", "owner", _STAFF),
    widened("guests may write in channels", "channel", "write", _WRITERS, f"guest, {_WRITERS}"),
    widened("members may write announcements", "announcements", "write", _STAFF, _WRITERS),
    widened("members may delete others' messages", "channel", "delete_others", _STAFF, _WRITERS),
    widened("members may grade messages", "channel", "grade", _STAFF, _WRITERS),
    widened("members may pin messages", "channel", "pin", _STAFF, _WRITERS),
    widened("members may delete announcements", "announcements", "delete_others", _STAFF, _WRITERS),
    widened("members may grade announcements", "announcements", "grade", _STAFF, _WRITERS),
    widened("members may pin announcements", "announcements", "pin", _STAFF, _WRITERS),
    widened(
        "a user may delete the other participant's messages in a dm",
        "conversation",
        "delete_others",
        "",
        "contact",
    ),
    widened(
        "a user may grade the other participant's messages in a dm",
        "conversation",
        "grade",
        "",
        "contact",
    ),
    widened("a user may pin messages in a dm", "conversation", "pin", "", "contact"),
    Fault(
        "a member with the role of teacher has no rights of a moderator",
        POLICY,
        "u.role IN ('teacher', 'principal', 'admin')",
        "u.role IN ('principal', 'admin')",
        BY_STANDING,
    ),
    Fault(
        "a guest with the role of teacher counts as a moderator",
        POLICY,
        "WHEN m.role = 'member' AND EXISTS",
        "WHEN EXISTS",
        BY_STANDING,
    ),
    Fault(
        "a user outside a workspace sees its members",
        f"{STORE}/workspaces.py",
        "WHERE m.workspace_id = $1 AND may_in_workspace($2, 'see', $1)",
        "WHERE m.workspace_id = $1 AND $2::bigint IS NOT NULL",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can add a member",
        f"{STORE}/workspaces.py",
        "        SELECT id, $2 FROM asked WHERE may AND NOT is_nobody ON CONFLICT DO NOTHING",
        "        SELECT id, $2 FROM asked ON CONFLICT DO NOTHING",
        BY_STANDING,
    ),
    Fault(
        "a user can be added to a workspace although their private profile forbids it",
        f"{STORE}/workspaces.py",
        "AND (may_message($3, $2) OR standing_in_workspace($2, w.id) IS NOT NULL) AS may,",
        "AND $2::bigint IS NOT NULL AS may,",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can remove a member",
        f"{STORE}/workspaces.py",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2 AND may\n    )\n    {VERDICT}, false",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2\n    )\n    {VERDICT}, false",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can change a role",
        f"{STORE}/workspaces.py",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2 AND may AND $4 <> 'owner'",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2 AND $4 <> 'owner'",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can hand over a workspace",
        f"{STORE}/workspaces.py",
        "WHERE w.id = asked.id AND may AND NOT is_nobody AND $4 = 'owner'",
        "WHERE w.id = asked.id AND $4 = 'owner'",
        BY_STANDING,
    ),
    Fault(
        "the former owner becomes a member instead of a moderator",
        f"{STORE}/workspaces.py",
        "SET role = 'moderator' FROM handed_over",
        "SET role = 'member' FROM handed_over",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can create a channel",
        f"{STORE}/channels.py",
        "SELECT $2, id, $3, $4, $5, $7, $8 FROM asked WHERE may",
        "SELECT $2, id, $3, $4, $5, $7, $8 FROM asked",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can pin a message",
        f"{STORE}/routines/revisions.sql",
        "            WHEN action = 'unpin' THEN 'pin'\n",
        "            WHEN action IN ('pin', 'unpin') THEN 'see'\n",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can delete a message",
        f"{STORE}/routines/revisions.sql",
        "            WHEN action = 'delete' THEN 'delete_others'\n",
        "            WHEN action = 'delete' THEN 'see'\n",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can grade a message",
        f"{STORE}/routines/revisions.sql",
        "            ELSE action END, place) THEN\n",
        "            WHEN action = 'grade' THEN 'see' ELSE action END, place) THEN\n",
        BY_STANDING,
    ),
    Fault(
        "a user who may not see a message learns that it exists",
        f"{STORE}/database/verdicts.py",
        "CASE WHEN NOT sees THEN 'NOT_FOUND' WHEN NOT may",
        "CASE WHEN NOT may",
        BY_STANDING,
    ),
    Fault(
        "a user without the right can invite a user",
        f"{STORE}/invitations.py",
        "WHERE may AND NOT is_nobody AND standing_in_workspace($2, id) IS NULL",
        "WHERE standing_in_workspace($2, id) IS NULL AND EXISTS (SELECT FROM users WHERE id = $2)",
        BY_INVITATION,
    ),
    Fault(
        "a user who is a member already can be invited",
        f"{STORE}/invitations.py",
        "WHERE may AND NOT is_nobody AND standing_in_workspace($2, id) IS NULL",
        "WHERE may AND NOT is_nobody",
        BY_INVITATION,
    ),
    Fault(
        "an invitation outlives the right to invite",
        f"{STORE}/invitations.py",
        "may_in_workspace(i.inviter_id, 'invite', i.workspace_id)\n    AND NOT one_blocks",
        "NOT one_blocks",
        BY_INVITATION,
    ),
    Fault(
        "an invitation outlives a block",
        f"{STORE}/invitations.py",
        "one_blocks(i.inviter_id, i.user_id)",
        "one_blocks(i.inviter_id, i.inviter_id)",
        BY_INVITATION,
    ),
    Fault(
        "an invitation can be accepted twice",
        f"{STORE}/invitations.py",
        "DELETE FROM invitations i WHERE i.workspace_id = $1 AND i.user_id = $2 AND {_STANDS}\n"
        "        RETURNING workspace_id, user_id)",
        "SELECT workspace_id, user_id FROM invitations i"
        " WHERE i.workspace_id = $1 AND i.user_id = $2 AND {_STANDS})",
        BY_INVITATION,
    ),
    Fault(
        "an invitation link admits any number of users",
        f"{STORE}/invitations.py",
        "SET uses_left = l.uses_left - 1 FROM link",
        "SET uses_left = l.uses_left FROM link",
        BY_INVITATION,
    ),
    Fault(
        "an invitation link never expires",
        f"{STORE}/invitations.py",
        '"l.uses_left > 0 AND l.expires_at > now()"',
        '"l.uses_left > 0"',
        BY_INVITATION,
    ),
    Fault(
        "an invitation link outlives its creator's right to invite",
        f"{STORE}/invitations.py",
        "       AND may_in_workspace(l.creator_id, 'invite', l.workspace_id)\n",
        "",
        BY_INVITATION,
    ),
    Fault(
        "members use up an invitation link",
        f"{STORE}/invitations.py",
        "\n           AND standing_in_workspace($2, link.workspace_id) IS NULL",
        "",
        BY_INVITATION,
    ),
    Fault(
        "a user without the right can create an invitation link",
        f"{STORE}/invitations.py",
        "SELECT $2, id, $5, $3, $4 FROM asked WHERE may",
        "SELECT $2, id, $5, $3, $4 FROM asked",
        BY_INVITATION,
    ),
    Fault(
        "an invitation link of another workspace can be ended",
        f"{STORE}/invitations.py",
        "WHERE l.workspace_id = asked.id AND l.id = $2 AND may RETURNING l.id)",
        "WHERE l.id = $2 AND may RETURNING l.id)",
        BY_INVITATION,
    ),
    Fault(
        "a user without access can read a channel over REST",
        f"{ROUTES}/channels.py",
        "if access is None or not access.allowed:",
        "if access is None:",
        (f"{TESTS}/test_messages.py",),
    ),
    Fault(
        "a user outside a workspace can see it and its channels over REST",
        f"{ROUTES}/workspaces.py",
        "if found is None or call.me not in found.members:",
        "if found is None:",
        (f"{TESTS}/test_workspaces.py",),
    ),
    Fault(
        "a list of messages names a reader across a block",
        f"{STORE}/contents/message_rows.py",
        "{viewer} IS NOT NULL AND r.user_id <> ALL (ARRAY(SELECT hidden_from({viewer})))",
        "{viewer} IS NOT NULL",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "a blocked user learns from a refused send that the recipient exists",
        "persistence/postgres/routines/posting.sql",
        "WHERE b.blocker_id = peer AND b.blocked_id = author",
        "WHERE false",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a blocked user finds the user who blocks them among their dms",
        POLICY,
        "NOT EXISTS (SELECT FROM blocks b WHERE b.blocker_id = c.peer AND b.blocked_id = who)",
        "true",
        ("tests/persistence/test_channels.py",),
    ),
    Fault(
        "a private profile reveals to a user that its owner blocks them",
        "hub/rest/routes/private_messages/profiles.py",
        "user.is_public or view.is_hidden",
        "user.is_public",
        ("tests/hub/rest/routes/private_messages/test_profiles.py",),
    ),
    Fault(
        "Postgres does not notify of a deleted channel",
        "persistence/postgres/routines/notices.sql",
        "announce_change('gone', 'id', 'workspace_id')",
        "announce_change('other', 'id', 'workspace_id')",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "members get no event when their workspace is deleted",
        "hub/services/workspaces.py",
        "            WorkspaceDeleted(workspace_id)\n",
        "            None\n",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "a user who may only read a channel is shown as typing there",
        f"{STORE}/channels.py",
        "SELECT may_in_channel(p.who, 'write', p.channel) AS allowed",
        "SELECT may_join(p.who, p.channel) AS allowed",
        ("tests/hub/services/typing/test_indicators.py",),
    ),
    Fault(
        "a channel that a user may only read is shown as writable",
        f"{ROUTES}/conversations.py",
        "is_read_only=head.channel.id not in writable",
        "is_read_only=False",
        (f"{TESTS}/test_conversations.py",),
    ),
    Fault(
        "a connection that joins a channel does not get the presence of others there",
        "hub/services/channels.py",
        "        await self._arrivals.joined(client, channel)\n",
        "",
        (ARRIVALS,),
    ),
    Fault(
        "users can give themselves a role that the settings do not open",
        f"{ROUTES}/accounts.py",
        "if OpenRole(role) not in call.services.config.open_roles:",
        "if OpenRole(role) not in OpenRole:",
        (f"{TESTS}/test_accounts.py",),
    ),
    Fault(
        "an invited user becomes a member without accepting",
        f"{ROUTES}/workspaces.py",
        "added = await store.invitations.invite(place, user_id, by=call.me)",
        "added = await store.workspaces.add_member(place, user_id, by=call.me)",
        (f"{TESTS}/test_invitations.py",),
    ),
    Fault(
        "following a public profile allows messages without a message request",
        POLICY,
        "\n                      AND NOT is_public)",
        ")",
        BY_RELATION,
    ),
    Fault(
        "members of a common workspace cannot write without a message request",
        POLICY,
        "WHERE mine.user_id = who AND theirs.user_id = other)\n$$;",
        "WHERE false)\n$$;",
        BY_RELATION,
    ),
    Fault(
        "a declined message request is still listed",
        POLICY,
        "AND r.declined_seq >= $3)",
        "AND r.declined_seq > $3)",
        (*BY_RELATION, "tests/hub/rest/routes/private_messages/test_requests.py"),
    ),
    Fault(
        "a message request of a blocked user is still listed",
        POLICY,
        "\n        OR EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = other)",
        "",
        BY_RELATION,
    ),
    Fault(
        "a declined message request counts as unread",
        LISTS,
        "AND coalesce(r.declined_seq, 0) < s.last_seq)",
        ")",
        BY_RELATION,
    ),
    Fault(
        "a resume sends a declined message request",
        LISTS,
        "     WHERE NOT s.is_request\n",
        "     WHERE true\n",
        (*BY_RELATION, "tests/hub/rest/routes/private_messages/test_requests.py"),
    ),
    Fault(
        "the author of a message request gets a receipt when it is read",
        MESSAGES,
        "WHERE c.id = t.id AND is_request(c, $1)) AS ids",
        "WHERE c.id = t.id AND false) AS ids",
        (*BY_MESSAGE, "tests/hub/rest/routes/private_messages/test_requests.py"),
    ),
    Fault(
        "history shows the author of a message request that it was received and read",
        f"{STORE}/contents/message_rows.py",
        'AND NOT {is_request}"""',
        '"""',
        BY_MESSAGE,
    ),
    Fault(
        "a repeated send shows the author of a message request that it was read",
        "persistence/postgres/routines/posting.sql",
        "c.id = place AND is_request(c, r.user_id)",
        "false",
        BY_MESSAGE,
    ),
    Fault(
        "the author of a message request can decline it",
        POLICY,
        "AND place.opened_by <> who AND NOT has_let_in",
        "AND NOT has_let_in",
        BY_RELATION,
    ),
    Fault(
        "an accepted message request is a request again after its author unfollows",
        f"{STORE}/relations.py",
        "UPDATE channels c SET answered = true FROM followed",
        "UPDATE channels c SET answered = c.answered FROM followed",
        BY_RELATION,
    ),
    Fault(
        "no event is sent when an invitation is withdrawn",
        NOTICES,
        "AFTER INSERT OR DELETE ON invitations",
        "AFTER INSERT ON invitations",
        BY_QUESTION,
    ),
    Fault(
        "a user's other connections get no event for a declined message request",
        NOTICES,
        "WHEN (NEW.declined_seq > 0)",
        "WHEN (NEW.declined_seq < 0)",
        ("tests/hub/rest/routes/private_messages/test_requests.py",),
    ),
    Fault(
        "the recipient of a message request is shown as typing in it",
        POLICY,
        "AND (is_request(place, author) OR is_request(place, recipient)) IS NOT TRUE",
        "AND is_request(place, recipient) IS NOT TRUE",
        BY_RELATION,
    ),
)
