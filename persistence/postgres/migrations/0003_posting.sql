-- Storing private messages, a batch in one statement: permission, repeats, seq and insert together,
-- so that they cannot disagree and the cost is shared.
--
-- Input: one array element per draft. Output: one row per draft, with
--   verdict  'posted', 'repeated', or why not: 'recipient_not_found', 'cannot_message_self',
--            'not_allowed', 'key_conflict'
--   the message's id, channel, seq, time and read status where there is one.
--
-- Each statement below sees what was committed before it began (READ COMMITTED), so what is read
-- after the channels are locked is final for them. Two batches that use one key in two channels at
-- the same time collide on messages_key: one fails as a whole, without a hole in any seq, and is
-- repeated by the caller.
CREATE FUNCTION post_private_messages(
    authors bigint[], recipients bigint[], contents text[],
    keys text[], kinds text[], file_urls text[]
) RETURNS TABLE (
    draft int, verdict text, message_id bigint, in_channel bigint, at_seq bigint,
    posted_at timestamptz, read boolean
) LANGUAGE plpgsql AS $$
DECLARE
    refusals text[];
BEGIN
    SELECT array_agg(CASE
               WHEN d.author = d.recipient THEN 'cannot_message_self'
               WHEN NOT EXISTS (SELECT FROM users u WHERE u.id = d.recipient)
                   THEN 'recipient_not_found'
               -- who repeats what was stored learns that it was, whatever is allowed by now
               WHEN NOT may_message(d.author, d.recipient)
                    AND NOT EXISTS (SELECT FROM messages m
                                     WHERE m.author_id = d.author AND m.client_key = d.key)
                   THEN 'not_allowed'
           END ORDER BY d.ord)
      INTO refusals
      FROM unnest(authors, recipients, keys) WITH ORDINALITY AS d (author, recipient, key, ord);

    WITH created AS (
        INSERT INTO channels (kind, user_lo, user_hi, name)
        SELECT DISTINCT 'dm', p.lo, p.hi, format('dm_%s_%s', p.lo, p.hi)
          FROM (SELECT least(d.author, d.recipient) AS lo, greatest(d.author, d.recipient) AS hi
                  FROM unnest(authors, recipients, refusals) AS d (author, recipient, refusal)
                 WHERE d.refusal IS NULL) AS p
         WHERE NOT EXISTS (SELECT FROM channels c WHERE c.user_lo = p.lo AND c.user_hi = p.hi)
        ON CONFLICT DO NOTHING
        RETURNING id, user_lo, user_hi
    )
    INSERT INTO channel_members (channel_id, user_id)
    SELECT c.id, member FROM created c, unnest(ARRAY[c.user_lo, c.user_hi]) AS member;

    PERFORM FROM channels c
       JOIN (SELECT DISTINCT least(d.author, d.recipient) AS lo,
                             greatest(d.author, d.recipient) AS hi
               FROM unnest(authors, recipients, refusals) AS d (author, recipient, refusal)
              WHERE d.refusal IS NULL) AS p
         ON c.user_lo = p.lo AND c.user_hi = p.hi
      ORDER BY c.id
        FOR NO KEY UPDATE OF c;

    RETURN QUERY
    WITH allowed AS (
        SELECT d.ord::int AS ord, d.author, d.recipient, d.content, d.key, d.kind, d.file_url,
               c.id AS channel_id, c.last_seq,
               -- of several drafts with one key the first holds it
               CASE WHEN d.key IS NOT NULL
                    THEN min(d.ord) OVER (PARTITION BY d.author, d.key) ELSE d.ord END AS holder
          FROM unnest(authors, recipients, contents, keys, kinds, file_urls, refusals)
               WITH ORDINALITY AS d (author, recipient, content, key, kind, file_url, refusal, ord)
          JOIN channels c ON c.user_lo = least(d.author, d.recipient)
                         AND c.user_hi = greatest(d.author, d.recipient)
         WHERE d.refusal IS NULL
    ), known AS (
        SELECT a.ord, m.id, m.channel_id, m.seq, m.created_at,
               m.channel_id = a.channel_id AND m.content = a.content AS same,
               EXISTS (SELECT FROM receipts r
                        WHERE r.channel_id = m.channel_id AND r.user_id = a.recipient
                          AND r.read_seq >= m.seq) AS read
          FROM allowed a
          JOIN messages m ON m.author_id = a.author AND m.client_key = a.key
    ), fresh AS (
        SELECT a.*, a.last_seq + row_number() OVER (PARTITION BY a.channel_id ORDER BY a.ord) AS seq
          FROM allowed a
         WHERE a.holder = a.ord AND NOT EXISTS (SELECT FROM known k WHERE k.ord = a.ord)
    ), inserted AS (
        INSERT INTO messages (channel_id, seq, author_id, content, kind, file_url, client_key)
        SELECT f.channel_id, f.seq, f.author, f.content, f.kind, f.file_url, f.key
          FROM fresh f ORDER BY f.ord
        RETURNING messages.id, messages.channel_id, messages.seq, messages.created_at
    ), advanced AS (
        UPDATE channels c SET last_seq = n.seq
          FROM (SELECT f.channel_id, max(f.seq) AS seq FROM fresh f GROUP BY f.channel_id) AS n
         WHERE c.id = n.channel_id
    ), stored AS (
        SELECT f.ord, f.content, i.*
          FROM fresh f JOIN inserted i ON i.channel_id = f.channel_id AND i.seq = f.seq
    )
    SELECT s.ord, 'posted', s.id, s.channel_id, s.seq, s.created_at, false
      FROM stored s
    UNION ALL
    SELECT k.ord, CASE WHEN k.same THEN 'repeated' ELSE 'key_conflict' END,
           k.id, k.channel_id, k.seq, k.created_at, k.read
      FROM known k
    UNION ALL
    SELECT a.ord,
           CASE WHEN s.channel_id = a.channel_id AND s.content = a.content
                THEN 'repeated' ELSE 'key_conflict' END,
           s.id, s.channel_id, s.seq, s.created_at, false
      FROM allowed a JOIN stored s ON s.ord = a.holder
     WHERE a.holder <> a.ord
    UNION ALL
    SELECT d.ord::int, d.refusal, NULL, NULL, NULL, NULL, NULL
      FROM unnest(refusals) WITH ORDINALITY AS d (refusal, ord)
     WHERE d.refusal IS NOT NULL;
END $$;
