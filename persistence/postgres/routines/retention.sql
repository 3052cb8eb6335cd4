-- Removing messages that are older than the retention.

-- Removes at most `at_most` messages of the first `places` channels with an id above `above`: those
-- older than the days of their workspace or, where it has none and in dms, than `days` (0: for ever).
-- Returns how many were removed, and the channel id to go on above; NULL: these were the last channels.
--
-- Messages are removed from the beginning of a channel on; in a channel without old messages, only the first
-- one is read. No channel is locked, only the removed rows: posting does not wait for this, except for a
-- reply to such a message. The channel's row stays as it is, so seq and watermarks go on. The commit does
-- not wait for the disk: messages that a crash brings back are removed again.
DROP FUNCTION IF EXISTS expire_messages;
CREATE FUNCTION expire_messages(days int, above bigint, places int, at_most int)
RETURNS TABLE (removed int, next_above bigint) LANGUAGE plpgsql AS $$
DECLARE
    place record;
    ids   bigint[] := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    next_above := (SELECT max(p.id) FROM (SELECT c.id FROM channels c WHERE c.id > above
                                           ORDER BY c.id LIMIT places) AS p);
    FOR place IN
        SELECT c.id, l.until
          FROM channels c
          LEFT JOIN workspaces w ON w.id = c.workspace_id
         CROSS JOIN LATERAL (
               SELECT clock_timestamp() - make_interval(days => k.days) AS until
                 FROM (SELECT coalesce(nullif(w.retention_days, 0), expire_messages.days)) AS k (days)
                WHERE k.days > 0) AS l
         WHERE c.id > above AND c.id <= next_above
           AND (SELECT m.created_at FROM messages m WHERE m.channel_id = c.id
                 ORDER BY m.seq LIMIT 1) < l.until
         ORDER BY c.id
    LOOP
        ids := ids || ARRAY(
            SELECT o.id FROM (SELECT m.id, m.created_at FROM messages m
                               WHERE m.channel_id = place.id
                               ORDER BY m.seq LIMIT at_most - cardinality(ids)) AS o
             WHERE o.created_at < place.until);
        IF cardinality(ids) >= at_most THEN  -- there may be more in this one
            next_above := place.id - 1;
            EXIT;
        END IF;
    END LOOP;
    PERFORM hold_messages(ids);
    DELETE FROM messages WHERE id = ANY (ids);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN NEXT;
END $$;
