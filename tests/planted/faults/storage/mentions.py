"""Faults in whom messages mention, who is told, and what is counted."""

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
        "who may not see a message is mentioned in it",
        SQL,
        "                     AND may_join(named.id, m.channel_id)\n",
        "",
        STORE,
    ),
    Fault(
        "people are mentioned by name across a block",
        SQL,
        "                     AND named.id NOT IN (SELECT hidden_from(m.author_id))\n",
        "",
        STORE,
    ),
    Fault(
        "a mention of the channel is told across a block",
        SQL,
        "AND who.id NOT IN (SELECT hidden_from(m.author_id)));",
        ");",
        STORE,
    ),
    Fault(
        "everybody may mention the channel",
        SQL,
        "\n       AND may_in_channel(m.author_id, 'mention_channel', m.channel_id);",
        ";",
        STORE,
    ),
    Fault(
        "who has muted a channel is told that everybody is mentioned",
        SQL,
        "AND r.muted_until > now())) AS who",
        "AND false)) AS who",
        STORE,
    ),
    Fault(
        "what mentions everybody counts in a muted channel",
        COUNTS,
        "            OR NOT {MUTED} AND m.created_at",
        "            OR m.created_at",
        STORE,
    ),
    Fault(
        "in memory, what mentions everybody counts in a muted channel",
        "persistence/memory/contents/mentions.py",
        "or not (is_muted or is_later)",
        "or not is_later",
        STORE,
    ),
    Fault(
        "what mentioned everybody before one came is counted",
        COUNTS,
        "AND m.created_at >= member_since($1, c.id, c.workspace_id))",
        ")",
        STORE,
    ),
    Fault(
        "in memory, what mentioned everybody before one came is counted",
        "persistence/memory/contents/mentions.py",
        "or not (is_muted or is_later)",
        "or not is_muted",
        STORE,
    ),
    Fault(
        "who came after a message is told that it mentions everybody",
        SQL,
        "WHERE workspace_id = c.workspace_id\n"
        "                  AND date_trunc('milliseconds', joined_at) <= m.created_at",
        "WHERE workspace_id = c.workspace_id",
        STORE,
    ),
    Fault(
        "who joins a single channel later is told that a message mentions everybody",
        SQL,
        "WHERE channel_id = c.id\n"
        "                  AND date_trunc('milliseconds', joined_at) <= m.created_at",
        "WHERE channel_id = c.id",
        ON_POSTGRES,
    ),
    Fault(
        "what mentioned everybody before one joined a single channel is counted",
        SQL,
        "(SELECT n.joined_at FROM channel_members n",
        "(SELECT '-infinity'::timestamptz FROM channel_members n",
        ON_POSTGRES,
    ),
    Fault(
        "what mentioned everybody in a muted channel is listed",
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
        "a page of mentions looks at all that are by name",
        COUNTS,
        "              ORDER BY n.message_id DESC LIMIT $5)\n",
        "              )\n",
        ON_POSTGRES,
    ),
    Fault(
        "what mentioned everybody before one came is listed",
        SQL,
        "         WHERE m.created_at >= w.since\n",
        "",
        (*STORE, *ON_POSTGRES),
    ),
    Fault(
        "a page of mentions looks at all of a channel that are newer",
        "persistence/postgres/schema/0025_joining.sql",
        "mentions (channel_id, message_id) WHERE",
        "mentions (channel_id) WHERE",
        ON_POSTGRES,
    ),
    Fault(
        "a hidden message tells that it mentions its user",
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
        "mentions do not count again when they are marked unread",
        COUNTS,
        "least(coalesce(r.read_seq, 0), r.unread_above)",
        "coalesce(r.read_seq, 0)",
        STORE,
    ),
    Fault(
        "a copy mentions people",
        "persistence/postgres/posting.py",
        "return None if draft.forwards is not None else given_for(draft.content)",
        "return given_for(draft.content)",
        STORE,
    ),
    Fault(
        "an edit mentions those whom the message mentioned before",
        REVISIONS,
        "        PERFORM set_mentions(place, of_message, may_mention);\n",
        "",
        STORE,
    ),
    Fault(
        "a deleted message mentions people",
        REVISIONS,
        "        PERFORM set_mentions(place, of_message, NULL);\n",
        "",
        STORE,
    ),
    Fault(
        "of a message that is found later nobody is told that it mentions them",
        "persistence/postgres/messages.py",
        'mentioned=tuple(row["mentioned"] or ()),',
        "mentioned=(),",
        STORE,
    ),
    Fault(
        "nobody is told that a new message mentions them",
        "hub/services/posting/lane.py",
        "        if posted.mentioned:\n",
        "        if False:\n",
        LIVE,
    ),
    Fault(
        "who is mentioned no more is told that they are",
        "hub/services/posting/mentioning.py",
        "revised.no_longer_mentioned, is_mentioned=False)",
        "revised.no_longer_mentioned, is_mentioned=True)",
        LIVE,
    ),
    Fault(
        "a list of mentions has one page",
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
        "what stands in code mentions somebody",
        "protocol/parsing/mentions.py",
        "                at = closing[0] + len(found[0])\n",
        "                pass\n",
        NAMES,
    ),
    Fault(
        "what stands between fences mentions somebody",
        "protocol/parsing/mentions.py",
        "            fence = sign\n",
        "            fence = ''\n",
        NAMES,
    ),
    Fault(
        "an @ behind a backslash mentions somebody",
        "protocol/parsing/mentions.py",
        """found[0] == "\\\\@" else""",
        "False else",
        NAMES,
    ),
    Fault(
        "what is behind an @ within a word mentions somebody",
        "protocol/parsing/mentions.py",
        r'rf"|(?<![\w.+\-@/&=%#~])@(?:',
        'rf"|@(?:',
        NAMES,
    ),
    Fault(
        "no dialect says that a message mentions everybody",
        "protocol/shapes/mentions.py",
        "    if message.mentions_channel:\n",
        "    if False:\n",
        ("tests/protocol/dialects/test_every_dialect.py",),
    ),
    Fault(
        "the SDK does not tell of mentions",
        "hub/web/sdk/dialects/learning_chat.js",
        '      case "mention":',
        '      case "mention-":',
        ("tests/e2e/sdk/test_flows.py",),
    ),
    Fault(
        "the page marks names within addresses",
        "hub/web/app/conversation/mentioning/names.js",
        r'const BEFORE = "(^|[^\\w.+\\-@/&=%#~])";',
        'const BEFORE = "()";',
        PAGE,
    ),
    Fault(
        "the page counts a mention twice that it was told of twice",
        "hub/web/app/conversation/mentioning/unread_mentions.js",
        "if (isMentioned) this.#told.set(id, seq);",
        "if (isMentioned) this.#listed += 1;",
        PAGE,
    ),
    Fault(
        "a mention that was read and is taken back is one unread mention less",
        "hub/web/app/conversation/mentioning/unread_mentions.js",
        "    else this.#told.delete(id);\n",
        "    else this.#listed = Math.max(0, this.#listed - 1);\n",
        PAGE,
    ),
    Fault(
        "the page does not ask what is left when a mention is taken back",
        "hub/web/app/conversation/conversations.js",
        "if (conversation.mentions.mayBeListed(mention)) void",
        "if (false) void",
        PAGE,
    ),
    Fault(
        "Enter sends what is written while a name is suggested",
        "hub/web/app/conversation/composer.js",
        "    if (this.#suggestions.pressed(event)) return;\n",
        "",
        BROWSER,
    ),
    Fault(
        "the SDK keeps whom a message mentioned before it was edited",
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
        "one's own mentions look as those of others",
        "hub/web/app/conversation/mentioning/with_mentions.js",
        "own.get(name) ?",
        "own.has(0) ?",
        BROWSER,
    ),
)
