-- Who may do what. Every statement that stores a message, shows one, or announces typing or presence
-- calls these functions. A deployment may replace them (docs/operations/database.md, "The database");
-- Parlour replaces them only when this file has changed.

-- Whether one of two users follows the other. For public profiles, which most are, it is not called.
CREATE OR REPLACE FUNCTION one_follows(a bigint, b bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
           SELECT FROM (VALUES (a, b), (b, a)) AS p (one, other)
             JOIN follows f ON f.follower_id = p.one AND f.followee_id = p.other
            WHERE f.status = 'accepted')
$$;

-- Whether one of the two blocks the other. `IN` with both orders would read the whole table while bitmap
-- scans are off, as they are in the hub's sessions.
CREATE OR REPLACE FUNCTION one_blocks(a bigint, b bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
           SELECT FROM (VALUES (a, b), (b, a)) AS p (one, other)
             JOIN blocks ON blocker_id = p.one AND blocked_id = p.other)
$$;

-- Whether one user may send private messages and typing to another: both exist and differ, neither
-- blocks the other, and the recipient's profile is public or one of them follows the other. A deleted
-- account has no public profile.
--
-- It is called for each author and recipient of a batch. `IN` or `OR` with both orders of a pair would read
-- the whole table while bitmap scans are off, as they are in the hub's sessions.
CREATE OR REPLACE FUNCTION may_message(sender bigint, recipient bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT sender <> recipient
       AND EXISTS (SELECT FROM users WHERE id = sender AND deleted_at IS NULL)
       AND NOT EXISTS (
           SELECT FROM (VALUES (sender, recipient), (recipient, sender)) AS p (one, other)
             JOIN blocks b ON b.blocker_id = p.one AND b.blocked_id = p.other)
       AND EXISTS (
           SELECT FROM users
           WHERE id = recipient AND (is_public OR one_follows(sender, recipient)))
$$;

-- Whether a user may see their conversation with a peer: the peer does not block them, and one of the two
-- may message the other. A user who blocks the peer may still read, and so may the other participant of a
-- conversation with a deleted account.
CREATE OR REPLACE FUNCTION may_see_conversation(who bigint, peer bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM blocks WHERE blocker_id = peer AND blocked_id = who)
       AND (EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = peer)
            OR may_message(who, peer) OR may_message(peer, who)
            OR EXISTS (SELECT FROM users WHERE id = peer AND deleted_at IS NOT NULL))
$$;

-- Whether a user may see and join a channel: its own members and those of its workspace; of a dm, the
-- two users as long as they may see their conversation.
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

-- The standing of a user in a workspace: owner, moderator, member or guest; NULL: none. Members to whom an
-- operator gave a role on the platform (teacher and above) are moderators.
CREATE OR REPLACE FUNCTION standing_in_workspace(who bigint, workspace bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN w.owner_id = who THEN 'owner'
                WHEN m.role = 'member' AND EXISTS (
                     SELECT FROM users u
                      WHERE u.id = who AND u.role IN ('teacher', 'principal', 'admin'))
                THEN 'moderator' ELSE m.role END
      FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
     WHERE m.workspace_id = workspace AND m.user_id = who
$$;

-- The standing of a user in a channel: as in its workspace, or `member` of that channel alone; in a dm
-- `contact`, who may write, or `participant`, who may only read. NULL: none.
CREATE OR REPLACE FUNCTION standing_in_channel(who bigint, channel bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN c.user_lo IS NULL THEN
                    coalesce(standing_in_workspace(who, c.workspace_id),
                             (SELECT 'member' FROM channel_members m
                               WHERE m.channel_id = c.id AND m.user_id = who))
                WHEN NOT may_join(who, c.id) THEN NULL
                WHEN may_message(who, c.user_lo + c.user_hi - who) THEN 'contact'
                ELSE 'participant' END
      FROM channels c WHERE c.id = channel
$$;

-- The rights, as POLICY in persistence/policy.py: which standings may take an action in a kind of place.
-- An action without a row is allowed to nobody.
DROP FUNCTION IF EXISTS policy;
CREATE FUNCTION policy() RETURNS TABLE (place text, action text, standings text[])
LANGUAGE sql IMMUTABLE AS $$
    VALUES
        ('workspace', 'see', '{guest, member, moderator, owner}'::text[]),
        ('workspace', 'create_channel', '{moderator, owner}'),
        ('workspace', 'invite', '{moderator, owner}'),
        ('workspace', 'leave', '{guest, member, moderator}'),
        ('workspace', 'remove_guest', '{moderator, owner}'),
        ('workspace', 'remove_member', '{moderator, owner}'),
        ('workspace', 'remove_moderator', '{owner}'),
        ('workspace', 'remove_owner', '{}'),
        ('workspace', 'change_roles', '{owner}'),
        ('channel', 'see', '{guest, member, moderator, owner}'),
        ('channel', 'write', '{member, moderator, owner}'),
        ('channel', 'edit', '{member, moderator, owner}'),
        ('channel', 'react', '{member, moderator, owner}'),
        ('channel', 'delete_own', '{guest, member, moderator, owner}'),
        ('channel', 'delete_others', '{moderator, owner}'),
        ('channel', 'grade', '{moderator, owner}'),
        ('channel', 'pin', '{moderator, owner}'),
        ('channel', 'see_versions', '{moderator, owner}'),
        ('channel', 'mention_channel', '{moderator, owner}'),
        ('announcements', 'see', '{guest, member, moderator, owner}'),
        ('announcements', 'write', '{moderator, owner}'),
        ('announcements', 'edit', '{moderator, owner}'),
        ('announcements', 'react', '{member, moderator, owner}'),
        ('announcements', 'delete_own', '{guest, member, moderator, owner}'),
        ('announcements', 'delete_others', '{moderator, owner}'),
        ('announcements', 'grade', '{moderator, owner}'),
        ('announcements', 'pin', '{moderator, owner}'),
        ('announcements', 'see_versions', '{moderator, owner}'),
        ('announcements', 'mention_channel', '{moderator, owner}'),
        ('conversation', 'see', '{participant, contact}'),
        ('conversation', 'write', '{contact}'),
        ('conversation', 'edit', '{contact}'),
        ('conversation', 'react', '{contact}'),
        ('conversation', 'delete_own', '{participant, contact}'),
        ('conversation', 'delete_others', '{}'),
        ('conversation', 'grade', '{}'),
        ('conversation', 'pin', '{}'),
        ('conversation', 'see_versions', '{}'),
        ('conversation', 'mention_channel', '{}')
$$;

-- Whether a user may take an action in a workspace, or in a channel.
CREATE OR REPLACE FUNCTION may_in_workspace(who bigint, wanted text, workspace bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM policy() p
                    WHERE p.place = 'workspace' AND p.action = wanted
                      AND standing_in_workspace(who, workspace) = ANY (p.standings))
$$;
CREATE OR REPLACE FUNCTION may_in_channel(who bigint, wanted text, channel bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM channels c JOIN policy() p
                       ON p.place = CASE c.kind WHEN 'dm' THEN 'conversation'
                                                WHEN 'announcement' THEN 'announcements'
                                                ELSE 'channel' END
                    WHERE c.id = channel AND p.action = wanted
                      AND standing_in_channel(who, channel) = ANY (p.standings))
$$;

-- The users who block `who` or are blocked by them: what one of the two does is hidden from the other.
CREATE OR REPLACE FUNCTION hidden_from(who bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT blocked_id FROM blocks WHERE blocker_id = who
    UNION SELECT blocker_id FROM blocks WHERE blocked_id = who
$$;

-- Whether `who` has let another user in: `who` follows them, has accepted them as a follower of a private
-- profile, or is in a workspace with them.
CREATE OR REPLACE FUNCTION has_let_in(who bigint, other bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM follows
                    WHERE follower_id = who AND followee_id = other AND status = 'accepted')
        OR EXISTS (SELECT FROM follows JOIN users ON users.id = followee_id
                    WHERE follower_id = other AND followee_id = who AND status = 'accepted'
                      AND NOT is_public)
        OR EXISTS (SELECT FROM workspace_members mine
                     JOIN workspace_members theirs USING (workspace_id)
                    WHERE mine.user_id = who AND theirs.user_id = other)
$$;

-- Whether a dm is a message request to `who`: the other user wrote first, and `who` has neither answered nor
-- accepted it, nor let them in. Has no subquery of its own, so that it is inlined and reads nothing about
-- other channels.
CREATE OR REPLACE FUNCTION is_request(place channels, who bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT place.kind = 'dm' AND NOT place.answered AND who IN (place.user_lo, place.user_hi)
       AND place.opened_by <> who AND NOT has_let_in(who, place.opened_by)
$$;

-- Whether the typing of the author is shown to the recipient: the author may message them, and their
-- conversation is no message request. `place`: the conversation; NULL: there is none. Has no subquery of its
-- own, so that it is inlined.
DROP FUNCTION IF EXISTS may_show_typing(bigint, bigint);
CREATE OR REPLACE FUNCTION may_show_typing(place channels, author bigint, recipient bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT may_message(author, recipient)
       AND (is_request(place, author) OR is_request(place, recipient)) IS NOT TRUE
$$;

-- Whether `who` has declined a request up to the channel's last message, or blocks the other user.
CREATE OR REPLACE FUNCTION has_put_away(
    who bigint, channel bigint, last_seq bigint, other bigint
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM receipts r WHERE r.channel_id = channel AND r.user_id = who
                      AND r.declined_seq >= $3)
        OR EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = other)
$$;

-- Whether a dm is a message request that `who` has declined, or whose author `who` blocks.
CREATE OR REPLACE FUNCTION is_declined(place channels, who bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT is_request(place, who)
       AND has_put_away(who, place.id, place.last_seq, place.opened_by)
$$;

-- Whether a channel is in the lists of `who`. A dm without messages is only in the lists of users who have
-- opened it; they have a receipt in it.
CREATE OR REPLACE FUNCTION is_listed(place channels, who bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT place.kind <> 'dm' OR is_declined(place, who) IS NOT TRUE AND (place.last_seq > 0 OR EXISTS (
           SELECT FROM receipts r WHERE r.channel_id = place.id AND r.user_id = who))
$$;

-- The results of `may_join`, `is_request` and `may_message` for all dms of a user, for their lists: each
-- table is read once, and not once for every dm. A deployment that replaces `may_message`,
-- `may_see_conversation` or `may_join` has to replace this function, too.
DROP FUNCTION IF EXISTS seen_conversations;
CREATE FUNCTION seen_conversations(who bigint)
RETURNS TABLE (id bigint, peer bigint, last_seq bigint, last_id bigint, is_request boolean,
               may_write boolean)
LANGUAGE sql STABLE AS $$
    SELECT c.id, c.peer, c.last_seq, c.last_id,
           NOT c.answered AND coalesce(c.opened_by = c.peer, false)
           AND NOT EXISTS (SELECT FROM follows f WHERE f.follower_id = who
                              AND f.followee_id = c.peer AND f.status = 'accepted')
           AND (me.is_public OR NOT EXISTS (
                    SELECT FROM follows f WHERE f.followee_id = who
                       AND f.follower_id = c.peer AND f.status = 'accepted'))
           AND NOT EXISTS (SELECT FROM workspace_members mine
                             JOIN workspace_members theirs USING (workspace_id)
                            WHERE mine.user_id = who AND theirs.user_id = c.peer),
           NOT EXISTS (SELECT FROM blocks b WHERE b.blocker_id = who AND b.blocked_id = c.peer)
           AND (them.is_public
                OR EXISTS (SELECT FROM follows f WHERE f.follower_id = who
                              AND f.followee_id = c.peer AND f.status = 'accepted')
                OR EXISTS (SELECT FROM follows f WHERE f.followee_id = who
                              AND f.follower_id = c.peer AND f.status = 'accepted'))
      FROM users me
      JOIN (SELECT d.id, d.user_hi AS peer, d.last_seq, d.last_id, d.answered, d.opened_by
              FROM channels d WHERE d.user_lo = who
            UNION ALL
            SELECT d.id, d.user_lo, d.last_seq, d.last_id, d.answered, d.opened_by
              FROM channels d WHERE d.user_hi = who) AS c ON true
      JOIN users them ON them.id = c.peer
     WHERE me.id = who
       AND EXISTS (SELECT FROM channel_members m WHERE m.channel_id = c.id AND m.user_id = who)
       AND NOT EXISTS (SELECT FROM blocks b WHERE b.blocker_id = c.peer AND b.blocked_id = who)
       AND (me.is_public OR them.is_public OR them.deleted_at IS NOT NULL
            OR EXISTS (SELECT FROM blocks b WHERE b.blocker_id = who AND b.blocked_id = c.peer)
            OR EXISTS (SELECT FROM follows f WHERE f.follower_id = who
                          AND f.followee_id = c.peer AND f.status = 'accepted')
            OR EXISTS (SELECT FROM follows f WHERE f.followee_id = who
                          AND f.follower_id = c.peer AND f.status = 'accepted'))
$$;

-- The same for a user's other channels.
DROP FUNCTION IF EXISTS seen_channels;
CREATE FUNCTION seen_channels(who bigint) RETURNS TABLE (id bigint, last_id bigint)
LANGUAGE sql STABLE AS $$
    SELECT c.id, c.last_id
      FROM channels c JOIN workspace_members m ON m.workspace_id = c.workspace_id
     WHERE m.user_id = who
    UNION ALL
    SELECT m.channel_id, c.last_id FROM channel_members m
     CROSS JOIN LATERAL (SELECT c.last_id, c.user_lo, c.workspace_id FROM channels c
                          WHERE c.id = m.channel_id OFFSET 0) AS c  -- not those of everybody
     WHERE m.user_id = who AND c.user_lo IS NULL AND NOT EXISTS (
           SELECT FROM workspace_members w
            WHERE w.user_id = who AND w.workspace_id = c.workspace_id)
$$;

-- The users who may know that `who` is online: accepted follows either way, the peers of dms that were
-- answered or accepted, as long as one of the two may message the other, and members of a common workspace;
-- without users who block `who` or are blocked. The relation is mutual, and must stay so.
CREATE OR REPLACE FUNCTION presence_audience(who bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT related.id FROM (
        SELECT followee_id AS id FROM follows WHERE follower_id = who AND status = 'accepted'
        UNION SELECT follower_id FROM follows WHERE followee_id = who AND status = 'accepted'
        UNION SELECT peer.id FROM (
              SELECT user_hi FROM channels WHERE user_lo = who AND answered
              UNION SELECT user_lo FROM channels WHERE user_hi = who AND answered) AS talked (id)
              JOIN users peer ON peer.id = talked.id JOIN users me ON me.id = who
              WHERE peer.is_public OR me.is_public  -- who follows the other is above
        UNION SELECT theirs.user_id
              FROM workspace_members mine JOIN workspace_members theirs USING (workspace_id)
              WHERE mine.user_id = who
    ) AS related
    WHERE related.id <> who
      AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = related.id)
      AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = related.id AND blocked_id = who)
$$;

-- Whether a user may see an upload, and name it in a message: its owner, users who may see a message that
-- carries it, and all users if it is its owner's picture.
CREATE OR REPLACE FUNCTION may_see_upload(who bigint, address text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM uploads u
         WHERE u.url = address AND (u.owner_id = who
            OR EXISTS (SELECT FROM users a WHERE a.id = u.owner_id AND a.avatar = u.url)
            OR EXISTS (SELECT FROM messages m
                        WHERE m.file_url = u.url AND m.deleted_at IS NULL
                          AND may_join(who, m.channel_id))))
$$;
