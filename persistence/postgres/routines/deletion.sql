-- Deleting an account or a channel deletes its messages, which have no foreign key to either.
--
-- `post_messages` holds its authors (KEY SHARE) and channels (NO KEY UPDATE) until it commits. A
-- deletion waits for that, and the statement in this trigger, which begins afterwards, sees what was
-- stored meanwhile. That needs READ COMMITTED; in other transactions the deletion is refused.
-- The trigger's argument is the column of `messages` that names the deleted row.
CREATE OR REPLACE FUNCTION delete_messages_with() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a transaction that deletes from % must be READ COMMITTED', TG_TABLE_NAME
            USING DETAIL = 'It would not see the messages that were stored since it began.',
                  ERRCODE = 'invalid_transaction_state';
    END IF;
    EXECUTE format('DELETE FROM messages WHERE %I IN (SELECT id FROM gone)', TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER channels_delete_messages AFTER DELETE ON channels
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION delete_messages_with('channel_id');
CREATE OR REPLACE TRIGGER users_delete_messages AFTER DELETE ON users
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION delete_messages_with('author_id');
