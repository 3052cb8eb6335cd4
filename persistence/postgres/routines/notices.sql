-- Notifications (NOTIFY) of changes that a running hub must act on, whether they are made over REST, by
-- the command line or in plain SQL.

-- On the channel parlour_changes, changes that may take away a user's right to see something:
--   unfollowed <user> <user> | blocked <user> <user> | profile <user> | member <workspace> <user> | channel <channel> <user>
--   | gone <channel> <workspace> | user <user> | conversation <channel> <user> <user>
-- changes that may give such a right:
--   met <user> <user> | unblocked <user> <user> | opened <user> | came <workspace> <user>
-- and changes of the requests to a user:
--   decided <user> <peer> | invited <user>
-- `parse_change` in persistence/postgres/changes.py parses them. For a hub that is not listening now they
-- are also kept in a table, for a day. The triggers that call this function have the rights that it
-- needs: the role that makes a change needs none of them.
CREATE OR REPLACE FUNCTION note_change(payload text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parlour_changes', payload);
    INSERT INTO changes (payload) VALUES (payload);
    DELETE FROM changes WHERE id IN (
        SELECT c.id FROM changes c WHERE c.at < now() - interval '1 day'
         ORDER BY c.id LIMIT 10 FOR UPDATE SKIP LOCKED);
END $$;

-- The trigger's arguments are the first word of the payload and the columns whose values follow it.
CREATE OR REPLACE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    changed jsonb;
    payload text := TG_ARGV[0];
BEGIN
    changed := to_jsonb(OLD);
    IF TG_OP = 'INSERT' THEN
        changed := to_jsonb(NEW);
    END IF;
    FOR position IN 1 .. TG_NARGS - 1 LOOP
        payload := payload || ' ' || (changed ->> TG_ARGV[position]);
    END LOOP;
    PERFORM note_change(payload);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER blocks_announce AFTER INSERT ON blocks
    FOR EACH ROW EXECUTE FUNCTION announce_change('blocked', 'blocker_id', 'blocked_id');
CREATE OR REPLACE TRIGGER follows_announce AFTER DELETE OR UPDATE ON follows
    FOR EACH ROW WHEN (OLD.status = 'accepted')
    EXECUTE FUNCTION announce_change('unfollowed', 'follower_id', 'followee_id');
CREATE OR REPLACE TRIGGER workspace_members_announce AFTER DELETE OR UPDATE ON workspace_members
    FOR EACH ROW EXECUTE FUNCTION announce_change('member', 'workspace_id', 'user_id');
CREATE OR REPLACE TRIGGER channel_members_announce AFTER DELETE OR UPDATE ON channel_members
    FOR EACH ROW EXECUTE FUNCTION announce_change('channel', 'channel_id', 'user_id');
CREATE OR REPLACE TRIGGER users_announce_privacy AFTER UPDATE OF is_public ON users
    FOR EACH ROW WHEN (OLD.is_public AND NOT NEW.is_public)
    EXECUTE FUNCTION announce_change('profile', 'id');
CREATE OR REPLACE TRIGGER follows_announce_begin AFTER INSERT OR UPDATE ON follows
    FOR EACH ROW WHEN (NEW.status = 'accepted')
    EXECUTE FUNCTION announce_change('met', 'follower_id', 'followee_id');
CREATE OR REPLACE TRIGGER channels_announce_answer AFTER UPDATE ON channels
    FOR EACH ROW WHEN (NEW.answered AND NOT OLD.answered)
    EXECUTE FUNCTION announce_change('met', 'user_lo', 'user_hi');
CREATE OR REPLACE TRIGGER blocks_announce_end AFTER DELETE ON blocks
    FOR EACH ROW EXECUTE FUNCTION announce_change('unblocked', 'blocker_id', 'blocked_id');
CREATE OR REPLACE TRIGGER users_announce_opening AFTER UPDATE OF is_public ON users
    FOR EACH ROW WHEN (NEW.is_public AND NOT OLD.is_public)
    EXECUTE FUNCTION announce_change('opened', 'id');
CREATE OR REPLACE TRIGGER workspace_members_announce_begin AFTER INSERT ON workspace_members
    FOR EACH ROW EXECUTE FUNCTION announce_change('came', 'workspace_id', 'user_id');
CREATE OR REPLACE TRIGGER channels_announce_end AFTER DELETE ON channels
    FOR EACH ROW WHEN (OLD.user_lo IS NOT NULL AND OLD.last_seq > 0)
    EXECUTE FUNCTION announce_change('conversation', 'id', 'user_lo', 'user_hi');
CREATE OR REPLACE TRIGGER channels_announce_deletion AFTER DELETE ON channels
    FOR EACH ROW WHEN (OLD.workspace_id IS NOT NULL)
    EXECUTE FUNCTION announce_change('gone', 'id', 'workspace_id');
CREATE OR REPLACE TRIGGER users_announce_end AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION announce_change('user', 'id');
CREATE OR REPLACE TRIGGER users_announce_deletion AFTER UPDATE OF deleted_at ON users
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION announce_change('user', 'id');
CREATE OR REPLACE TRIGGER invitations_announce AFTER INSERT OR DELETE ON invitations
    FOR EACH ROW EXECUTE FUNCTION announce_change('invited', 'user_id');

-- A message request that was accepted without an answer, or declined.
CREATE OR REPLACE FUNCTION announce_decision() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM note_change(format('decided %s %s', who, peer))
       FROM channels c
      CROSS JOIN LATERAL (SELECT c.user_lo + c.user_hi - c.opened_by, c.opened_by)
              AS p (who, peer)
      WHERE c.id = coalesce(to_jsonb(NEW) ->> 'channel_id', to_jsonb(NEW) ->> 'id')::bigint
        AND p.peer IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER channels_announce_decision AFTER UPDATE ON channels
    FOR EACH ROW WHEN (NEW.answered AND NOT OLD.answered AND NEW.last_seq = OLD.last_seq)
    EXECUTE FUNCTION announce_decision();
CREATE OR REPLACE TRIGGER receipts_announce_decision AFTER INSERT OR UPDATE OF declined_seq ON receipts
    FOR EACH ROW WHEN (NEW.declined_seq > 0) EXECUTE FUNCTION announce_decision();

-- On the channel parlour_sessions, changes that make a cached session out of date: the id of a session
-- that was deleted, `session <id>` of one that has another end, or `user <id>` of a changed account.
CREATE OR REPLACE FUNCTION announce_ended_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parlour_sessions', OLD.id::text);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER sessions_announce_end AFTER DELETE ON sessions
    FOR EACH ROW EXECUTE FUNCTION announce_ended_session();

CREATE OR REPLACE FUNCTION announce_changed_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parlour_sessions', 'session ' || NEW.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER sessions_announce_change AFTER UPDATE ON sessions
    FOR EACH ROW WHEN (OLD.expires_at IS DISTINCT FROM NEW.expires_at)
    EXECUTE FUNCTION announce_changed_session();

CREATE OR REPLACE FUNCTION announce_changed_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parlour_sessions', 'user ' || NEW.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER users_announce_change AFTER UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION announce_changed_user();
