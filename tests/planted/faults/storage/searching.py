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
        "a search folds letters otherwise than the index",
        SEARCH,
        "content := replace(translate(content, '\u0131\u03c2', 'i\u03c3'), U&'i\\0307', 'i');",
        "",
        (STORES, POSTGRES),
    ),
    Fault(
        "a letter in lower case that is two characters keeps both",
        WORDS,
        '.replace("i\\u0307", "i")',
        "",
        (STORES, "tests/protocol/searching/test_words.py"),
    ),
    Fault(
        "what nobody sees hides a word in the index",
        SEARCH,
        "normalize(regexp_replace(content, unseen, '', 'g'), NFKC)",
        "normalize(content, NFKC)",
        (STORES,),
    ),
    Fault(
        "what nobody sees hides a word from a search",
        WORDS,
        r'r"\u00ad\u034f',
        r'r"\u034f',
        (STORES, "tests/protocol/searching/test_words.py"),
    ),
    Fault(
        "a fraction is the words of its numbers in the index",
        SEARCH,
        "content := replace(content, U&'\\2044', 'fr');",
        "",
        (POSTGRES, STORES),
    ),
    Fault(
        "the mark of one character has two",
        "protocol/searching/marks.py",
        "if word.is_unspaced and len(word.text) > len(phrase.words[-1]):",
        "if False:",
        ("tests/protocol/searching/test_marks.py",),
    ),
    Fault(
        "Thai is searched by what stands between spaces",
        WORDS,
        r'r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81',
        r'r"\u0e81',
        (STORES, "tests/protocol/searching/test_words.py"),
    ),
    Fault(
        "a search asks for no right",
        SEARCH,
        " AND may_join(who, c.channel_id)",
        "",
        (STORES,),
    ),
    Fault(
        "a search in memory asks for no right",
        "persistence/memory/search/__init__.py",
        "            if not self.tables.may_join(user_id, row.channel):\n",
        "            if False:\n",
        (STORES,),
    ),
    Fault(
        "a search looks at what everybody may see",
        SEARCH,
        "(is_indexed OR d.terms @@ shown)\n                       AND",
        "",
        (STORES,),
    ),
    Fault(
        "what a deleted message said can be searched for",
        SEARCH,
        "        DELETE FROM search_documents"
        " WHERE channel_id = NEW.channel_id AND message_id = NEW.id;\n",
        "",
        (POSTGRES,),
    ),
    Fault(
        "a search in memory finds what was deleted",
        "persistence/memory/search/__init__.py",
        "for message in row.shown(hidden, user_id):",
        "for message in row.messages:",
        (STORES,),
    ),
    Fault(
        "an edited message is found by what it said",
        SEARCH,
        "WHEN (OLD.content IS DISTINCT FROM NEW.content\n                       OR ",
        "WHEN (",
        (POSTGRES,),
    ),
    Fault(
        "a message that is committed late is never found",
        SEARCH,
        "IF pg_snapshot_xmin(pg_current_snapshot()) >= progress.settling_xid THEN",
        "IF true THEN",
        (POSTGRES,),
    ),
    Fault(
        "the next page of a search begins with the last message of the one before",
        SEARCH,
        "            go_on := ids[wanted];\n",
        "            go_on := ids[wanted] + 1;\n",
        (STORES,),
    ),
    Fault(
        "the next page of a search leaves a message out",
        SEARCH,
        "            go_on := ids[wanted];\n",
        "            go_on := ids[wanted] - 1;\n",
        (STORES,),
    ),
    Fault(
        "a search ends where the policy takes much away",
        SEARCH,
        "            go_on := hits[size];\n",
        "            go_on := NULL;\n",
        (STORES,),
    ),
    Fault(
        "the next page of the best begins with the last message of the one before",
        "persistence/postgres/lists/search.py",
        "u.id) < ($16, $17)",
        "u.id) <= ($16, $17)",
        (STORES,),
    ),
    Fault(
        "what is newer moves the pages of the best",
        "persistence/postgres/lists/search.py",
        'return (last["newest"] + 1, ',
        'return (last["newest"] + 1_000, ',
        (STORES,),
    ),
    Fault(
        "marks count characters where JavaScript counts units",
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
        "a search reads all messages where sessions have no bitmap scans",
        SEARCH,
        "SET enable_bitmapscan = on SET enable_seqscan = off AS $$",
        "AS $$",
        (POSTGRES,),
    ),
    Fault(
        "a stem is found as if it were written",
        SEARCH,
        "setweight(to_tsvector(language, words), 'C')",
        "to_tsvector(language, words)",
        (POSTGRES,),
    ),
    Fault(
        "a search says that somebody blocks the searcher",
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
        "new messages are indexed all the time",
        "hub/services/finding/indexing.py",
        "await trio.sleep(max(PAUSES * took, LEAST_PAUSE) if done else SECONDS)",
        "await trio.sleep(LEAST_PAUSE if done else SECONDS)",
        ("tests/hub/services/finding/test_indexing.py",),
    ),
    Fault(
        "people are found by their accents alone",
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
        "the next page over Socket.IO's REST is none",
        "hub/rest/routes/channel_messages/finding.py",
        '"nextCursor": cursor_behind(page),',
        '"nextCursor": None,',
        (SOCKETIO,),
    ),
    Fault(
        "a pin over Socket.IO's REST is not taken off",
        "hub/rest/routes/channel_messages/finding.py",
        'Pin(is_pinned=call.request.method == "PUT")',
        "Pin()",
        (SOCKETIO,),
    ),
    Fault(
        "Socket.IO's messages do not say that they are pinned",
        "protocol/dialects/channel_messages/shapes.py",
        "    if message.is_pinned:\n",
        "    if False:\n",
        (SOCKETIO,),
    ),
    Fault(
        "a beginning of many words finds everything",
        SEARCH,
        "AND (words IS NULL OR d.terms @@ words) AS fits",
        "AS fits",
        (POSTGRES,),
    ),
    Fault(
        "the index is asked for a beginning of many words",
        SEARCH,
        "FILTER (WHERE d.terms @@ beginning) * 10 >= count(*)",
        "FILTER (WHERE d.terms @@ beginning) > count(*)",
        (POSTGRES,),
    ),
)
