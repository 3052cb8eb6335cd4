-- Changes stored messages: a batch of revisions in one transaction, each of which decides permission,
-- repeats and the next rev of its channel together.
--
-- Input, one element per revision:
--   users, ids       the user who makes the change, and the message
--   actions          'edit', 'delete', 'react', 'unreact', 'pin', 'unpin', 'grade'
--   given            the candidates for mentions of an edit, see mentions.sql
--   contents         the text of an edit, the emoji of a reaction, the status of a grade; else ''
--   keys             the user's idempotency key; NULL: none
--   edit_seconds, keep_versions  see RevisionRules in persistence/contents/revisions.py
-- `for_hub`: as in post_messages. `waits`: whether to wait for channels that another transaction holds.
-- Output: one row per revision, with
--   verdict  'revised'; 'unchanged' (it already was so, or this is a repeat); 'locked' (another
--            transaction holds the channel); or why not: 'not_found', 'not_allowed', 'not_yours',
--            'too_late', 'too_many_reactions', 'key_conflict';
--            'not_serving': nothing of the batch was done, another hub serves this database
--   rev      of the channel, if it was 'revised'
--   mentioned, unmentioned  the users who are mentioned now and were not before, and the reverse
--
-- Locks: first the users, then the channels, the messages, and the threads that lose replies, each in the
-- order of their ids, whatever the order of the batch is: as post_messages and hold_messages. Each statement
-- sees what was committed before it began: statements after the lock of a channel see all of its revisions
-- and their keys.

DROP FUNCTION IF EXISTS revise_messages;
CREATE FUNCTION revise_messages(
    users bigint[], ids bigint[], actions text[], contents text[], keys text[],
    edit_seconds double precision[], keep_versions boolean[], given jsonb[], for_hub bigint, waits boolean
) RETURNS TABLE (draft int, verdict text, rev bigint, mentioned bigint[], unmentioned bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    held bigint[];  -- the channels that no other transaction holds
BEGIN
    IF for_hub IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(posting_lock());
        IF for_hub IS DISTINCT FROM (SELECT s.hub FROM serving s) THEN
            RETURN QUERY SELECT i, 'not_serving', NULL::bigint, NULL::bigint[], NULL::bigint[] FROM generate_subscripts(ids, 1) AS i;
            RETURN;
        END IF;
    END IF;
    PERFORM FROM users u WHERE u.id = ANY (revise_messages.users) ORDER BY u.id FOR KEY SHARE;
    IF waits THEN
        held := ARRAY(SELECT c.id FROM channels c
                       WHERE c.id IN (SELECT m.channel_id FROM messages m WHERE m.id = ANY (ids))
                       ORDER BY c.id FOR NO KEY UPDATE);
    ELSE
        held := ARRAY(SELECT c.id FROM channels c
                       WHERE c.id IN (SELECT m.channel_id FROM messages m WHERE m.id = ANY (ids))
                         FOR NO KEY UPDATE SKIP LOCKED);
    END IF;
    PERFORM FROM messages m WHERE m.id = ANY (ids) AND m.channel_id = ANY (held)
      ORDER BY m.id FOR NO KEY UPDATE;
    PERFORM FROM threads t
      WHERE (t.channel_id, t.root_id) IN (
            SELECT m.channel_id, m.root_id FROM unnest(ids, actions) AS d (id, action)
              JOIN messages m ON m.id = d.id AND m.channel_id = ANY (held)
             WHERE d.action = 'delete')
      ORDER BY t.root_id FOR NO KEY UPDATE;
    FOR number IN 1..coalesce(cardinality(ids), 0) LOOP
        SELECT number, r.verdict, r.rev, r.mentioned, r.unmentioned
          INTO draft, verdict, rev, mentioned, unmentioned
          FROM revise_message(users[number], ids[number], actions[number], contents[number],
                              keys[number], edit_seconds[number], keep_versions[number],
                              given[number], held) AS r;
        RETURN NEXT;
    END LOOP;
END $$;

DROP FUNCTION IF EXISTS revise_message;
CREATE FUNCTION revise_message(
    who bigint, of_message bigint, action text, given text, used_key text,
    edit_seconds double precision, keep_versions boolean, may_mention jsonb, held bigint[],
    OUT verdict text, OUT rev bigint, OUT mentioned bigint[], OUT unmentioned bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    place      bigint := (SELECT m.channel_id FROM messages m WHERE m.id = of_message);
    message    messages;
    meaning    bytea := sha256(convert_to(concat_ws(' ', of_message, action, given), 'UTF8'));
    known      revision_keys;
    is_changed boolean;
    were       bigint[];  -- mentioned before
    are        bigint[];  -- and now
BEGIN
    IF place IS NULL THEN
        verdict := 'not_found';
        RETURN;
    END IF;
    IF place <> ALL (held) THEN
        verdict := CASE WHEN EXISTS (SELECT FROM channels c WHERE c.id = place)
                        THEN 'locked' ELSE 'not_found' END;
        RETURN;
    END IF;
    IF NOT may_in_channel(who, 'see', place) THEN
        verdict := 'not_found';
        RETURN;
    END IF;
    IF used_key IS NOT NULL THEN
        SELECT * INTO known FROM revision_keys k
         WHERE k.channel_id = place AND k.user_id = who AND k.client_key = used_key;
        IF FOUND THEN
            verdict := CASE WHEN known.revision = meaning THEN 'unchanged' ELSE 'key_conflict' END;
            RETURN;
        END IF;
    END IF;
    SELECT * INTO message FROM messages m
     WHERE m.channel_id = place AND m.id = of_message AND m.deleted_at IS NULL;
    IF NOT FOUND THEN
        verdict := 'not_found';
        RETURN;
    END IF;
    -- the content of a copy is another user's
    IF action = 'edit' AND (message.author_id <> who OR message.forwarded_id IS NOT NULL) THEN
        verdict := 'not_yours';
        RETURN;
    END IF;
    IF NOT may_in_channel(who, CASE
            WHEN action = 'delete' AND message.author_id = who THEN 'delete_own'
            WHEN action = 'delete' THEN 'delete_others'
            WHEN action = 'unpin' THEN 'pin'
            WHEN action = 'unreact' THEN 'react'
            ELSE action END, place) THEN
        verdict := 'not_allowed';
        RETURN;
    END IF;
    IF action = 'edit' AND message.created_at < clock_timestamp() - edit_seconds * interval '1 s' THEN
        verdict := 'too_late';
        RETURN;
    END IF;

    CASE action
    WHEN 'edit' THEN
        is_changed := message.content <> given;
    WHEN 'delete' THEN
        is_changed := true;
    WHEN 'react' THEN
        is_changed := NOT EXISTS (SELECT FROM reactions r
                                   WHERE r.channel_id = place AND r.message_id = of_message
                                     AND r.emoji = given AND r.user_id = who);
        IF is_changed AND NOT EXISTS (SELECT FROM reactions r
                                       WHERE r.channel_id = place AND r.message_id = of_message
                                         AND r.emoji = given)
           AND (SELECT count(DISTINCT r.emoji) FROM reactions r
                 WHERE r.channel_id = place AND r.message_id = of_message) >= 50 THEN
            verdict := 'too_many_reactions';
            RETURN;
        END IF;
    WHEN 'unreact' THEN
        is_changed := EXISTS (SELECT FROM reactions r
                               WHERE r.channel_id = place AND r.message_id = of_message
                                 AND r.emoji = given AND r.user_id = who);
    WHEN 'pin' THEN
        is_changed := NOT EXISTS (SELECT FROM pins p
                                   WHERE p.channel_id = place AND p.message_id = of_message);
    WHEN 'unpin' THEN
        is_changed := EXISTS (SELECT FROM pins p
                               WHERE p.channel_id = place AND p.message_id = of_message);
    WHEN 'grade' THEN
        is_changed := message.grading IS DISTINCT FROM given;
    END CASE;

    IF used_key IS NOT NULL THEN
        INSERT INTO revision_keys (channel_id, user_id, client_key, message_id, revision)
        VALUES (place, who, used_key, of_message, meaning);
    END IF;
    IF NOT is_changed THEN
        verdict := 'unchanged';
        RETURN;
    END IF;
    UPDATE channels c SET last_rev = c.last_rev + 1, revised_id = nextval('messages_id_seq')
     WHERE c.id = place
    RETURNING c.last_rev INTO rev;

    IF action IN ('edit', 'delete') THEN
        were := mentioned_by(place, of_message);
    END IF;
    CASE action
    WHEN 'edit' THEN
        IF keep_versions THEN
            INSERT INTO message_versions (channel_id, message_id, rev, content, until)
            VALUES (place, of_message, revise_message.rev, message.content, clock_timestamp());
        END IF;
        UPDATE messages m
           SET content = given, edited_at = date_trunc('milliseconds', clock_timestamp()),
               rev = revise_message.rev, remains = remains_kept(m)
         WHERE m.channel_id = place AND m.id = of_message;
        PERFORM set_mentions(place, of_message, may_mention);
        are := mentioned_by(place, of_message);
    WHEN 'delete' THEN
        PERFORM set_mentions(place, of_message, NULL);
        DELETE FROM pins p WHERE p.channel_id = place AND p.message_id = of_message;
        DELETE FROM reactions r WHERE r.channel_id = place AND r.message_id = of_message;
        DELETE FROM message_versions v WHERE v.channel_id = place AND v.message_id = of_message;
        UPDATE messages m
           SET content = '', file_url = NULL, deleted_at = clock_timestamp(), rev = revise_message.rev,
               remains = remains_kept(m)
         WHERE m.channel_id = place AND m.id = of_message;
    WHEN 'react' THEN
        INSERT INTO reactions (channel_id, message_id, user_id, emoji)
        VALUES (place, of_message, who, given);
    WHEN 'unreact' THEN
        DELETE FROM reactions r
         WHERE r.channel_id = place AND r.message_id = of_message AND r.emoji = given
           AND r.user_id = who;
    WHEN 'pin' THEN
        INSERT INTO pins (channel_id, message_id) VALUES (place, of_message);
    WHEN 'unpin' THEN
        DELETE FROM pins p WHERE p.channel_id = place AND p.message_id = of_message;
    WHEN 'grade' THEN
        UPDATE messages m SET grading = given WHERE m.channel_id = place AND m.id = of_message;
    END CASE;
    UPDATE messages m SET rev = revise_message.rev
     WHERE m.channel_id = place AND m.id = of_message AND m.rev <> revise_message.rev;
    mentioned := ARRAY(SELECT unnest(are) EXCEPT SELECT unnest(were));
    unmentioned := ARRAY(SELECT unnest(were) EXCEPT SELECT unnest(are));
    verdict := 'revised';
END $$;

-- The value of `remains` for a message that is edited or deleted: see remains_of. NULL: it has no key.
CREATE OR REPLACE FUNCTION remains_kept(message messages) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(message.remains, CASE WHEN message.client_key IS NOT NULL
                    THEN remains_of(message.content, message.file_url) END)
$$;

-- The reactions of a message as JSON, the oldest first: emoji, number of users, and the first 50 of them.
DROP FUNCTION IF EXISTS reactions_of;
CREATE FUNCTION reactions_of(place bigint, of_message bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_agg(json_build_array(g.emoji, g.count, g.user_ids[1:50]) ORDER BY g.first)::text
      FROM (SELECT r.emoji, count(*) AS count, min(r.id) AS first,
                   array_agg(r.user_id ORDER BY r.id) AS user_ids
              FROM reactions r WHERE r.channel_id = place AND r.message_id = of_message
             GROUP BY r.emoji) AS g
$$;
