-- Storing a batch of messages: permission, repeats, seq and insert are decided in one function, so
-- that they cannot disagree and their cost is shared by the batch.
--
-- A place is an author with a recipient or a channel.
-- Input: one array element per place (authors, recipients, channel_ids), then one per draft, which names its
-- place, counted from 1. A draft that forwards a message (`forwards`: its id) becomes a copy of it, whatever
-- content, kind and file the draft has. An array without any value may be NULL; a draft without a kind is
-- text. No two drafts of a batch have the same channel, author and key.
-- `for_hub` is the number of the hub that stores the batch (see begin_serving); NULL: it is not checked.
-- Output: one row per draft, with
--   verdict  'posted', 'repeated' (the author has stored this message under this key in this channel
--            before), or why not: 'recipient_not_found', 'cannot_message_self', 'not_allowed', 'channel_not_found',
--            'not_a_member', 'read_only', 'parent_not_found', 'original_not_found', 'file_not_found',
--            'key_conflict';
--            'not_serving': nothing of the batch was stored, another hub serves this database
--   for a stored message: its id, channel, workspace, peer (the other user of a dm), seq and time, its
--   readers, and whether it was delivered to any user;
--   for a reply: the first message of its thread, and how many replies the thread had before the batch.
--
-- Locks: first the authors (also those of the first messages of threads, who then follow the thread), then
-- the channels, each in the order of their ids, then the uploads that are named, the parents with the first
-- messages of their threads, and the threads, until the commit. A deletion goes from an account to its
-- channels, its uploads, and then to messages and threads (see hold_messages), so it locks in the same
-- order. Each statement of a READ COMMITTED transaction sees what was committed before it began: the last
-- one begins when the locks are held, so it sees every message of these channels, and its decisions are
-- final. Before all these locks comes the one that `begin_serving` takes alone: what was stored for a hub is
-- committed before another one begins.

-- For each draft, whether it names an upload that its author may not see.
CREATE OR REPLACE FUNCTION names_unseen_uploads(authors bigint[], places int[], file_urls text[])
RETURNS boolean[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(starts_with(d.url, '/uploads/')
                     AND NOT may_see_upload(authors[d.place], d.url) ORDER BY d.ord)
      FROM unnest(places, file_urls) WITH ORDINALITY AS d (place, url, ord)
$$;

-- A text without white space at its ends, as Python's str.strip; some dialects remove it.
CREATE OR REPLACE FUNCTION trimmed(content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT btrim(content, U&' \0009\000A\000B\000C\000D\001C\001D\001E\001F\0085\00A0\1680\2000\2001'
        '\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000')
$$;

-- The hash that an edited or deleted message keeps of its posted content and file; see the column
-- `remains`.
CREATE OR REPLACE FUNCTION remains_of(content text, file_url text) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT get_byte(hashed, 0) * 256 + get_byte(hashed, 1)
      FROM sha256(convert_to(trimmed(content) || chr(10) || coalesce(file_url, ''), 'UTF8'))
        AS hashed
$$;

-- Whether a message of this content is a repeat of one that its author stored in the same channel under the
-- same key. If the parent of a stored reply is not known (any more), any message of its thread, or one that
-- no longer exists, is accepted as the parent. A copy is compared by its original, whose content may have
-- changed since.
DROP FUNCTION IF EXISTS is_repeat;
CREATE FUNCTION is_repeat(
    stored messages, of_content text, of_kind text, of_file text, of_parent bigint, of_original bigint
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN of_original IS NOT NULL OR stored.forwarded_id IS NOT NULL
                THEN stored.forwarded_id IS NOT DISTINCT FROM of_original
    ELSE stored.kind = of_kind
       AND CASE WHEN stored.parent_id IS NOT NULL OR of_parent IS NULL
                THEN coalesce(stored.parent_id, stored.root_id) IS NOT DISTINCT FROM of_parent
                ELSE NOT EXISTS (
                     SELECT FROM messages p WHERE p.id = of_parent
                        AND (coalesce(p.root_id, p.id) = stored.root_id) IS NOT TRUE) END
       AND CASE WHEN stored.remains IS NOT NULL THEN stored.remains = remains_of(of_content, of_file)
                ELSE stored.deleted_at IS NULL AND trimmed(stored.content) = trimmed(of_content)
                     AND stored.file_url IS NOT DISTINCT FROM of_file END END
$$;

-- What most batches do not need is in PL/pgSQL functions: SQL functions are inlined into the statements that
-- call them, and each statement would pay for them, even where they are not reached.

-- Why an author may not write in a channel that is no dm; NULL: they may.
CREATE OR REPLACE FUNCTION refusal_in_channel(author bigint, channel bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF may_in_channel(author, 'write', channel) THEN
        RETURN NULL;
    ELSIF may_join(author, channel) THEN
        RETURN 'read_only';
    END IF;
    RETURN 'not_a_member';
END $$;

-- The refusal for an author who may not message a user. An author who is blocked by the user gets the same
-- refusal as for a user who does not exist.
CREATE OR REPLACE FUNCTION refusal_by_user(author bigint, peer bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN EXISTS (SELECT FROM users u WHERE u.id = peer AND u.deleted_at IS NULL)
                 AND NOT EXISTS (SELECT FROM blocks b
                                  WHERE b.blocker_id = peer AND b.blocked_id = author)
                THEN 'not_allowed' ELSE 'recipient_not_found' END;
END $$;

-- Whether there is an assistant, which may write in any channel.
CREATE OR REPLACE FUNCTION has_assistant() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM users u WHERE u.id = 999);
END $$;

-- Marks a message of the assistant as read by the user whose question it answers. Returns its readers.
CREATE OR REPLACE FUNCTION read_answer(asker bigint, place bigint, at_seq bigint) RETURNS bigint[]
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO receipts AS r (channel_id, user_id, delivered_seq, read_seq)
    VALUES (place, asker, at_seq, at_seq)
    ON CONFLICT (channel_id, user_id) DO UPDATE
       SET read_seq = greatest(r.read_seq, EXCLUDED.read_seq),
           delivered_seq = greatest(r.delivered_seq, EXCLUDED.delivered_seq);
    RETURN ARRAY[asker];
END $$;

-- For a message that was stored under the key of a draft: whether the draft repeats it, and its readers and
-- whether it was delivered to any user, as far as its author may know (`is_shown`: they may write there).
DROP FUNCTION IF EXISTS stored_before;
CREATE FUNCTION stored_before(
    place bigint, its_seq bigint, is_shown boolean, of_content text, of_kind text, of_file text,
    of_parent bigint, of_original bigint,
    OUT verdict text, OUT readers bigint[], OUT delivered boolean
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    stored messages;
BEGIN
    SELECT * INTO stored FROM messages m WHERE m.channel_id = place AND m.seq = its_seq;
    verdict := CASE WHEN is_repeat(stored, of_content, of_kind, of_file, of_parent, of_original)
                    THEN 'repeated' ELSE 'key_conflict' END;
    SELECT coalesce(array_agg(r.user_id ORDER BY r.user_id) FILTER (WHERE r.read_seq >= its_seq), '{}'),
           coalesce(bool_or(r.delivered_seq >= its_seq), false)
      INTO readers, delivered
      FROM receipts r
     WHERE is_shown AND r.channel_id = place AND r.user_id <> stored.author_id
       AND r.user_id NOT IN (SELECT hidden_from(stored.author_id))
       AND NOT EXISTS (SELECT FROM channels c WHERE c.id = place AND is_request(c, r.user_id));
END $$;

-- The result columns or arguments may differ from those of an earlier version.
DROP FUNCTION IF EXISTS post_messages;
CREATE FUNCTION post_messages(
    authors bigint[], recipients bigint[], channel_ids bigint[],
    places int[], contents text[], keys text[], kinds text[], file_urls text[],
    homework boolean[], askers bigint[], parents bigint[], forwards bigint[], for_hub bigint
) RETURNS TABLE (
    draft int, verdict text, message_id bigint, in_channel bigint, in_workspace bigint,
    peer bigint, at_seq bigint, posted_at timestamptz, readers bigint[], delivered boolean,
    thread bigint, replies_before int
) LANGUAGE plpgsql AS $$
DECLARE
    -- by place:
    targets    bigint[];  -- the channel
    workspaces bigint[];
    peers      bigint[];  -- the other user of a dm; NULL in other channels
    heads      bigint[];  -- the channel's last seq
    refusals   text[];    -- why its author may store nothing there; NULL if they may
    -- by draft:
    roots      bigint[];   -- the first message of the thread that it belongs to
    orphans    boolean[];  -- whether it has a parent that is not in its channel
    replies    int[];      -- how many replies its thread has
    strangers  boolean[];  -- whether it names an upload that its author may not see
    unseen     boolean[];  -- whether it forwards a message that its author may not see
    at_time    timestamptz;
    serving_hub bigint;
BEGIN
    IF for_hub IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(posting_lock());
    END IF;
    IF parents IS NULL THEN  -- most batches have no reply
        PERFORM FROM users WHERE id = ANY (authors) ORDER BY id FOR KEY SHARE;
    ELSE
        roots := (SELECT array_agg(coalesce(p.root_id, d.parent) ORDER BY d.ord)
                    FROM unnest(parents) WITH ORDINALITY AS d (parent, ord)
                    LEFT JOIN messages p ON p.id = d.parent);
        PERFORM FROM users
          WHERE id = ANY (authors || ARRAY(SELECT m.author_id FROM messages m WHERE m.id = ANY (roots)))
          ORDER BY id FOR KEY SHARE;
    END IF;
    IF file_urls IS NOT NULL THEN  -- most batches name no file and skip this statement
        strangers := names_unseen_uploads(authors, places, file_urls);
    END IF;
    FOR attempt IN 1..2 LOOP  -- the second one after the missing dms were made
        SELECT array_agg(p.id ORDER BY p.ord), array_agg(p.workspace_id ORDER BY p.ord),
               array_agg(p.peer ORDER BY p.ord), array_agg(p.last_seq ORDER BY p.ord),
               array_agg(CASE
                   WHEN p.channel IS NOT NULL AND p.id IS NULL THEN 'channel_not_found'
                   WHEN p.author = p.peer THEN 'cannot_message_self'
                   WHEN p.author = 999 AND p.channel IS NOT NULL AND has_assistant() THEN NULL
                   WHEN p.peer IS NULL THEN refusal_in_channel(p.author, p.channel)
                   WHEN may_message(p.author, p.peer) THEN NULL
                   ELSE refusal_by_user(p.author, p.peer)
               END ORDER BY p.ord),
               (SELECT s.hub FROM serving s)
          INTO targets, workspaces, peers, heads, refusals, serving_hub
          FROM (SELECT t.ord, t.author, t.channel, c.id, c.workspace_id, c.last_seq,
                       coalesce(t.recipient, CASE t.author WHEN c.user_lo THEN c.user_hi
                                                           WHEN c.user_hi THEN c.user_lo END)
                           AS peer
                  FROM (SELECT p.ord, authors[p.ord] AS author, recipients[p.ord] AS recipient,
                               channel_ids[p.ord] AS channel,
                               coalesce(channel_ids[p.ord], (
                                   SELECT dm.id FROM channels dm
                                    WHERE dm.user_lo = least(authors[p.ord], recipients[p.ord])
                                      AND dm.user_hi = greatest(authors[p.ord], recipients[p.ord])))
                                   AS target
                          FROM generate_series(1, cardinality(authors)) AS p (ord)
                         ORDER BY target) AS t
                  LEFT JOIN LATERAL (SELECT id, workspace_id, user_lo, user_hi, last_seq FROM channels
                                      WHERE channels.id = t.target FOR NO KEY UPDATE) AS c ON true
               ) AS p;
        IF for_hub IS NOT NULL AND serving_hub IS DISTINCT FROM for_hub THEN
            verdict := 'not_serving';
            FOR draft IN 1..cardinality(places) LOOP
                RETURN NEXT;
            END LOOP;
            RETURN;
        END IF;
        EXIT WHEN attempt = 2 OR array_position(targets, NULL) IS NULL;

        WITH created AS (
            INSERT INTO channels (kind, user_lo, user_hi, name)
            SELECT DISTINCT 'dm', p.lo, p.hi, format('dm_%s_%s', p.lo, p.hi)
              FROM (SELECT least(d.author, d.recipient) AS lo,
                           greatest(d.author, d.recipient) AS hi
                      FROM unnest(authors, recipients, targets, refusals)
                           WITH ORDINALITY AS d (author, recipient, target, refusal, ord)
                     WHERE d.target IS NULL AND d.refusal IS NULL
                       -- a reply cannot be the first message: its parent is elsewhere
                       AND d.ord IN (SELECT f.place FROM unnest(places, parents, strangers, forwards)
                                         AS f (place, parent, is_stranger, original)
                                      WHERE f.parent IS NULL AND f.is_stranger IS NOT TRUE
                                        AND (f.original IS NULL OR EXISTS (
                                            SELECT FROM messages o
                                             WHERE o.id = f.original AND o.deleted_at IS NULL
                                               AND may_join(d.author, o.channel_id))))) AS p
            ON CONFLICT DO NOTHING
            RETURNING id, user_lo, user_hi
        )
        INSERT INTO channel_members (channel_id, user_id)
        SELECT c.id, member FROM created c, unnest(ARRAY[c.user_lo, c.user_hi]) AS member;
    END LOOP;

    IF forwards IS NOT NULL THEN  -- the same; each original is read once, so its copy is of one state
        SELECT array_agg(d.original IS NOT NULL AND o.id IS NULL ORDER BY d.ord),
               array_agg(CASE WHEN d.original IS NULL THEN d.content ELSE coalesce(o.content, '') END
                         ORDER BY d.ord),
               array_agg(CASE WHEN d.original IS NULL THEN d.kind ELSE coalesce(o.kind, d.kind) END
                         ORDER BY d.ord),
               array_agg(CASE WHEN d.original IS NULL THEN d.url ELSE o.file_url END ORDER BY d.ord)
          INTO unseen, contents, kinds, file_urls
          FROM unnest(places, contents, kinds, file_urls, forwards)
               WITH ORDINALITY AS d (place, content, kind, url, original, ord)
          LEFT JOIN messages o ON o.id = d.original AND o.deleted_at IS NULL
                              AND may_join(authors[d.place], o.channel_id);
    END IF;

    IF file_urls IS NOT NULL THEN  -- hold them, and look again: one may be gone by now
        PERFORM FROM uploads WHERE url = ANY (file_urls) ORDER BY url FOR KEY SHARE;
        strangers := names_unseen_uploads(authors, places, file_urls);
    END IF;

    IF parents IS NOT NULL THEN
        PERFORM FROM messages WHERE id = ANY (parents || roots) ORDER BY id FOR KEY SHARE;
        PERFORM FROM threads t WHERE (t.channel_id, t.root_id) IN (
            SELECT targets[d.place], d.root FROM unnest(places, roots) AS d (place, root))
          ORDER BY t.root_id FOR NO KEY UPDATE;
        SELECT array_agg(d.parent IS NOT NULL AND (r.channel_id = targets[d.place]
                             AND p.deleted_at IS NULL AND r.deleted_at IS NULL) IS NOT TRUE
                         ORDER BY d.ord),
               array_agg(coalesce(t.replies, 0) ORDER BY d.ord)
          INTO orphans, replies
          FROM unnest(places, parents, roots) WITH ORDINALITY AS d (place, parent, root, ord)
          LEFT JOIN messages p ON p.id = d.parent
          LEFT JOIN messages r ON r.id = d.root
          LEFT JOIN threads t ON t.channel_id = targets[d.place] AND t.root_id = d.root;
    END IF;

    at_time := date_trunc('milliseconds', clock_timestamp());
    RETURN QUERY
    WITH drafts AS MATERIALIZED (
        SELECT d.ord, places[d.ord] AS place, targets[places[d.ord]] AS channel_id,
               coalesce(refusals[places[d.ord]],
                        CASE WHEN orphans[d.ord] THEN 'parent_not_found'
                             WHEN unseen[d.ord] THEN 'original_not_found'
                             WHEN strangers[d.ord] THEN 'file_not_found' END) AS refusal,
               m.id AS known, m.seq AS known_seq, m.created_at AS known_at
          FROM generate_series(1, cardinality(places)) AS d (ord)
          LEFT JOIN messages m ON m.channel_id = targets[places[d.ord]]
                              AND m.author_id = authors[places[d.ord]] AND m.client_key = keys[d.ord]
    ), fresh AS MATERIALIZED (
        -- within a channel, ids grow with seqs
        SELECT nextval('messages_id_seq') AS id,
               heads[d.place] + row_number() OVER (PARTITION BY d.channel_id ORDER BY d.ord) AS seq,
               d.ord, d.place, d.channel_id
          FROM drafts d WHERE d.known IS NULL AND d.refusal IS NULL
    ), inserted AS (
        INSERT INTO messages (id, channel_id, seq, author_id, content, kind, file_url, is_homework,
                              client_key, parent_id, root_id, forwarded_id, created_at)
        SELECT f.id, f.channel_id, f.seq, authors[f.place], contents[f.ord],
               coalesce(kinds[f.ord], 'text'), file_urls[f.ord], coalesce(homework[f.ord], false),
               keys[f.ord], parents[f.ord], roots[f.ord], forwards[f.ord], at_time
          FROM fresh f
    ), advanced AS (
        -- of a dm also who wrote first, and whether the other one has; the assistant is neither
        UPDATE channels c
           SET last_seq = n.seq, last_id = n.id,
               opened_by = CASE WHEN c.kind = 'dm' THEN coalesce(c.opened_by, n.one) END,
               answered = c.answered OR (c.kind = 'dm' AND coalesce(
                   n.one <> n.other OR n.one <> c.opened_by, false))
          FROM (SELECT f.channel_id, max(f.seq) AS seq, max(f.id) AS id,
                       min(nullif(authors[f.place], 999)) AS one,
                       max(nullif(authors[f.place], 999)) AS other
                  FROM fresh f GROUP BY f.channel_id) AS n
         WHERE c.id = n.channel_id
    )
    SELECT f.ord, 'posted', f.id, f.channel_id, workspaces[f.place], peers[f.place], f.seq, at_time,
           CASE WHEN askers[f.ord] IS NULL THEN '{}'
                ELSE read_answer(askers[f.ord], f.channel_id, f.seq) END,
           askers[f.ord] IS NOT NULL, roots[f.ord], replies[f.ord]
      FROM fresh f
    UNION ALL
    -- A repeat is confirmed even if its author may no longer write there, but then without who has
    -- read it.
    SELECT d.ord, s.verdict, d.known, d.channel_id, workspaces[d.place], peers[d.place],
           d.known_seq, d.known_at, s.readers, s.delivered, NULL, NULL
      FROM drafts d
     CROSS JOIN LATERAL stored_before(
           d.channel_id, d.known_seq, refusals[d.place] IS NULL, contents[d.ord],
           coalesce(kinds[d.ord], 'text'), file_urls[d.ord], parents[d.ord], forwards[d.ord]) AS s
     WHERE d.known IS NOT NULL
    UNION ALL
    SELECT d.ord, d.refusal, NULL, d.channel_id, workspaces[d.place], peers[d.place],
           NULL, NULL, '{}', false, NULL, NULL
      FROM drafts d WHERE d.known IS NULL AND d.refusal IS NOT NULL;
END $$;
