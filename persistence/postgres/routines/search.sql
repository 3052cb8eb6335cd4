-- Searching messages. Each message has one row in `search_documents`, made by `index_messages`, which the hub
-- calls again and again. A change of a message changes its row in the same transaction.
--
-- The terms of a message are its words, as they are written (of weight D) and as stems in the hub's
-- languages (of weight C), and the following terms, which differ from every word:
--   .u<id>    both users of a dm; with it .p if one of the two wrote the message
--   .w<id>    the workspace of its channel
--   .c<id>    its channel          .a<id>    its author
--   .f        it has a file        .l        it has a link
--   .<k>:<n>  n is its id without the last k bits
-- So a few terms of a user find all messages that they may see, even with many channels, and the newest of
-- many matches are found without reading the others.

-- A text in the form that is indexed: words are separated by spaces, invisible characters are left out, and
-- scripts without spaces, or with particles at the end of words (Chinese, Japanese, Korean, Thai, Lao, Khmer,
-- Burmese), are cut into overlapping pairs of characters. `words_in` in protocol/searching/words.py does the
-- same with the text of a search.
CREATE OR REPLACE FUNCTION spaced_words(content text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    unspaced CONSTANT text := '\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u108f\u1780-\u17d3'
                              '\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff'
                              '\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff';
    unseen   CONSTANT text := '[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f'
                              '\ufe00-\ufe0f\ufeff]';
BEGIN
    content := lower(content COLLATE "C");  -- an English I in every place
    IF octet_length(content) <> char_length(content) THEN
        content := normalize(regexp_replace(content, unseen, '', 'g'), NFKC);
        content := lower(content COLLATE "C");
        content := normalize(lower(replace(content, 'İ', 'i')), NFC);
        content := replace(translate(content, 'ıς', 'iσ'), U&'i\0307', 'i');
        content := replace(content, U&'\2044', 'fr');  -- a fraction is one word
        IF content ~ ('[' || unspaced || ']') THEN
            content := regexp_replace(content, '([' || unspaced || ']+)', ' \1 ', 'g');
            content := regexp_replace(content, '(?<=[' || unspaced || '])([' || unspaced || '])', '\1 \1', 'g');
        END IF;
    END IF;
    RETURN translate(content, $p$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$p$, repeat(' ', 32));
END $$;

-- In plpgsql: a function in SQL that is not inlined takes four times as long.
CREATE OR REPLACE FUNCTION search_terms(m messages, c channels, languages regconfig[])
RETURNS tsvector LANGUAGE plpgsql STABLE AS $$
DECLARE
    words    text := spaced_words(m.content);
    terms    tsvector := to_tsvector('simple', words);
    language regconfig;
BEGIN
    FOREACH language IN ARRAY languages LOOP
        terms := terms || setweight(to_tsvector(language, words), 'C');
    END LOOP;
    RETURN terms || array_to_tsvector(array_remove(ARRAY[
        '.c' || m.channel_id, '.a' || m.author_id,
        '.u' || c.user_lo, '.u' || c.user_hi, '.w' || c.workspace_id,
        CASE WHEN m.author_id IN (c.user_lo, c.user_hi) THEN '.p' END,
        CASE WHEN m.file_url IS NOT NULL THEN '.f' END,
        CASE WHEN m.content ~* 'https?://' THEN '.l' END,
        '.12:' || (m.id >> 12), '.15:' || (m.id >> 15), '.18:' || (m.id >> 18),
        '.21:' || (m.id >> 21)], NULL));
END $$;

-- Makes the rows of the next `wanted` messages and returns how many messages those were: 0 while the rest
-- waits for a transaction to end; NULL: none are left.
--
-- Ids are assigned before the messages that get them are committed, and messages are not committed in the
-- order of ids. So the last assigned id is noted, with the id of a transaction that began afterwards; once
-- all older transactions have ended, every message up to this id is committed, or never will be. A writing
-- transaction that is open for hours delays the indexing of new messages, and nothing else.
--
-- A transaction that changes a message holds the lock of `search_lock` shared, so the rows that are read here
-- are not out of date.
CREATE OR REPLACE FUNCTION search_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT x'7061726C73656172'::bigint  -- "parlsear"
$$;
DROP FUNCTION IF EXISTS index_messages;
CREATE FUNCTION index_messages(wanted int, in_languages text[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    progress search_progress;
    given    bigint;
    upto     bigint;
    done     int;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);  -- what a crash takes is made again
    PERFORM pg_advisory_xact_lock(search_lock());
    SELECT * INTO progress FROM search_progress;
    given := coalesce(pg_sequence_last_value(pg_get_serial_sequence('messages', 'id')), 0);
    IF progress.languages IS DISTINCT FROM in_languages THEN  -- the first time, or from the beginning
        progress := (true, 0, given, pg_current_xact_id(), in_languages);
    ELSIF progress.indexed_id < progress.settling_id THEN
        IF progress.settling_xid > pg_current_xact_id() THEN  -- of another server
            progress.settling_xid := pg_current_xact_id();
        END IF;
    ELSIF progress.settling_id < given THEN
        progress.settling_id := given;
        progress.settling_xid := pg_current_xact_id();
    ELSE
        RETURN NULL;
    END IF;
    upto := progress.indexed_id;
    done := 0;
    IF pg_snapshot_xmin(pg_current_snapshot()) >= progress.settling_xid THEN
        WITH part AS MATERIALIZED (
            SELECT m FROM messages m
             WHERE m.id > progress.indexed_id AND m.id <= progress.settling_id
             ORDER BY m.id LIMIT wanted
        ), made AS (
            INSERT INTO search_documents (channel_id, message_id, created_at, terms)
            SELECT c.id, (p.m).id, (p.m).created_at, search_terms(p.m, c, in_languages::regconfig[])
              FROM part p JOIN channels c ON c.id = (p.m).channel_id
             WHERE (p.m).deleted_at IS NULL ORDER BY (p.m).id
            ON CONFLICT (channel_id, message_id) DO UPDATE SET terms = EXCLUDED.terms
        )
        SELECT count(*), max((p.m).id) INTO done, upto FROM part p;
        IF done < wanted THEN
            upto := progress.settling_id;
        END IF;
    END IF;
    INSERT INTO search_progress AS p
    VALUES (true, upto, progress.settling_id, progress.settling_xid, in_languages)
    ON CONFLICT (only_row) DO UPDATE
       SET indexed_id = EXCLUDED.indexed_id, settling_id = EXCLUDED.settling_id,
           settling_xid = EXCLUDED.settling_xid, languages = EXCLUDED.languages;
    RETURN done;
END $$;

-- Keeps the row of a changed message up to date: it is made again, or deleted if the message was deleted.
CREATE OR REPLACE FUNCTION index_changed_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(search_lock());
    IF NEW.deleted_at IS NOT NULL THEN
        DELETE FROM search_documents WHERE channel_id = NEW.channel_id AND message_id = NEW.id;
    ELSE
        INSERT INTO search_documents (channel_id, message_id, created_at, terms)
        SELECT c.id, NEW.id, NEW.created_at, search_terms(NEW, c, p.languages::regconfig[])
          FROM channels c, search_progress p WHERE c.id = NEW.channel_id
        ON CONFLICT (channel_id, message_id) DO UPDATE SET terms = EXCLUDED.terms;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER messages_index_change AFTER UPDATE ON messages
    FOR EACH ROW WHEN (OLD.content IS DISTINCT FROM NEW.content
                       OR OLD.file_url IS DISTINCT FROM NEW.file_url
                       OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION index_changed_message();

CREATE OR REPLACE FUNCTION forget_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(search_lock());
    DELETE FROM search_documents d USING gone
     WHERE d.channel_id = gone.channel_id AND d.message_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER messages_forget AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_messages();

-- A query for any of some terms with the same beginning; NULL: there are none. Then a query for both of two
-- queries, either of which may be NULL.
CREATE OR REPLACE FUNCTION any_term(kind text, ids bigint[]) RETURNS tsquery
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('''%s%s''', kind, id), '|')::tsquery FROM unnest(ids) AS id
$$;
CREATE OR REPLACE FUNCTION both_terms(one tsquery, other tsquery) RETURNS tsquery
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(one && other, one, other)
$$;

-- The newest messages with an id below `below` that `who` may see, that have the words, are by one of the
-- authors, in one of the channels and of a period of time; an argument that is NULL is no condition.
-- `looked_up`: the words that are looked up in the index. `ids`: at most `wanted` messages, newest first;
-- `scores`: how well each matches; `go_on`: there may be more below this id; NULL: there are none.
--
-- Blocks of ids are searched from the newest on, each about eight times as large as the one before, until
-- enough messages are found; may_join checks every channel of the messages found in a block. If it excludes
-- many, the result has fewer than `wanted` messages, and `go_on`. The terms for what `who` may see are looked
-- up in the index if the words alone would match many messages, and else compared with the matches: there
-- may be many such terms, and an index looks up each of them.
DROP FUNCTION IF EXISTS search_messages;
CREATE FUNCTION search_messages(
    who bigint, words tsquery, looked_up tsquery, authors bigint[], places bigint[], since timestamptz,
    until timestamptz, has_file boolean, has_link boolean, only_private boolean, below bigint,
    wanted int, OUT ids bigint[], OUT scores int[], OUT go_on bigint
) LANGUAGE plpgsql STABLE
-- A GIN index has only bitmap scans, which are off in the hub's sessions.
SET enable_bitmapscan = on SET enable_seqscan = off AS $$
DECLARE
    much  CONSTANT int := 1000;  -- rows that are quickly looked at
    query tsquery := looked_up;
    asked tsquery;  -- evaluated once, not for each row that is found
    shown tsquery := any_term('.u', ARRAY[who]);
    above bigint := 0;
    block bigint;
    bits  int := 12;
    size  int := wanted + 20;
    found int;
    hits  bigint[];
    is_indexed boolean;
BEGIN
    ids := '{}';
    scores := '{}';
    IF numnode(words) = 0 THEN  -- there is no word in them
        RETURN;
    END IF;
    IF only_private THEN
        shown := shown && '''.p'''::tsquery;
    ELSE
        shown := coalesce(shown || any_term('.w', ARRAY(
            SELECT m.workspace_id FROM workspace_members m WHERE m.user_id = who)), shown);
        EXECUTE 'SELECT array_agg(c.id) FROM channel_members m JOIN channels c ON c.id = m.channel_id
                  WHERE m.user_id = $1 AND c.user_lo IS NULL'  -- planned for this user
           INTO hits USING who;
        shown := coalesce(shown || any_term('.c', hits), shown);
    END IF;
    query := both_terms(query, any_term('.a', authors));
    query := both_terms(query, any_term('.c', places));
    query := both_terms(query, CASE WHEN has_file THEN '''.f'''::tsquery END);
    query := both_terms(query, CASE WHEN has_link THEN '''.l'''::tsquery END);
    is_indexed := query IS NULL;
    go_on := least(below, 1 + (SELECT max(m.id) FROM messages m));
    -- Ids grow with time, except for ids that were assigned at about the same moment.
    IF until IS NOT NULL THEN
        go_on := least(go_on, 1 + coalesce((SELECT max(l.message_id) FROM (
            SELECT d.message_id FROM search_documents d WHERE d.created_at < until
             ORDER BY d.created_at DESC, d.message_id DESC LIMIT 1000) AS l), 0));
    END IF;
    IF since IS NOT NULL THEN
        above := coalesce((SELECT min(l.message_id) - 1 FROM (
            SELECT d.message_id FROM search_documents d WHERE d.created_at >= since
             ORDER BY d.created_at, d.message_id LIMIT 1000) AS l), go_on);
    END IF;
    FOR round IN 1..12 LOOP
        IF go_on - 1 <= above THEN
            go_on := NULL;
        END IF;
        EXIT WHEN go_on IS NULL OR cardinality(ids) >= wanted;
        block := (go_on - 1) >> bits;
        asked := both_terms(
            CASE WHEN is_indexed THEN both_terms(query, shown) ELSE query END,
            CASE WHEN bits <= 21
                 THEN any_term(format('.%s:', bits), ARRAY[block, block - 1]) END);
        -- `+ 0` and the like keep the planner from reading all ids from the newest on, OFFSET from sorting terms
        SELECT count(*), coalesce((array_agg(d.id ORDER BY d.id DESC) FILTER (WHERE d.fits))[1:size], '{}')
          INTO found, hits
          FROM (SELECT d.message_id AS id, (is_indexed OR d.terms @@ shown)
                       AND (words IS NULL OR d.terms @@ words) AS fits
                  FROM search_documents d
                 WHERE d.terms @@ asked
                   AND d.message_id + 0 < go_on AND d.message_id + 0 > above
                   AND (since IS NULL OR d.created_at + interval '0' >= since)
                   AND (until IS NULL OR d.created_at + interval '0' < until)
                OFFSET 0) AS d;
        IF hits <> '{}' THEN
            ids := ids || ARRAY(
                SELECT m.id
                  FROM (SELECT DISTINCT l.channel_id FROM messages l WHERE l.id = ANY (hits)) AS c
                  JOIN messages m ON m.channel_id = c.channel_id AND m.id = ANY (hits)
                 WHERE m.deleted_at IS NULL AND may_join(who, c.channel_id)
                   AND NOT is_hidden_from(who, c.channel_id, m.id)
                 ORDER BY m.id DESC LIMIT wanted - cardinality(ids));
        END IF;
        IF cardinality(ids) >= wanted THEN
            go_on := ids[wanted];
        ELSIF cardinality(hits) = size THEN
            go_on := hits[size];
        ELSIF bits > 21 THEN
            go_on := NULL;
        ELSE
            go_on := greatest((block - 1) << bits, 0);
            bits := bits + 3;
        END IF;
        is_indexed := is_indexed OR found * 8 > much;
    END LOOP;
    IF words IS NOT NULL THEN
        scores := ARRAY(
            SELECT (1000000 * ts_rank(d.terms, words))::int
              FROM unnest(ids) WITH ORDINALITY AS i (id, ord)
              JOIN messages m ON m.id = i.id
              JOIN search_documents d ON d.channel_id = m.channel_id AND d.message_id = m.id
             ORDER BY i.ord);
    END IF;
END $$;

-- A query for the same words, with one weight only. No word has a quote in it.
CREATE OR REPLACE FUNCTION of_weight(weight text, words tsquery) RETURNS tsquery
LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(replace(words::text, ''':*', ''':*' || weight), '''(?=[ )]|$)',
                          ''':' || weight, 'g')::tsquery
$$;

-- Whether at least a tenth of the messages have a word with this beginning, by a sample of about 20 pages.
CREATE OR REPLACE FUNCTION is_common(beginning tsquery) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    pages CONSTANT float8 := greatest(
        pg_relation_size('search_documents') / current_setting('block_size')::float8, 20);
BEGIN
    RETURN (SELECT count(*) FILTER (WHERE d.terms @@ beginning) * 10 >= count(*)
              FROM search_documents d TABLESAMPLE SYSTEM (2000 / pages) REPEATABLE (0));
END $$;

-- The query for some phrases, each of words with spaces between them; NULL: there are none. For each phrase:
-- whether its last word is only a beginning, and whether only the exact form matches. `looked_up`: the same
-- without beginnings of common words, for which the index would read all rows of all these words first;
-- messages that have one of them are found soon without the index.
DROP FUNCTION IF EXISTS words_wanted;
CREATE FUNCTION words_wanted(
    phrases text[], are_prefixes boolean[], are_exact boolean[], language regconfig,
    OUT words tsquery, OUT looked_up tsquery
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    one       tsquery;
    beginning text;
BEGIN
    FOR i IN 1 .. coalesce(cardinality(phrases), 0) LOOP
        IF are_prefixes[i] THEN
            one := of_weight('D', to_tsquery(
                'simple', '''' || replace(phrases[i], ' ', ''' <-> ''') || ''':*'));
            words := both_terms(words, one);
            beginning := substring(phrases[i] FROM '[^ ]+$');
            IF is_common(of_weight('D', to_tsquery('simple', format('''%s'':*', beginning)))) THEN
                one := of_weight('D', phraseto_tsquery(
                    'simple', left(phrases[i], -1 - length(beginning))));
            END IF;
        ELSE
            one := of_weight('D', phraseto_tsquery('simple', phrases[i]));
            IF NOT are_exact[i] THEN
                one := one || of_weight('C', phraseto_tsquery(language, phrases[i]));
            END IF;
            words := both_terms(words, one);
        END IF;
        IF numnode(one) > 0 THEN
            looked_up := both_terms(looked_up, one);
        END IF;
    END LOOP;
END $$;
