-- The policy, as functions. A deployment with tables of its own replaces these, not Parlour's code:
-- every statement that sends, shows typing or announces presence asks them.

-- Seed 004: the recipient's profile is public or an accepted follow exists either way; and neither
-- has blocked the other.
CREATE FUNCTION may_message(sender bigint, recipient bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT sender <> recipient
       AND EXISTS (SELECT FROM users WHERE id = sender)
       AND NOT EXISTS (
           SELECT FROM blocks
           WHERE (blocker_id, blocked_id) IN ((sender, recipient), (recipient, sender)))
       AND EXISTS (
           SELECT FROM users
           WHERE id = recipient AND (is_public OR EXISTS (
               SELECT FROM follows
               WHERE (follower_id, followee_id) IN ((sender, recipient), (recipient, sender))
                 AND status = 'accepted')))
$$;

-- Who may know that `who` is online: accepted follows either way, the other side of a dm, members of
-- a common workspace; minus blocks either way.
CREATE FUNCTION presence_audience(who bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT related.id FROM (
        SELECT followee_id AS id FROM follows WHERE follower_id = who AND status = 'accepted'
        UNION SELECT follower_id FROM follows WHERE followee_id = who AND status = 'accepted'
        UNION SELECT user_hi FROM channels WHERE user_lo = who AND last_seq > 0
        UNION SELECT user_lo FROM channels WHERE user_hi = who AND last_seq > 0
        UNION SELECT theirs.user_id
              FROM workspace_members mine JOIN workspace_members theirs USING (workspace_id)
              WHERE mine.user_id = who
    ) AS related
    WHERE related.id <> who AND NOT EXISTS (
        SELECT FROM blocks WHERE (blocker_id, blocked_id) IN ((who, related.id), (related.id, who)))
$$;

-- Who may see and join a channel: its own members, and those of its workspace.
CREATE FUNCTION may_join(who bigint, channel bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM channel_members WHERE channel_id = channel AND user_id = who)
        OR EXISTS (
           SELECT FROM channels JOIN workspace_members USING (workspace_id)
           WHERE channels.id = channel AND workspace_members.user_id = who)
$$;
