-- Notes of users: "unread from here", muted, hidden (schema/0020_notes.sql). Each of these functions
-- decides permission, repeats and the next number in one statement's transaction; a call that changes
-- nothing takes no number.
--
-- Locks: the user's row of note_numbers before any row that is changed, so one user's changes wait for
-- each other, but not for those of other users. Each statement of a READ COMMITTED function sees what was
-- committed before it began: the rows to compare are read while the lock is held.

CREATE OR REPLACE FUNCTION lock_notes(who bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO note_numbers (user_id, last) VALUES (who, 0) ON CONFLICT DO NOTHING;
    PERFORM FROM note_numbers WHERE user_id = who FOR UPDATE;
END $$;
-- The number of the user's last note, after waiting until notes in progress are committed or rolled back.
CREATE OR REPLACE FUNCTION settled_notes(who bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_notes(who);
    RETURN (SELECT last FROM note_numbers WHERE user_id = who);
END $$;
CREATE OR REPLACE FUNCTION next_note(who bigint) RETURNS bigint LANGUAGE sql AS $$
    UPDATE note_numbers SET last = last + 1 WHERE user_id = who RETURNING last
$$;

-- Whether `who` has hidden a message.
DROP FUNCTION IF EXISTS is_hidden_from;
CREATE FUNCTION is_hidden_from(who bigint, place bigint, message bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM hidden_messages h
                    WHERE h.channel_id = place AND h.message_id = message AND h.user_id = who
                      AND h.is_hidden)
$$;

-- Counts messages above a seq as unread. This function and the following ones return whether they changed
-- something; NULL: there is no such message or channel, or `who` may not see it.
CREATE OR REPLACE FUNCTION note_unread(who bigint, place bigint, above bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_notes(who);
    IF NOT may_join(who, place) THEN
        RETURN NULL;
    END IF;
    -- Messages above the watermark are unread already.
    IF NOT EXISTS (SELECT FROM receipts r WHERE r.channel_id = place AND r.user_id = who
                      AND least(r.read_seq, r.unread_above) > above) THEN
        RETURN false;
    END IF;
    UPDATE receipts r SET unread_above = above, note = next_note(who)
     WHERE r.channel_id = place AND r.user_id = who;
    RETURN true;
END $$;

-- Messages up to a seq were read: they no longer count as unread.
CREATE OR REPLACE FUNCTION note_read(who bigint, place bigint, upto bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_notes(who);
    IF NOT EXISTS (SELECT FROM receipts r WHERE r.channel_id = place AND r.user_id = who
                      AND r.unread_above < upto) THEN
        RETURN false;
    END IF;
    UPDATE receipts r SET unread_above = CASE WHEN upto < r.read_seq THEN upto END,
                          note = next_note(who)
     WHERE r.channel_id = place AND r.user_id = who;
    RETURN true;
END $$;

-- Mutes a channel that is in the lists of `who` until a time; NULL: unmutes it.
CREATE OR REPLACE FUNCTION note_mute(who bigint, place bigint, until timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_notes(who);
    IF NOT EXISTS (SELECT FROM channels c WHERE c.id = place AND may_join(who, c.id)
                      AND is_listed(c, who)) THEN
        RETURN NULL;
    END IF;
    IF (SELECT r.muted_until FROM receipts r WHERE r.channel_id = place AND r.user_id = who)
       IS NOT DISTINCT FROM until THEN
        RETURN false;
    END IF;
    INSERT INTO receipts AS r (channel_id, user_id, muted_until, note)
    VALUES (place, who, until, next_note(who))
    ON CONFLICT (channel_id, user_id) DO UPDATE
       SET muted_until = EXCLUDED.muted_until, note = EXCLUDED.note;
    RETURN true;
END $$;

-- Hides a message that `who` may see, or shows it again. A deleted message cannot be hidden.
CREATE OR REPLACE FUNCTION note_hidden(who bigint, message bigint, hide boolean, only_private boolean)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
BEGIN
    PERFORM lock_notes(who);
    SELECT c.id INTO place
      FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.id = message AND (m.deleted_at IS NULL OR NOT hide)
       AND (NOT only_private OR m.author_id IN (c.user_lo, c.user_hi)) AND may_join(who, c.id)
       FOR KEY SHARE OF m;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF is_hidden_from(who, place, message) = hide THEN
        RETURN false;
    END IF;
    INSERT INTO hidden_messages (channel_id, message_id, user_id, is_hidden, number)
    VALUES (place, message, who, hide, next_note(who))
    ON CONFLICT (channel_id, message_id, user_id) DO UPDATE
       SET is_hidden = EXCLUDED.is_hidden, number = EXCLUDED.number;
    RETURN true;
END $$;
