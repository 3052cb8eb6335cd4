"""Faults in the rights: who may do what, and who is asked."""

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
    """A row of the table of rights that has one standing more."""
    row = f"('{place}', '{action}', '{{{now}}}')"
    return Fault(name, POLICY, row, row.replace(f"{{{now}}}", f"{{{then}}}"), BY_STANDING)


_STAFF: Final = "moderator, owner"
_WRITERS: Final = "member, moderator, owner"

FAULTS: Final[tuple[Fault, ...]] = (
    widened("members make channels", "workspace", "create_channel", _STAFF, _WRITERS),
    widened("members invite", "workspace", "invite", _STAFF, _WRITERS),
    widened(
        "an owner leaves their workspace",
        "workspace",
        "leave",
        "guest, member, moderator",
        "guest, member, moderator, owner",
    ),
    widened("members put guests out", "workspace", "remove_guest", _STAFF, _WRITERS),
    widened("members put each other out", "workspace", "remove_member", _STAFF, _WRITERS),
    widened("moderators put each other out", "workspace", "remove_moderator", "owner", _STAFF),
    widened("moderators put the owner out", "workspace", "remove_owner", "", "moderator"),
    widened("moderators change roles", "workspace", "change_roles", "owner", _STAFF),
    widened("guests write in channels", "channel", "write", _WRITERS, f"guest, {_WRITERS}"),
    widened("members write announcements", "announcements", "write", _STAFF, _WRITERS),
    widened("members delete others' messages", "channel", "delete_others", _STAFF, _WRITERS),
    widened("members grade", "channel", "grade", _STAFF, _WRITERS),
    widened("members pin", "channel", "pin", _STAFF, _WRITERS),
    widened("members delete announcements", "announcements", "delete_others", _STAFF, _WRITERS),
    widened("members grade announcements", "announcements", "grade", _STAFF, _WRITERS),
    widened("members pin announcements", "announcements", "pin", _STAFF, _WRITERS),
    widened(
        "one deletes what another wrote in private",
        "conversation",
        "delete_others",
        "",
        "contact",
    ),
    widened("one grades what the other wrote in private", "conversation", "grade", "", "contact"),
    widened("one pins in a private conversation", "conversation", "pin", "", "contact"),
    Fault(
        "an operator's teacher has no rights in their workspaces",
        POLICY,
        "u.role IN ('teacher', 'principal', 'admin')",
        "u.role IN ('principal', 'admin')",
        BY_STANDING,
    ),
    Fault(
        "a guest who is a teacher is a moderator",
        POLICY,
        "WHEN m.role = 'member' AND EXISTS",
        "WHEN EXISTS",
        BY_STANDING,
    ),
    Fault(
        "a stranger sees who is in a workspace",
        f"{STORE}/workspaces.py",
        "WHERE m.workspace_id = $1 AND may_in_workspace($2, 'see', $1)",
        "WHERE m.workspace_id = $1 AND $2::bigint IS NOT NULL",
        BY_STANDING,
    ),
    Fault(
        "somebody is added by who may not",
        f"{STORE}/workspaces.py",
        "        SELECT id, $2 FROM asked WHERE may AND NOT is_nobody ON CONFLICT DO NOTHING",
        "        SELECT id, $2 FROM asked ON CONFLICT DO NOTHING",
        BY_STANDING,
    ),
    Fault(
        "somebody is added whose profile is private",
        f"{STORE}/workspaces.py",
        "AND (may_message($3, $2) OR standing_in_workspace($2, w.id) IS NOT NULL) AS may,",
        "AND $2::bigint IS NOT NULL AS may,",
        BY_STANDING,
    ),
    Fault(
        "a member is put out by who may not",
        f"{STORE}/workspaces.py",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2 AND may\n    )\n    {VERDICT}, false",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2\n    )\n    {VERDICT}, false",
        BY_STANDING,
    ),
    Fault(
        "a role is changed by who may not",
        f"{STORE}/workspaces.py",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2 AND may AND $4 <> 'owner'",
        "WHERE m.workspace_id = asked.id AND m.user_id = $2 AND $4 <> 'owner'",
        BY_STANDING,
    ),
    Fault(
        "a workspace is handed over by who may not",
        f"{STORE}/workspaces.py",
        "WHERE w.id = asked.id AND may AND NOT is_nobody AND $4 = 'owner'",
        "WHERE w.id = asked.id AND $4 = 'owner'",
        BY_STANDING,
    ),
    Fault(
        "the former owner is a member only",
        f"{STORE}/workspaces.py",
        "SET role = 'moderator' FROM handed_over",
        "SET role = 'member' FROM handed_over",
        BY_STANDING,
    ),
    Fault(
        "a channel is made by who may not",
        f"{STORE}/channels.py",
        "SELECT $2, id, $3, $4, $5, $7, $8 FROM asked WHERE may",
        "SELECT $2, id, $3, $4, $5, $7, $8 FROM asked",
        BY_STANDING,
    ),
    Fault(
        "a message is pinned by who may not",
        f"{STORE}/routines/revisions.sql",
        "            WHEN action = 'unpin' THEN 'pin'\n",
        "            WHEN action IN ('pin', 'unpin') THEN 'see'\n",
        BY_STANDING,
    ),
    Fault(
        "a message is deleted by who may not",
        f"{STORE}/routines/revisions.sql",
        "            WHEN action = 'delete' THEN 'delete_others'\n",
        "            WHEN action = 'delete' THEN 'see'\n",
        BY_STANDING,
    ),
    Fault(
        "a message is graded by who may not",
        f"{STORE}/routines/revisions.sql",
        "            ELSE action END, place) THEN\n",
        "            WHEN action = 'grade' THEN 'see' ELSE action END, place) THEN\n",
        BY_STANDING,
    ),
    Fault(
        "who may not see a message is told that it is there",
        f"{STORE}/database/verdicts.py",
        "CASE WHEN NOT sees THEN 'NOT_FOUND' WHEN NOT may",
        "CASE WHEN NOT may",
        BY_STANDING,
    ),
    Fault(
        "somebody is invited by who may not",
        f"{STORE}/invitations.py",
        "WHERE may AND NOT is_nobody AND standing_in_workspace($2, id) IS NULL",
        "WHERE standing_in_workspace($2, id) IS NULL AND EXISTS (SELECT FROM users WHERE id = $2)",
        BY_INVITATION,
    ),
    Fault(
        "a member is invited",
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
        "an invitation is accepted twice",
        f"{STORE}/invitations.py",
        "DELETE FROM invitations i WHERE i.workspace_id = $1 AND i.user_id = $2 AND {_STANDS}\n"
        "        RETURNING workspace_id, user_id)",
        "SELECT workspace_id, user_id FROM invitations i"
        " WHERE i.workspace_id = $1 AND i.user_id = $2 AND {_STANDS})",
        BY_INVITATION,
    ),
    Fault(
        "a link lets any number in",
        f"{STORE}/invitations.py",
        "SET uses_left = l.uses_left - 1 FROM link",
        "SET uses_left = l.uses_left FROM link",
        BY_INVITATION,
    ),
    Fault(
        "a link has no end",
        f"{STORE}/invitations.py",
        '"l.uses_left > 0 AND l.expires_at > now()"',
        '"l.uses_left > 0"',
        BY_INVITATION,
    ),
    Fault(
        "a link outlives its maker's right to invite",
        f"{STORE}/invitations.py",
        "       AND may_in_workspace(l.creator_id, 'invite', l.workspace_id)\n",
        "",
        BY_INVITATION,
    ),
    Fault(
        "members use up a link",
        f"{STORE}/invitations.py",
        "\n           AND standing_in_workspace($2, link.workspace_id) IS NULL",
        "",
        BY_INVITATION,
    ),
    Fault(
        "a link is made by who may not",
        f"{STORE}/invitations.py",
        "SELECT $2, id, $5, $3, $4 FROM asked WHERE may",
        "SELECT $2, id, $5, $3, $4 FROM asked",
        BY_INVITATION,
    ),
    Fault(
        "a link of another workspace is ended",
        f"{STORE}/invitations.py",
        "WHERE l.workspace_id = asked.id AND l.id = $2 AND may RETURNING l.id)",
        "WHERE l.id = $2 AND may RETURNING l.id)",
        BY_INVITATION,
    ),
    Fault(
        "a stranger reads a channel over REST",
        f"{ROUTES}/channels.py",
        "if access is None or not access.allowed:",
        "if access is None:",
        (f"{TESTS}/test_messages.py",),
    ),
    Fault(
        "a stranger sees a workspace and its channels",
        f"{ROUTES}/workspaces.py",
        "if found is None or call.me not in found.members:",
        "if found is None:",
        (f"{TESTS}/test_workspaces.py",),
    ),
    Fault(
        "a list names a reader across a block",
        f"{STORE}/contents/message_rows.py",
        "{viewer} IS NOT NULL AND r.user_id <> ALL (ARRAY(SELECT hidden_from({viewer})))",
        "{viewer} IS NOT NULL",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "who is blocked learns that there is such a user",
        "persistence/postgres/routines/posting.sql",
        "WHERE b.blocker_id = peer AND b.blocked_id = author",
        "WHERE false",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "who is blocked finds who blocks them among their dms",
        POLICY,
        "NOT EXISTS (SELECT FROM blocks b WHERE b.blocker_id = c.peer AND b.blocked_id = who)",
        "true",
        ("tests/persistence/test_channels.py",),
    ),
    Fault(
        "a private profile tells whom its user blocks",
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
        "a deleted workspace ends in silence",
        "hub/services/workspaces.py",
        "            WorkspaceDeleted(workspace_id)\n",
        "            None\n",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "who may only read types",
        f"{STORE}/channels.py",
        "SELECT may_in_channel(p.who, 'write', p.channel) AS allowed",
        "SELECT may_join(p.who, p.channel) AS allowed",
        ("tests/hub/services/typing/test_indicators.py",),
    ),
    Fault(
        "a channel that somebody may only read is shown as one to write in",
        f"{ROUTES}/conversations.py",
        "is_read_only=head.channel.id not in writable",
        "is_read_only=False",
        (f"{TESTS}/test_conversations.py",),
    ),
    Fault(
        "who joins a channel is not told who is there",
        "hub/services/channels.py",
        "        await self._arrivals.joined(client, channel)\n",
        "",
        (ARRIVALS,),
    ),
    Fault(
        "people make themselves teachers",
        f"{ROUTES}/accounts.py",
        "if OpenRole(role) not in call.services.config.open_roles:",
        "if OpenRole(role) not in OpenRole:",
        (f"{TESTS}/test_channels.py",),
    ),
    Fault(
        "who is invited is not asked",
        f"{ROUTES}/workspaces.py",
        "added = await store.invitations.invite(place, user_id, by=call.me)",
        "added = await store.workspaces.add_member(place, user_id, by=call.me)",
        (f"{TESTS}/test_invitations.py",),
    ),
    Fault(
        "to follow a public profile lets one's messages in",
        POLICY,
        "\n                      AND NOT is_public)",
        ")",
        BY_RELATION,
    ),
    Fault(
        "a common workspace lets nobody in",
        POLICY,
        "WHERE mine.user_id = who AND theirs.user_id = other)\n$$;",
        "WHERE false)\n$$;",
        BY_RELATION,
    ),
    Fault(
        "a declined request is in the lists",
        POLICY,
        "AND r.declined_seq >= $3)",
        "AND r.declined_seq > $3)",
        (*BY_RELATION, "tests/hub/rest/routes/private_messages/test_requests.py"),
    ),
    Fault(
        "the request of who is blocked is in the lists",
        POLICY,
        "\n        OR EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = other)",
        "",
        BY_RELATION,
    ),
    Fault(
        "a declined request counts as unread",
        LISTS,
        "AND coalesce(r.declined_seq, 0) < s.last_seq)",
        ")",
        BY_RELATION,
    ),
    Fault(
        "a resume brings a declined request",
        LISTS,
        "     WHERE NOT s.is_request\n",
        "     WHERE true\n",
        (*BY_RELATION, "tests/hub/rest/routes/private_messages/test_requests.py"),
    ),
    Fault(
        "who wrote a request learns that it was read",
        MESSAGES,
        "WHERE c.id = t.id AND is_request(c, $1)) AS ids",
        "WHERE c.id = t.id AND false) AS ids",
        (*BY_MESSAGE, "tests/hub/rest/routes/private_messages/test_requests.py"),
    ),
    Fault(
        "history shows who wrote a request that it was received and read",
        f"{STORE}/contents/message_rows.py",
        'AND NOT {is_request}"""',
        '"""',
        BY_MESSAGE,
    ),
    Fault(
        "a repeat shows who wrote a request that it was read",
        "persistence/postgres/routines/posting.sql",
        "c.id = place AND is_request(c, r.user_id)",
        "false",
        BY_MESSAGE,
    ),
    Fault(
        "a request is declined by who wrote it",
        POLICY,
        "AND place.opened_by <> who AND NOT has_let_in",
        "AND NOT has_let_in",
        BY_RELATION,
    ),
    Fault(
        "an accepted request is one again when its author follows no more",
        f"{STORE}/relations.py",
        "UPDATE channels c SET answered = true FROM followed",
        "UPDATE channels c SET answered = c.answered FROM followed",
        BY_RELATION,
    ),
    Fault(
        "nobody is told of an invitation that is gone",
        NOTICES,
        "AFTER INSERT OR DELETE ON invitations",
        "AFTER INSERT ON invitations",
        BY_QUESTION,
    ),
    Fault(
        "one's other devices are not told of a declined request",
        NOTICES,
        "WHEN (NEW.declined_seq > 0)",
        "WHEN (NEW.declined_seq < 0)",
        ("tests/hub/rest/routes/private_messages/test_requests.py",),
    ),
    Fault(
        "who got a request is seen to type an answer to it",
        POLICY,
        "AND (is_request(place, author) OR is_request(place, recipient)) IS NOT TRUE",
        "AND is_request(place, recipient) IS NOT TRUE",
        BY_RELATION,
    ),
)
