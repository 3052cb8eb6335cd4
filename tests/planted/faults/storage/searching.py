"""Faults in how messages and people are found."""

from typing import Final

from tests.planted.fault import Fault

SEARCH: Final = "persistence/postgres/routines/search.sql"
STORES: Final = "tests/persistence/listing/test_search.py"
POSTGRES: Final = "tests/persistence/postgres/lists/test_search.py"
REST: Final = "tests/hub/rest/finding/test_searching.py"
SOCKETIO: Final = "tests/hub/rest/routes/channel_messages/test_finding.py"

WORDS: Final = "protocol/searching/words.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a search folds letters differently from the index",
        SEARCH,
        "content := replace(translate(content, '\u0131\u03c2', 'i\u03c3'), U&'i\\0307', 'i');",
        "",
        (STORES, POSTGRES),
    ),
    Fault(
        "a lower-case letter that becomes two characters is not reduced to one",
        WORDS,
        '.replace("i\\u0307", "i")',
        "",
        (STORES, "tests/protocol/searching/test_words.py"),
    ),
    Fault(
        "an invisible character hides a word in the index",
        SEARCH,
        "normalize(regexp_replace(content, unseen, '', 'g'), NFKC)",
        "normalize(content, NFKC)",
        (STORES,),
    ),
    Fault(
        "an invisible character hides a word from a search",
        WORDS,
        r'r"\u00ad\u034f',
        r'r"\u034f',
        (STORES, "tests/protocol/searching/test_words.py"),
    ),
    Fault(
        "a fraction is indexed as the words of its numbers",
        SEARCH,
        "content := replace(content, U&'\\2044', 'fr');",
        "",
        (POSTGRES, STORES),
    ),
    Fault(
        "the mark of a single matching character covers two",
        "protocol/searching/marks.py",
        "if word.is_unspaced and len(word.text) > len(phrase.words[-1]):",
        "if False:",
        ("tests/protocol/searching/test_marks.py",),
    ),
    Fault(
        "Thai text is split only at spaces",
        WORDS,
        r'r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81',
        r'r"\u0e81',
        (STORES, "tests/protocol/searching/test_words.py"),
    ),
    Fault(
        "a search returns messages that the user may not see",
        SEARCH,
        " AND may_join(who, c.channel_id)",
        "",
        (STORES,),
    ),
    Fault(
        "in memory, a search returns messages that the user may not see",
        "persistence/memory/search/__init__.py",
        "            if not self.tables.may_join(user_id, row.channel):\n",
        "            if False:\n",
        (STORES,),
    ),
    Fault(
        "a search reads matches in all channels instead of those that the user may see",
        SEARCH,
        "(is_indexed OR d.terms @@ shown)\n                       AND",
        "",
        (STORES,),
    ),
    Fault(
        "a search finds the text of a deleted message",
        SEARCH,
        "        DELETE FROM search_documents"
        " WHERE channel_id = NEW.channel_id AND message_id = NEW.id;\n",
        "",
        (POSTGRES,),
    ),
    Fault(
        "in memory, a search finds deleted messages",
        "persistence/memory/search/__init__.py",
        "for message in row.shown(hidden, user_id):",
        "for message in row.messages:",
        (STORES,),
    ),
    Fault(
        "a search finds an edited message by its former text",
        SEARCH,
        "WHEN (OLD.content IS DISTINCT FROM NEW.content\n                       OR ",
        "WHEN (",
        (POSTGRES,),
    ),
    Fault(
        "a message that is committed late is never indexed",
        SEARCH,
        "IF pg_snapshot_xmin(pg_current_snapshot()) >= progress.settling_xid THEN",
        "IF true THEN",
        (POSTGRES,),
    ),
    Fault(
        "the next page of a search repeats the last message of the page before",
        SEARCH,
        "            go_on := ids[wanted];\n",
        "            go_on := ids[wanted] + 1;\n",
        (STORES,),
    ),
    Fault(
        "the next page of a search omits a message",
        SEARCH,
        "            go_on := ids[wanted];\n",
        "            go_on := ids[wanted] - 1;\n",
        (STORES,),
    ),
    Fault(
        "a search ends early when many results are not visible to the user",
        SEARCH,
        "            go_on := hits[size];\n",
        "            go_on := NULL;\n",
        (STORES,),
    ),
    Fault(
        "the next page of the best results repeats the last message of the page before",
        "persistence/postgres/lists/search.py",
        "u.id) < ($16, $17)",
        "u.id) <= ($16, $17)",
        (STORES,),
    ),
    Fault(
        "new messages move the pages of the best results",
        "persistence/postgres/lists/search.py",
        'return (last["newest"] + 1, ',
        'return (last["newest"] + 1_000, ',
        (STORES,),
    ),
    Fault(
        "marks count characters instead of JavaScript's UTF-16 units",
        "protocol/shapes/snippets.py",
        'return len(text) + sum(letter > "\\uffff" for letter in text)',
        "return len(text)",
        ("tests/protocol/shapes/test_snippets.py", REST),
    ),
    Fault(
        "a mark of several words ends before the last one",
        "protocol/searching/marks.py",
        "_end(words, at + len(phrase.words) - 1, phrase)",
        "_end(words, at, phrase)",
        ("tests/protocol/searching/test_marks.py",),
    ),
    Fault(
        "a search reads all messages if sessions have no bitmap scans",
        SEARCH,
        "SET enable_bitmapscan = on SET enable_seqscan = off AS $$",
        "AS $$",
        (POSTGRES,),
    ),
    Fault(
        "a match of a word's stem ranks like an exact match",
        SEARCH,
        "setweight(to_tsvector(language, words), 'C')",
        "to_tsvector(language, words)",
        (POSTGRES,),
    ),
    Fault(
        "a search reveals that a user blocks the searcher",
        "hub/services/finding/messages.py",
        "return None if view.is_hidden else (user, view.channel_id)",
        "return (user, view.channel_id)",
        (REST,),
    ),
    Fault(
        "a page around a message shows messages of another channel",
        "hub/rest/finding/around.py",
        "if message is None or message.channel_id != channel_id:",
        "if message is None:",
        ("tests/hub/rest/finding/test_around.py",),
    ),
    Fault(
        "new messages are indexed without pauses",
        "hub/services/finding/indexing.py",
        "await trio.sleep(max(PAUSES * took, LEAST_PAUSE) if done else SECONDS)",
        "await trio.sleep(LEAST_PAUSE if done else SECONDS)",
        ("tests/hub/services/finding/test_indexing.py",),
    ),
    Fault(
        "a user is found only by a name with the same accents",
        "persistence/postgres/relations.py",
        "        key = plain_key(text)\n",
        "        key = text.lower()\n",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "the messenger's search finds messages of channels",
        "hub/rest/routes/messenger/messages.py",
        "search_page(call, only_private=True)",
        "search_page(call, only_private=False)",
        (REST,),
    ),
    Fault(
        "a page of results over Socket.IO's REST names no next page",
        "hub/rest/routes/channel_messages/finding.py",
        '"nextCursor": cursor_behind(page),',
        '"nextCursor": None,',
        (SOCKETIO,),
    ),
    Fault(
        "a pin cannot be removed over Socket.IO's REST",
        "hub/rest/routes/channel_messages/finding.py",
        'Pin(is_pinned=call.request.method == "PUT")',
        "Pin()",
        (SOCKETIO,),
    ),
    Fault(
        "messages over Socket.IO do not show that they are pinned",
        "protocol/dialects/channel_messages/shapes.py",
        "    if message.is_pinned:\n",
        "    if False:\n",
        (SOCKETIO,),
    ),
    Fault(
        "a search for a prefix of many words finds every message",
        SEARCH,
        "AND (words IS NULL OR d.terms @@ words) AS fits",
        "AS fits",
        (POSTGRES,),
    ),
    Fault(
        "a search for a prefix of many words uses the index for it",
        SEARCH,
        "FILTER (WHERE d.terms @@ beginning) * 10 >= count(*)",
        "FILTER (WHERE d.terms @@ beginning) > count(*)",
        (POSTGRES,),
    ),
)
