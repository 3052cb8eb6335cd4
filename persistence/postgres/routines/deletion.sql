-- Locks messages that are removed, and the threads that lose replies by it: in the order in which
-- post_messages locks parents and their threads, so that the two cannot deadlock. It is called once in a
-- transaction, with all messages to remove from channels that the transaction has not locked.
CREATE OR REPLACE FUNCTION hold_messages(ids bigint[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM messages WHERE id = ANY (ids) ORDER BY id FOR UPDATE;
    PERFORM FROM threads t
      WHERE (t.channel_id, t.root_id) IN (
            SELECT m.channel_id, coalesce(m.root_id, m.id) FROM messages m WHERE m.id = ANY (ids))
      ORDER BY t.root_id FOR UPDATE;
END $$;

-- Deleting an account or a channel deletes its messages, which have no foreign key to either.
--
-- `post_messages` locks its authors (KEY SHARE) and channels (NO KEY UPDATE) until it commits. A deletion
-- waits for that, and the statement in this trigger, which begins afterwards, sees what was stored
-- meanwhile. This needs READ COMMITTED; in other transactions the deletion is refused.
-- The trigger's argument is the column of `messages` that names the deleted row.
CREATE OR REPLACE FUNCTION require_read_committed(deletes_from text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a transaction that deletes from % must be READ COMMITTED', deletes_from
            USING DETAIL = 'It would not see what was stored since it began.',
                  ERRCODE = 'invalid_transaction_state';
    END IF;
END $$;
CREATE OR REPLACE FUNCTION delete_messages_with() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM require_read_committed(TG_TABLE_NAME);
    EXECUTE format('SELECT hold_messages(ARRAY(SELECT id FROM messages WHERE %I IN (SELECT id FROM gone)))',
                   TG_ARGV[0]);
    EXECUTE format('DELETE FROM messages WHERE %I IN (SELECT id FROM gone)', TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER channels_delete_messages AFTER DELETE ON channels
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION delete_messages_with('channel_id');
CREATE OR REPLACE TRIGGER users_delete_messages AFTER DELETE ON users
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION delete_messages_with('author_id');

-- Rows that belong to messages are deleted with them. A statement that adds such a row locks the message
-- (KEY SHARE, or more) until its commit, so these statements, which begin after the deletion, see the row.
CREATE OR REPLACE FUNCTION delete_what_hangs() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM require_read_committed(TG_TABLE_NAME);
    DELETE FROM reactions h USING gone g WHERE h.channel_id = g.channel_id AND h.message_id = g.id;
    DELETE FROM revision_keys h USING gone g WHERE h.channel_id = g.channel_id AND h.message_id = g.id;
    DELETE FROM message_versions h USING gone g WHERE h.channel_id = g.channel_id AND h.message_id = g.id;
    DELETE FROM pins h USING gone g WHERE h.channel_id = g.channel_id AND h.message_id = g.id;
    DELETE FROM hidden_messages h USING gone g WHERE h.channel_id = g.channel_id AND h.message_id = g.id;
    DELETE FROM mentions h USING gone g WHERE h.channel_id = g.channel_id AND h.message_id = g.id;
    DELETE FROM threads h USING gone g WHERE h.channel_id = g.channel_id AND h.root_id = g.id;
    DELETE FROM thread_follows h USING gone g WHERE h.channel_id = g.channel_id AND h.root_id = g.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER messages_delete_what_hangs AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_what_hangs();

-- Deleting an account. Its messages are deleted with it, or stay: then the account's row stays as their
-- author, without personal data. Messages that carry a file of the account are deleted in both cases,
-- because the file is deleted. All other rows that refer to the account are deleted, in every table.

-- Does a part of what `delete_account` does, which would take long at once for a large log: among the first
-- `at_most` messages above `above`, with `stays` it removes the idempotency keys from the user's messages;
-- else it deletes the user's messages and those in their dms. Returns the id to go on above; NULL: there
-- are no more messages.
CREATE OR REPLACE FUNCTION sweep_messages(who bigint, stays boolean, above bigint, at_most int)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    upto bigint;
    ids  bigint[];
BEGIN
    SELECT max(w.id) INTO upto
      FROM (SELECT m.id FROM messages m WHERE m.id > above ORDER BY m.id LIMIT at_most) AS w;
    IF stays THEN
        UPDATE messages m SET client_key = NULL, remains = NULL
         WHERE m.id > above AND m.id <= upto AND m.author_id = who AND m.client_key IS NOT NULL;
        RETURN upto;
    END IF;
    ids := ARRAY(SELECT m.id FROM messages m
                  WHERE m.id > above AND m.id <= upto
                    AND (m.author_id = who OR m.channel_id IN (
                         SELECT c.id FROM channels c WHERE c.user_lo = who OR c.user_hi = who)));
    PERFORM hold_messages(ids);
    DELETE FROM messages WHERE id = ANY (ids);
    RETURN upto;
END $$;

-- Deletes the messages that carry a file of an account, by any author, also copies. Locks the messages
-- that are deleted later with the account: its own ones, unless they stay.
CREATE OR REPLACE FUNCTION delete_carriers(who bigint, stays boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- From here on no new message can name a file of the account: post_messages waits for the locked
    -- uploads, and then does not find them. The statement after these locks sees every message that was
    -- stored before. The channels are locked first, as in post_messages, which holds its channels while it
    -- waits for uploads.
    PERFORM FROM channels c WHERE (c.user_lo = who OR c.user_hi = who) AND (NOT stays OR c.last_seq = 0)
      ORDER BY c.id FOR UPDATE;
    PERFORM FROM uploads u WHERE u.owner_id = who ORDER BY u.url FOR UPDATE;
    PERFORM hold_messages(ARRAY(
        SELECT m.id FROM messages m WHERE m.author_id = who AND NOT stays
        UNION
        SELECT m.id FROM messages m JOIN uploads u ON u.url = m.file_url WHERE u.owner_id = who));
    WITH carriers AS (
        UPDATE messages m
           SET content = '', file_url = NULL, deleted_at = clock_timestamp(),
               remains = CASE WHEN m.author_id <> who THEN remains_kept(m) END
          FROM uploads u
         WHERE u.owner_id = who AND m.file_url = u.url
        RETURNING m.channel_id, m.id
    ), mentioning AS (
        DELETE FROM mentions n USING carriers c
         WHERE n.channel_id = c.channel_id AND n.message_id = c.id
    ), versions AS (
        DELETE FROM message_versions v USING carriers c
         WHERE v.channel_id = c.channel_id AND v.message_id = c.id)
    DELETE FROM pins p USING carriers c WHERE p.channel_id = c.channel_id AND p.message_id = c.id;
END $$;

-- Deleting an account in SQL deletes its files, and so the messages that carry them.
CREATE OR REPLACE FUNCTION delete_carriers_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM delete_carriers(OLD.id, false);
    RETURN OLD;
END $$;
CREATE OR REPLACE TRIGGER users_delete_carriers BEFORE DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION delete_carriers_before();

-- Returns `done`; `unknown`: there is no such account; `owns_workspace`: the account owns a workspace that
-- has other members, and nothing was done.
CREATE OR REPLACE FUNCTION delete_account(who bigint, stays boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    place record;
BEGIN
    PERFORM FROM users WHERE id = who AND deleted_at IS NULL AND role <> 'assistant' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    IF EXISTS (SELECT FROM workspaces w JOIN workspace_members m ON m.workspace_id = w.id
                WHERE w.owner_id = who AND m.user_id <> who) THEN
        RETURN 'owns_workspace';
    END IF;
    DELETE FROM workspaces WHERE owner_id = who;
    IF NOT stays THEN
        DELETE FROM users WHERE id = who;
        RETURN 'done';
    END IF;
    PERFORM delete_carriers(who, stays);
    DELETE FROM message_versions v USING messages m
     WHERE m.channel_id = v.channel_id AND m.id = v.message_id AND m.author_id = who;
    UPDATE messages SET client_key = NULL, remains = NULL
     WHERE author_id = who AND client_key IS NOT NULL;
    DELETE FROM channels WHERE (user_lo = who OR user_hi = who) AND last_seq = 0;
    FOR place IN
        SELECT r.conrelid::regclass AS name, a.attname AS reference
          FROM pg_constraint r
          JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = r.conkey[1]
         WHERE r.contype = 'f' AND r.confrelid = 'users'::regclass AND r.confdeltype = 'c'
           AND r.conrelid <> 'channels'::regclass
    LOOP
        EXECUTE format('DELETE FROM %s WHERE %I = $1', place.name, place.reference) USING who;
    END LOOP;
    UPDATE users u
       SET username = n.free, username_key = n.free, name = 'Deleted user', name_key = 'deleted user',
           email = NULL, email_key = NULL, first_name = '', last_name = '', date_of_birth = NULL,
           avatar = NULL, nickname = NULL, about_me = NULL, role = 'student', class_name = NULL,
           subject = NULL, is_public = false, password_hash = 'none',
           created_at = n.now, updated_at = n.now, deleted_at = n.now
      FROM (SELECT 'deleted-' || who || CASE WHEN EXISTS (
                       SELECT FROM users WHERE username_key = 'deleted-' || who AND id <> who)
                   THEN '-' || gen_random_uuid() ELSE '' END AS free,
                   date_trunc('milliseconds', clock_timestamp()) AS now) AS n
     WHERE u.id = who;
    RETURN 'done';
END $$;

-- The row of a deleted account never changes.
CREATE OR REPLACE FUNCTION change_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER users_stay_deleted BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL) EXECUTE FUNCTION change_nothing();

-- A new row that refers to a deleted account is refused, as if the account did not exist. Foreign keys are
-- checked first (triggers fire in the order of their names): they wait for a transaction that deletes the
-- account, and this trigger sees the result. The trigger's arguments are the columns. The role that inserts
-- the row needs no right to read accounts.
CREATE OR REPLACE FUNCTION refuse_deleted() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    since timestamptz;
BEGIN
    FOR position IN 0 .. TG_NARGS - 1 LOOP
        SELECT deleted_at INTO since FROM users
         WHERE id = (to_jsonb(NEW) ->> TG_ARGV[position])::bigint;
        IF since IS NOT NULL THEN
            RAISE foreign_key_violation USING
                MESSAGE = 'the account was deleted', CONSTRAINT = 'users_deleted';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER sessions_refuse_deleted AFTER INSERT ON sessions
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER identities_refuse_deleted AFTER INSERT ON identities
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER reactions_refuse_deleted AFTER INSERT ON reactions
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER mentions_refuse_deleted AFTER INSERT ON mentions
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER revision_keys_refuse_deleted AFTER INSERT ON revision_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER recoveries_refuse_deleted AFTER INSERT ON recoveries
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER proposed_emails_refuse_deleted AFTER INSERT ON proposed_emails
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER note_numbers_refuse_deleted AFTER INSERT ON note_numbers
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER hidden_messages_refuse_deleted AFTER INSERT ON hidden_messages
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER receipts_refuse_deleted AFTER INSERT ON receipts
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER uploads_refuse_deleted AFTER INSERT ON uploads
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('owner_id');
CREATE OR REPLACE TRIGGER follows_refuse_deleted AFTER INSERT ON follows
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('follower_id', 'followee_id');
CREATE OR REPLACE TRIGGER blocks_refuse_deleted AFTER INSERT ON blocks
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('blocker_id', 'blocked_id');
CREATE OR REPLACE TRIGGER workspaces_refuse_deleted AFTER INSERT ON workspaces
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('owner_id');
CREATE OR REPLACE TRIGGER workspace_members_refuse_deleted AFTER INSERT ON workspace_members
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
CREATE OR REPLACE TRIGGER invitations_refuse_deleted AFTER INSERT ON invitations
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id', 'inviter_id');
CREATE OR REPLACE TRIGGER invitation_links_refuse_deleted AFTER INSERT ON invitation_links
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('creator_id');
CREATE OR REPLACE TRIGGER channels_refuse_deleted AFTER INSERT ON channels
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_lo', 'user_hi');
CREATE OR REPLACE TRIGGER channel_members_refuse_deleted AFTER INSERT ON channel_members
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');
