-- Workspaces' channels: homework, deletion, pins, uploads, archived conversations, the assistant;
-- and one posting function for private messages and channels alike.

ALTER TABLE messages
    ADD COLUMN is_homework boolean NOT NULL DEFAULT false,
    ADD COLUMN grading text CHECK (grading IN ('pending', 'graded')),
    ADD COLUMN parent_id bigint REFERENCES messages,
    ADD COLUMN deleted_at timestamptz;  -- the row stays, without content: seq has no holes
CREATE INDEX messages_parent ON messages (parent_id, seq) WHERE parent_id IS NOT NULL;
CREATE INDEX messages_file ON messages (file_url) WHERE file_url IS NOT NULL;

ALTER TABLE workspace_members ADD COLUMN joined_at timestamptz NOT NULL DEFAULT clock_timestamp();

-- Up to here the user does not want to see the conversation in their list.
ALTER TABLE receipts ADD COLUMN archived_seq bigint NOT NULL DEFAULT 0;

CREATE TABLE pins (
    channel_id bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    pinned_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel_id, message_id)
);
CREATE INDEX pins_message ON pins (message_id);

CREATE TABLE uploads (
    url        text PRIMARY KEY,
    owner_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    mime_type  text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX uploads_owner ON uploads (owner_id);

-- What several hubs on one database must agree on.
CREATE TABLE secrets (
    name  text PRIMARY KEY,
    value text NOT NULL
);

INSERT INTO users (id, username, name, role, password_hash) OVERRIDING SYSTEM VALUE
VALUES (999, 'AI Tutor', 'AI Tutor', 'assistant', 'none');

-- An ended session is told to every hub, whoever ended it.
CREATE FUNCTION announce_ended_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parlour_sessions', OLD.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_announce_end AFTER DELETE ON sessions
    FOR EACH ROW EXECUTE FUNCTION announce_ended_session();

-- Storing messages, a batch in one statement: permission, repeats, seq and insert together, so that
-- they cannot disagree and the cost is shared. A draft names a recipient or a channel.
--
-- Input: one array element per draft. Output: one row per draft, with
--   verdict  'posted', 'repeated', or why not: 'recipient_not_found', 'cannot_message_self',
--            'not_allowed', 'channel_not_found', 'not_a_member', 'key_conflict'
--   the message's id, channel, workspace, peer (in a dm), seq, time, readers and whether it was
--   delivered, where there is one.
-- Whom the assistant answers (`askers`) has read the answer.
--
-- Each statement below sees what was committed before it began (READ COMMITTED), so what is read
-- after the channels are locked is final for them. Two batches that use one key in two channels at
-- the same time collide on messages_key: one fails as a whole, without a hole in any seq, and is
-- repeated by the caller.
DROP FUNCTION post_private_messages;
CREATE FUNCTION post_messages(
    authors bigint[], recipients bigint[], channel_ids bigint[], contents text[],
    keys text[], kinds text[], file_urls text[], homework boolean[], askers bigint[],
    parents bigint[]
) RETURNS TABLE (
    draft int, verdict text, message_id bigint, in_channel bigint, in_workspace bigint,
    peer bigint, at_seq bigint, posted_at timestamptz, readers bigint[], delivered boolean
) LANGUAGE plpgsql AS $$
DECLARE
    peers    bigint[];  -- the other side of each draft's dm; null in other channels
    refusals text[];
    targets  bigint[];  -- the channel of each draft that may be stored
BEGIN
    SELECT array_agg(p.peer ORDER BY p.ord),
           array_agg(CASE
               WHEN p.channel IS NOT NULL AND p.kind IS NULL THEN 'channel_not_found'
               WHEN p.author = p.peer THEN 'cannot_message_self'
               WHEN p.peer IS NOT NULL AND NOT EXISTS (SELECT FROM users u WHERE u.id = p.peer)
                   THEN 'recipient_not_found'
               WHEN p.author = 999 AND p.channel IS NOT NULL THEN NULL  -- the assistant was asked
               -- who repeats what was stored learns that it was, whatever is allowed by now
               WHEN EXISTS (SELECT FROM messages m
                             WHERE m.author_id = p.author AND m.client_key = p.key) THEN NULL
               WHEN p.peer IS NULL AND NOT may_join(p.author, p.channel) THEN 'not_a_member'
               WHEN p.peer IS NOT NULL AND NOT may_message(p.author, p.peer) THEN 'not_allowed'
           END ORDER BY p.ord)
      INTO peers, refusals
      FROM (SELECT d.ord, d.author, d.channel, d.key, c.kind,
                   coalesce(d.recipient, CASE d.author WHEN c.user_lo THEN c.user_hi
                                                       WHEN c.user_hi THEN c.user_lo END) AS peer
              FROM unnest(authors, recipients, channel_ids, keys)
                   WITH ORDINALITY AS d (author, recipient, channel, key, ord)
              LEFT JOIN channels c ON c.id = d.channel) AS p;

    WITH created AS (
        INSERT INTO channels (kind, user_lo, user_hi, name)
        SELECT DISTINCT 'dm', p.lo, p.hi, format('dm_%s_%s', p.lo, p.hi)
          FROM (SELECT least(d.author, d.recipient) AS lo, greatest(d.author, d.recipient) AS hi
                  FROM unnest(authors, recipients, refusals) AS d (author, recipient, refusal)
                 WHERE d.refusal IS NULL AND d.recipient IS NOT NULL) AS p
         WHERE NOT EXISTS (SELECT FROM channels c WHERE c.user_lo = p.lo AND c.user_hi = p.hi)
        ON CONFLICT DO NOTHING
        RETURNING id, user_lo, user_hi
    )
    INSERT INTO channel_members (channel_id, user_id)
    SELECT c.id, member FROM created c, unnest(ARRAY[c.user_lo, c.user_hi]) AS member;

    SELECT array_agg(coalesce(d.channel, c.id) ORDER BY d.ord)
      INTO targets
      FROM unnest(authors, recipients, channel_ids)
           WITH ORDINALITY AS d (author, recipient, channel, ord)
      LEFT JOIN channels c ON c.user_lo = least(d.author, d.recipient)
                          AND c.user_hi = greatest(d.author, d.recipient);

    PERFORM FROM channels c
      WHERE c.id IN (SELECT t.target FROM unnest(targets, refusals) AS t (target, refusal)
                      WHERE t.refusal IS NULL)
      ORDER BY c.id
        FOR NO KEY UPDATE OF c;

    RETURN QUERY
    WITH allowed AS (
        SELECT d.ord::int AS ord, d.author, d.peer, d.content, d.key, d.kind, d.file_url,
               d.is_homework, d.asker, d.parent, c.id AS channel_id, c.workspace_id, c.last_seq,
               -- of several drafts with one key the first holds it
               CASE WHEN d.key IS NOT NULL
                    THEN min(d.ord) OVER (PARTITION BY d.author, d.key) ELSE d.ord END AS holder
          FROM unnest(authors, peers, targets, contents, keys, kinds, file_urls, homework, askers,
                      parents, refusals)
               WITH ORDINALITY AS d (author, peer, target, content, key, kind, file_url,
                                     is_homework, asker, parent, refusal, ord)
          JOIN channels c ON c.id = d.target
         WHERE d.refusal IS NULL
    ), known AS (
        SELECT a.ord, a.workspace_id, a.peer, m.id, m.channel_id, m.seq, m.created_at,
               m.channel_id = a.channel_id AND m.content = a.content AS same,
               ARRAY(SELECT r.user_id FROM receipts r
                      WHERE r.channel_id = m.channel_id AND r.user_id <> m.author_id
                        AND r.read_seq >= m.seq ORDER BY r.user_id) AS readers,
               EXISTS (SELECT FROM receipts r
                        WHERE r.channel_id = m.channel_id AND r.user_id <> m.author_id
                          AND r.delivered_seq >= m.seq) AS delivered
          FROM allowed a
          JOIN messages m ON m.author_id = a.author AND m.client_key = a.key
    ), fresh AS (
        SELECT a.*, a.last_seq + row_number() OVER (PARTITION BY a.channel_id ORDER BY a.ord) AS seq
          FROM allowed a
         WHERE a.holder = a.ord AND NOT EXISTS (SELECT FROM known k WHERE k.ord = a.ord)
    ), inserted AS (
        INSERT INTO messages (channel_id, seq, author_id, content, kind, file_url, is_homework,
                              client_key, parent_id)
        SELECT f.channel_id, f.seq, f.author, f.content, f.kind, f.file_url, f.is_homework, f.key,
               f.parent
          FROM fresh f ORDER BY f.ord
        RETURNING messages.id, messages.channel_id, messages.seq, messages.created_at
    ), advanced AS (
        UPDATE channels c SET last_seq = n.seq
          FROM (SELECT f.channel_id, max(f.seq) AS seq FROM fresh f GROUP BY f.channel_id) AS n
         WHERE c.id = n.channel_id
    ), stored AS (
        SELECT f.ord, f.content, f.workspace_id, f.peer, f.asker, i.*
          FROM fresh f JOIN inserted i ON i.channel_id = f.channel_id AND i.seq = f.seq
    ), answered AS (
        INSERT INTO receipts AS r (channel_id, user_id, delivered_seq, read_seq)
        SELECT s.channel_id, s.asker, max(s.seq), max(s.seq) FROM stored s
         WHERE s.asker IS NOT NULL GROUP BY s.channel_id, s.asker
        ON CONFLICT (channel_id, user_id) DO UPDATE
           SET read_seq = greatest(r.read_seq, EXCLUDED.read_seq),
               delivered_seq = greatest(r.delivered_seq, EXCLUDED.delivered_seq)
    )
    SELECT s.ord, 'posted', s.id, s.channel_id, s.workspace_id, s.peer, s.seq, s.created_at,
           array_remove(ARRAY[s.asker], NULL), s.asker IS NOT NULL
      FROM stored s
    UNION ALL
    SELECT k.ord, CASE WHEN k.same THEN 'repeated' ELSE 'key_conflict' END,
           k.id, k.channel_id, k.workspace_id, k.peer, k.seq, k.created_at, k.readers,
           k.delivered
      FROM known k
    UNION ALL
    SELECT a.ord,
           CASE WHEN s.channel_id = a.channel_id AND s.content = a.content
                THEN 'repeated' ELSE 'key_conflict' END,
           s.id, s.channel_id, s.workspace_id, s.peer, s.seq, s.created_at, '{}'::bigint[],
           false
      FROM allowed a JOIN stored s ON s.ord = a.holder
     WHERE a.holder <> a.ord
    UNION ALL
    SELECT d.ord::int, d.refusal, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
      FROM unnest(refusals) WITH ORDINALITY AS d (refusal, ord)
     WHERE d.refusal IS NOT NULL;
END $$;
