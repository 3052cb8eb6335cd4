-- Connections that can be recovered: what each was told, by the hash of its secret id.
CREATE TABLE recoveries (
    key         bytea PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_ids bigint[] NOT NULL,
    seqs        bigint[] NOT NULL,
    touched_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX recoveries_touched ON recoveries (touched_at);

-- A private conversation can be seen by `who` while the other side does not block them and one of the
-- two may write to the other; whom one blocks oneself one can still read.
CREATE FUNCTION may_see_conversation(who bigint, peer bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM blocks WHERE blocker_id = peer AND blocked_id = who)
       AND (EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = peer)
            OR may_message(who, peer) OR may_message(peer, who))
$$;

-- Who may see and join a channel: its own members, and those of its workspace; of a dm, who may see
-- the conversation.
CREATE OR REPLACE FUNCTION may_join(who bigint, channel bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
           SELECT FROM channel_members m JOIN channels c ON c.id = m.channel_id
           WHERE m.channel_id = channel AND m.user_id = who
             AND (c.user_lo IS NULL OR may_see_conversation(
                  who, CASE who WHEN c.user_lo THEN c.user_hi ELSE c.user_lo END)))
        OR EXISTS (
           SELECT FROM channels JOIN workspace_members USING (workspace_id)
           WHERE channels.id = channel AND workspace_members.user_id = who)
$$;

-- Who may know that `who` is online: accepted follows either way, the other side of a dm in which
-- one may still write to the other, members of a common workspace; minus blocks either way.
CREATE OR REPLACE FUNCTION presence_audience(who bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT related.id FROM (
        SELECT followee_id AS id FROM follows WHERE follower_id = who AND status = 'accepted'
        UNION SELECT follower_id FROM follows WHERE followee_id = who AND status = 'accepted'
        UNION SELECT peer.id FROM (
              SELECT user_hi FROM channels WHERE user_lo = who AND last_seq > 0
              UNION SELECT user_lo FROM channels WHERE user_hi = who AND last_seq > 0) AS peer (id)
              WHERE may_message(who, peer.id) OR may_message(peer.id, who)
        UNION SELECT theirs.user_id
              FROM workspace_members mine JOIN workspace_members theirs USING (workspace_id)
              WHERE mine.user_id = who
    ) AS related
    WHERE related.id <> who AND NOT EXISTS (
        SELECT FROM blocks WHERE (blocker_id, blocked_id) IN ((who, related.id), (related.id, who)))
$$;

-- What may take somebody's right to see something is told to every hub, whoever does it:
--   pair <user> <user> | profile <user> | member <workspace> <user> | channel <channel> <user>
--   | user <user>
-- A trigger's arguments are the first word and the columns.
CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
    PERFORM pg_notify('parlour_changes', payload);
    RETURN NULL;
END $$;
CREATE TRIGGER blocks_announce AFTER INSERT ON blocks
    FOR EACH ROW EXECUTE FUNCTION announce_change('pair', 'blocker_id', 'blocked_id');
CREATE TRIGGER follows_announce AFTER DELETE OR UPDATE ON follows
    FOR EACH ROW WHEN (OLD.status = 'accepted')
    EXECUTE FUNCTION announce_change('pair', 'follower_id', 'followee_id');
CREATE TRIGGER workspace_members_announce AFTER DELETE OR UPDATE ON workspace_members
    FOR EACH ROW EXECUTE FUNCTION announce_change('member', 'workspace_id', 'user_id');
CREATE TRIGGER channel_members_announce AFTER DELETE OR UPDATE ON channel_members
    FOR EACH ROW EXECUTE FUNCTION announce_change('channel', 'channel_id', 'user_id');
CREATE TRIGGER users_announce_privacy AFTER UPDATE OF is_public ON users
    FOR EACH ROW WHEN (OLD.is_public AND NOT NEW.is_public)
    EXECUTE FUNCTION announce_change('profile', 'id');
CREATE TRIGGER users_announce_end AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION announce_change('user', 'id');
