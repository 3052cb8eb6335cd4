-- The mentions of messages.
--
-- `given` has the candidates for mentions in a content (`Candidates` in protocol/parsing/mentions.py), as
-- JSON: {"names": [[name, bare], ...], "channel": boolean}; NULL: there are none.

-- Decides which users a stored message mentions: those with one of the names who may see the message,
-- without its author, and without users who block the author or are blocked; and the channel, if the author
-- may mention it. An unknown name gives the same result as that of a user who may not see the message. An
-- account that another transaction is deleting or renaming is not waited for, and not mentioned.
DROP FUNCTION IF EXISTS set_mentions;
CREATE FUNCTION set_mentions(place bigint, of_message bigint, given jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mentions n WHERE n.channel_id = place AND n.message_id = of_message;
    IF given IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO mentions (message_id, user_id, channel_id, seq)
    SELECT m.id, u.id, m.channel_id, m.seq
      FROM messages m
     CROSS JOIN LATERAL (
           SELECT held.id FROM users held
            WHERE held.id IN (
                  SELECT DISTINCT ON (name.ord) named.id
                    FROM jsonb_array_elements(given -> 'names') WITH ORDINALITY AS name (pair, ord)
                    JOIN users named ON named.username_key IN (name.pair ->> 0, name.pair ->> 1)
                   WHERE named.id <> m.author_id AND named.deleted_at IS NULL
                     AND may_join(named.id, m.channel_id)
                     AND named.id NOT IN (SELECT hidden_from(m.author_id))
                   ORDER BY name.ord, named.username_key = name.pair ->> 0 DESC)
              FOR KEY SHARE SKIP LOCKED) AS u
     WHERE m.channel_id = place AND m.id = of_message;
    INSERT INTO mentions (message_id, user_id, channel_id, seq)
    SELECT m.id, NULL, m.channel_id, m.seq FROM messages m
     WHERE m.channel_id = place AND m.id = of_message AND (given -> 'channel')::boolean
       AND may_in_channel(m.author_id, 'mention_channel', m.channel_id);
END $$;

-- The users who get an event that a message mentions them: by name or, if it mentions the channel, as
-- members of the channel or its workspace at that time who have not muted the channel; only users who may see
-- the message and have not hidden it, and without a block between them and the author.
DROP FUNCTION IF EXISTS mentioned_by;
CREATE FUNCTION mentioned_by(place bigint, of_message bigint) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT array_agg(DISTINCT who.id ORDER BY who.id)
      FROM mentions n
      JOIN messages m ON m.channel_id = n.channel_id AND m.id = n.message_id
      JOIN channels c ON c.id = m.channel_id
     CROSS JOIN LATERAL (
           SELECT n.user_id AS id WHERE may_join(n.user_id, c.id)
           UNION ALL
           SELECT w.user_id FROM (
               SELECT user_id FROM workspace_members WHERE workspace_id = c.workspace_id
                  AND date_trunc('milliseconds', joined_at) <= m.created_at
               UNION ALL
               SELECT user_id FROM channel_members WHERE channel_id = c.id
                  AND date_trunc('milliseconds', joined_at) <= m.created_at) AS w
            WHERE n.user_id IS NULL AND NOT EXISTS (
                  SELECT FROM receipts r WHERE r.channel_id = c.id AND r.user_id = w.user_id
                     AND r.muted_until > now())) AS who
     WHERE n.channel_id = place AND n.message_id = of_message AND who.id <> m.author_id
       AND NOT is_hidden_from(who.id, c.id, m.id)
       AND who.id NOT IN (SELECT hidden_from(m.author_id)));
END $$;

-- Since when `who` is in a channel or its workspace, in milliseconds like the times of messages.
CREATE OR REPLACE FUNCTION member_since(who bigint, place bigint, workspace bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT date_trunc('milliseconds', least(
           (SELECT w.joined_at FROM workspace_members w WHERE w.workspace_id = workspace AND w.user_id = who),
           (SELECT n.joined_at FROM channel_members n WHERE n.channel_id = place AND n.user_id = who)))
$$;

-- The newest messages below an id that mention the whole channel, for a user `who` who has not muted it. They
-- are read one after the other, up to the last one needed or the first one from before `who` joined.
CREATE OR REPLACE FUNCTION channel_mentions(who bigint, place bigint, before bigint, at_most bigint)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE older AS (
        SELECT before AS id, NULL::bigint AS author_id, false AS is_shown,
               (SELECT member_since(who, c.id, c.workspace_id) FROM channels c
                 WHERE c.id = place AND may_join(who, c.id)) AS since
        UNION ALL
        SELECT m.id, m.author_id, m.deleted_at IS NULL AND m.author_id <> who, w.since
          FROM older w
         CROSS JOIN LATERAL (
               SELECT o.message_id FROM mentions o
                WHERE o.user_id IS NULL AND o.channel_id = place AND o.message_id < w.id
                ORDER BY o.message_id DESC LIMIT 1) AS n
         CROSS JOIN LATERAL (
               SELECT * FROM messages l WHERE l.channel_id = place AND l.id = n.message_id LIMIT 1) AS m
         WHERE m.created_at >= w.since
    )
    SELECT w.id FROM older w
     WHERE w.is_shown AND NOT is_hidden_from(who, place, w.id) AND w.author_id NOT IN (SELECT hidden_from(who))
     LIMIT at_most;
END $$;

-- The mentions of a message, as JSON: null for the channel, else id and username; NULL: none.
DROP FUNCTION IF EXISTS mentions_of;
CREATE FUNCTION mentions_of(place bigint, of_message bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_agg(CASE WHEN u.id IS NOT NULL THEN json_build_array(u.id, u.username) END
                    ORDER BY u.id NULLS FIRST)::text
      FROM mentions n LEFT JOIN users u ON u.id = n.user_id
     WHERE n.channel_id = place AND n.message_id = of_message
$$;

-- As post_messages, for a batch in which a draft may have mentions; `given` has an element for each draft.
-- Returns also the mentions of a posted message (see mentions_of), and the users who get an event for them.
DROP FUNCTION IF EXISTS post_mentioning;
CREATE FUNCTION post_mentioning(
    authors bigint[], recipients bigint[], channel_ids bigint[],
    places int[], contents text[], keys text[], kinds text[], file_urls text[],
    homework boolean[], askers bigint[], parents bigint[], forwards bigint[], for_hub bigint, given jsonb[]
) RETURNS TABLE (
    draft int, verdict text, message_id bigint, in_channel bigint, in_workspace bigint,
    peer bigint, at_seq bigint, posted_at timestamptz, readers bigint[], delivered boolean,
    thread bigint, replies_before int, mentions text, told bigint[]
) LANGUAGE plpgsql AS $$
BEGIN
    FOR draft, verdict, message_id, in_channel, in_workspace, peer, at_seq, posted_at, readers, delivered, thread,
        replies_before
     IN SELECT * FROM post_messages(authors, recipients, channel_ids, places, contents, keys, kinds,
                                    file_urls, homework, askers, parents, forwards, for_hub)
    LOOP
        mentions := NULL;
        told := NULL;
        IF verdict = 'posted' AND given[draft] IS NOT NULL THEN
            PERFORM set_mentions(in_channel, message_id, given[draft]);
            mentions := mentions_of(in_channel, message_id);
            told := mentioned_by(in_channel, message_id);
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
