-- Files: adding one, and deleting those that nothing names any more.
--
-- A file is named by the messages that carry it and by the users whose picture it is. When a name is lost, a
-- trigger writes the file's address into loose_uploads, and `collect_uploads` looks at it. A new upload is
-- written there too, to be looked at when its grace has ended.

-- Adds an upload, unless its owner would have more than `quota` bytes then, or all owners together more than
-- `total` (0: there is no such quota). Returns the quota that would be exceeded; NULL: the upload was added.
-- The owner's row is locked, so that concurrent uploads are counted one after the other; with a `total`, so
-- is one lock for all uploads. The upload needs no name for `grace` seconds.
DROP FUNCTION IF EXISTS add_upload;
CREATE FUNCTION add_upload(
    address text, owner bigint, kind text, called text, bytes bigint, wide int, high int,
    quota bigint, total bigint, grace double precision
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE id = owner FOR NO KEY UPDATE;
    IF quota > 0 AND bytes + (SELECT coalesce(sum(u.size), 0) FROM uploads u
                               WHERE u.owner_id = owner) > quota THEN
        RETURN 'of_owner';
    END IF;
    IF total > 0 THEN
        PERFORM pg_advisory_xact_lock('uploads'::regclass::oid::bigint);
        IF bytes + (SELECT coalesce(sum(u.size), 0) FROM uploads u) > total THEN
            RETURN 'of_all';
        END IF;
    END IF;
    INSERT INTO uploads (url, owner_id, mime_type, name, size, width, height)
    VALUES (address, owner, kind, called, bytes, wide, high);
    INSERT INTO loose_uploads (url, due_at)
    VALUES (address, clock_timestamp() + make_interval(secs => grace));
    RETURN NULL;
END $$;

-- Looks at up to `at_most` uploads that are due, those with the latest due time first, and deletes the ones
-- that nothing names. Returns their addresses, and whether each is gone: then its file has to be removed. An
-- address is returned again and again until it is deleted from loose_uploads, which is done when the file has
-- been removed.
--
-- `post_messages` locks the uploads that its messages name (KEY SHARE) until it commits. They are locked here
-- before the statement begins that checks for names: that statement sees every message that was stored
-- meanwhile, and a later message does not find the deleted upload. The same holds for users whose picture it
-- becomes. Once the uploads are locked, this function waits for no other lock.
DROP FUNCTION IF EXISTS collect_uploads;
CREATE FUNCTION collect_uploads(at_most int) RETURNS TABLE (address text, is_gone boolean)
LANGUAGE plpgsql AS $$
DECLARE
    entries   bigint[];
    addresses text[];
BEGIN
    SELECT array_agg(l.id), array_agg(DISTINCT l.url) INTO entries, addresses
      FROM (SELECT * FROM loose_uploads WHERE due_at <= clock_timestamp()
             ORDER BY due_at DESC LIMIT at_most) AS l;
    PERFORM FROM uploads WHERE url = ANY (addresses) ORDER BY url FOR UPDATE;
    DELETE FROM uploads u
     WHERE u.url = ANY (addresses)
       AND NOT EXISTS (SELECT FROM messages m WHERE m.file_url = u.url AND m.deleted_at IS NULL)
       AND NOT EXISTS (SELECT FROM users a WHERE a.avatar = u.url);
    DELETE FROM loose_uploads l
     WHERE l.id = ANY (entries) AND EXISTS (SELECT FROM uploads u WHERE u.url = l.url);
    RETURN QUERY SELECT a.url, NOT EXISTS (SELECT FROM uploads u WHERE u.url = a.url)
                   FROM unnest(addresses) AS a (url);
END $$;

-- Notes that the upload in a column (the trigger's argument) has lost a name.
CREATE OR REPLACE FUNCTION loosen_upload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loose_uploads (url) VALUES (to_jsonb(OLD) ->> TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER messages_loosen_deleted AFTER UPDATE OF file_url, deleted_at ON messages
    FOR EACH ROW WHEN (starts_with(OLD.file_url, '/uploads/') AND
                       (NEW.file_url IS DISTINCT FROM OLD.file_url OR NEW.deleted_at IS NOT NULL))
    EXECUTE FUNCTION loosen_upload('file_url');
CREATE OR REPLACE TRIGGER messages_loosen AFTER DELETE ON messages
    FOR EACH ROW WHEN (starts_with(OLD.file_url, '/uploads/'))
    EXECUTE FUNCTION loosen_upload('file_url');
CREATE OR REPLACE TRIGGER users_loosen_changed AFTER UPDATE OF avatar ON users
    FOR EACH ROW WHEN (starts_with(OLD.avatar, '/uploads/') AND
                       NEW.avatar IS DISTINCT FROM OLD.avatar)
    EXECUTE FUNCTION loosen_upload('avatar');
CREATE OR REPLACE TRIGGER users_loosen AFTER DELETE ON users
    FOR EACH ROW WHEN (starts_with(OLD.avatar, '/uploads/'))
    EXECUTE FUNCTION loosen_upload('avatar');
CREATE OR REPLACE TRIGGER uploads_loosen AFTER DELETE ON uploads
    FOR EACH ROW EXECUTE FUNCTION loosen_upload('url');

-- A statement that makes an upload a user's picture locks the upload until its commit, as post_messages does.
CREATE OR REPLACE FUNCTION hold_picture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM uploads WHERE url = NEW.avatar FOR KEY SHARE;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER users_hold_picture BEFORE UPDATE OF avatar ON users
    FOR EACH ROW WHEN (starts_with(NEW.avatar, '/uploads/') AND
                       NEW.avatar IS DISTINCT FROM OLD.avatar)
    EXECUTE FUNCTION hold_picture();
