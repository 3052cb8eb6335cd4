"""Faults in which users a message mentions, who gets an event for it, and what is counted."""

from typing import Final

from tests.planted.fault import Fault

SQL: Final = "persistence/postgres/routines/mentions.sql"
REVISIONS: Final = "persistence/postgres/routines/revisions.sql"
COUNTS: Final = "persistence/postgres/contents/mentions.py"
STORE: Final = ("tests/persistence/contents/test_mentions.py",)
ON_POSTGRES: Final = ("tests/persistence/postgres/contents/test_mentions.py",)
LIVE: Final = ("tests/hub/services/posting/test_mentioning.py",)
NAMES: Final = ("tests/protocol/parsing/test_mentions.py",)
PAGE: Final = ("tests/hub/web/test_sdk_units.py",)
BROWSER: Final = ("tests/e2e/browser/test_conversations.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a user who may not see a message is mentioned in it",
        SQL,
        "                     AND may_join(named.id, m.channel_id)\n",
        "",
        STORE,
    ),
    Fault(
        "users are mentioned by name across a block",
        SQL,
        "                     AND named.id NOT IN (SELECT hidden_from(m.author_id))\n",
        "",
        STORE,
    ),
    Fault(
        "a mention of the channel is sent across a block",
        SQL,
        "AND who.id NOT IN (SELECT hidden_from(m.author_id)));",
        ");",
        STORE,
    ),
    Fault(
        "a user without the right can mention the channel",
        SQL,
        "\n       AND may_in_channel(m.author_id, 'mention_channel', m.channel_id);",
        ";",
        STORE,
    ),
    Fault(
        "a user who has muted a channel gets its mentions of everybody",
        SQL,
        "AND r.muted_until > now())) AS who",
        "AND false)) AS who",
        STORE,
    ),
    Fault(
        "mentions of everybody are counted in a muted channel",
        COUNTS,
        "            OR NOT {MUTED} AND m.created_at",
        "            OR m.created_at",
        STORE,
    ),
    Fault(
        "in memory, mentions of everybody are counted in a muted channel",
        "persistence/memory/contents/mentions.py",
        "or not (is_muted or is_later)",
        "or not is_later",
        STORE,
    ),
    Fault(
        "mentions of everybody from before the user became a member are counted",
        COUNTS,
        "AND m.created_at >= member_since($1, c.id, c.workspace_id))",
        ")",
        STORE,
    ),
    Fault(
        "in memory, mentions of everybody from before the user became a member are counted",
        "persistence/memory/contents/mentions.py",
        "or not (is_muted or is_later)",
        "or not is_muted",
        STORE,
    ),
    Fault(
        "a user who became a member after a message gets its mention of everybody",
        SQL,
        "WHERE workspace_id = c.workspace_id\n"
        "                  AND date_trunc('milliseconds', joined_at) <= m.created_at",
        "WHERE workspace_id = c.workspace_id",
        STORE,
    ),
    Fault(
        "a user added to a single channel after a message gets its mention of everybody",
        SQL,
        "WHERE channel_id = c.id\n"
        "                  AND date_trunc('milliseconds', joined_at) <= m.created_at",
        "WHERE channel_id = c.id",
        ON_POSTGRES,
    ),
    Fault(
        "mentions of everybody from before the user was added to a single channel are counted",
        SQL,
        "(SELECT n.joined_at FROM channel_members n",
        "(SELECT '-infinity'::timestamptz FROM channel_members n",
        ON_POSTGRES,
    ),
    Fault(
        "mentions of everybody in a muted channel are listed",
        COUNTS,
        "WHERE $3 AND NOT {MUTED} AND EXISTS (",
        "WHERE $3 AND EXISTS (",
        STORE,
    ),
    Fault(
        "mentions in hidden messages are listed",
        SQL,
        "WHERE w.is_shown AND NOT is_hidden_from(who, place, w.id)",
        "WHERE w.is_shown",
        STORE,
    ),
    Fault(
        "a page of mentions reads all mentions of the user by name",
        COUNTS,
        "              ORDER BY n.message_id DESC LIMIT $5)\n",
        "              )\n",
        ON_POSTGRES,
    ),
    Fault(
        "mentions of everybody from before the user became a member are listed",
        SQL,
        "         WHERE m.created_at >= w.since\n",
        "",
        (*STORE, *ON_POSTGRES),
    ),
    Fault(
        "a user gets a mention in a message that they have hidden",
        SQL,
        "       AND NOT is_hidden_from(who.id, c.id, m.id)\n",
        "",
        STORE,
    ),
    Fault(
        "mentions in hidden messages are counted",
        COUNTS,
        "AND m.deleted_at IS NULL AND NOT is_hidden_from($1, c.id, m.id)\n",
        "AND m.deleted_at IS NULL\n",
        STORE,
    ),
    Fault(
        "mentions are not counted again when a conversation is marked unread",
        COUNTS,
        "least(coalesce(r.read_seq, 0), r.unread_above)",
        "coalesce(r.read_seq, 0)",
        STORE,
    ),
    Fault(
        "a forwarded copy mentions users",
        "persistence/postgres/posting.py",
        "return None if draft.forwards is not None else given_for(draft.content)",
        "return given_for(draft.content)",
        STORE,
    ),
    Fault(
        "an edit does not update the mentions of a message",
        REVISIONS,
        "        PERFORM set_mentions(place, of_message, may_mention);\n",
        "",
        STORE,
    ),
    Fault(
        "a deleted message still mentions users",
        REVISIONS,
        "        PERFORM set_mentions(place, of_message, NULL);\n",
        "",
        STORE,
    ),
    Fault(
        "no mention is sent for a message that is found later in the log",
        "persistence/postgres/messages.py",
        'mentioned=tuple(row["mentioned"] or ()),',
        "mentioned=(),",
        STORE,
    ),
    Fault(
        "no mention is sent for a new message",
        "hub/services/posting/lane.py",
        "        if posted.mentioned:\n",
        "        if False:\n",
        LIVE,
    ),
    Fault(
        "a user whose mention was removed by an edit gets a new mention",
        "hub/services/posting/mentioning.py",
        "revised.no_longer_mentioned, is_mentioned=False)",
        "revised.no_longer_mentioned, is_mentioned=True)",
        LIVE,
    ),
    Fault(
        "a list of mentions has only one page",
        "hub/rest/finding/mentions.py",
        "if len(page) == limit else None",
        "if len(page) > limit else None",
        LIVE,
    ),
    Fault(
        "a message may mention any number of names",
        "protocol/parsing/mentions.py",
        "len(names) < MAX_MENTIONS and candidate.name",
        "candidate.name",
        NAMES,
    ),
    Fault(
        "a name in inline code is a mention",
        "protocol/parsing/mentions.py",
        "                at = closing[0] + len(found[0])\n",
        "                pass\n",
        NAMES,
    ),
    Fault(
        "a name in a fenced code block is a mention",
        "protocol/parsing/mentions.py",
        "            fence = sign\n",
        "            fence = ''\n",
        NAMES,
    ),
    Fault(
        "an escaped @ begins a mention",
        "protocol/parsing/mentions.py",
        """found[0] == "\\\\@" else""",
        "False else",
        NAMES,
    ),
    Fault(
        "an @ within a word begins a mention",
        "protocol/parsing/mentions.py",
        r'rf"|(?<![\w.+\-@/&=%#~])@(?:',
        'rf"|@(?:',
        NAMES,
    ),
    Fault(
        "no dialect shows that a message mentions everybody",
        "protocol/shapes/mentions.py",
        "    if message.mentions_channel:\n",
        "    if False:\n",
        ("tests/protocol/dialects/test_every_dialect.py",),
    ),
    Fault(
        "the SDK does not report mentions",
        "hub/web/sdk/dialects/learning_chat.js",
        '      case "mention":',
        '      case "mention-":',
        ("tests/e2e/sdk/test_flows.py",),
    ),
    Fault(
        "the page marks names within email addresses as mentions",
        "hub/web/app/conversation/mentioning/names.js",
        r'const BEFORE = "(^|[^\\w.+\\-@/&=%#~])";',
        'const BEFORE = "()";',
        PAGE,
    ),
    Fault(
        "the page counts a mention twice if its event arrives twice",
        "hub/web/app/conversation/mentioning/unread_mentions.js",
        "if (isMentioned) this.#told.set(id, seq);",
        "if (isMentioned) this.#listed += 1;",
        PAGE,
    ),
    Fault(
        "removing a mention that was read lowers the count of unread mentions",
        "hub/web/app/conversation/mentioning/unread_mentions.js",
        "    else this.#told.delete(id);\n",
        "    else this.#listed = Math.max(0, this.#listed - 1);\n",
        PAGE,
    ),
    Fault(
        "the page does not load the count again when a mention is removed",
        "hub/web/app/conversation/conversations.js",
        "if (conversation.mentions.mayBeListed(mention)) void",
        "if (false) void",
        PAGE,
    ),
    Fault(
        "Enter sends the message while a name is suggested",
        "hub/web/app/conversation/composer.js",
        "    if (this.#suggestions.pressed(event)) return;\n",
        "",
        BROWSER,
    ),
    Fault(
        "the SDK keeps the mentions from before an edit",
        "hub/web/sdk/messages/timeline.js",
        "const now = { ...state, mentions, mentionsChannel };",
        "const now = state;",
        PAGE,
    ),
    Fault(
        "names are not suggested while a message is edited",
        "hub/web/app/conversation/messages/change_form.js",
        "handlers.onClosed, text, suggestions.element);",
        "handlers.onClosed, text);",
        BROWSER,
    ),
    Fault(
        "mentions of the user look like those of others",
        "hub/web/app/conversation/mentioning/with_mentions.js",
        "own.get(name) ?",
        "own.has(0) ?",
        BROWSER,
    ),
)
