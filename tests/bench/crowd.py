"""An account of extreme size, filled in with a few statements of SQL.

Guarantees: the rows are those that the hub itself would have stored: dense seqs, heads, members,
receipts and keys of names are right. Must not know: how it is measured.
"""

from typing import Final

from attrs import frozen

BIG: Final = "big"


@frozen
class Crowd:
    """How large the account is, and everything else in the database.

    Args:
        conversations: with as many others; every tenth is a message request to the account.
        messages: of each conversation.
        longest: messages of the longest conversation, all of them unread.
        workspaces: that it is a member of.
        channels: of each workspace.
        posts: messages of each channel.
        members: of each workspace.
        bystanders: conversations of two others, with as many messages as `messages`.
    """

    conversations: int = 20_000
    messages: int = 10
    longest: int = 100_000
    workspaces: int = 20
    channels: int = 150
    posts: int = 100
    members: int = 200
    bystanders: int = 40_000

    @property
    def people(self) -> int:
        """All users except the account itself."""
        return max(self.conversations, self.members)


# Every third one of the others has a private profile. The account follows every fourth and is
# followed by every second one, blocks every hundredth, and is blocked by one in two hundred.
_SCRIPT: Final = """
CREATE TEMP TABLE crowd AS SELECT u.id AS big FROM users u WHERE u.username = '{big}';
CREATE TEMP TABLE peers (n bigint, id bigint);
CREATE TEMP TABLE dms (id bigint, user_lo bigint, user_hi bigint, last_seq bigint,
                       answered boolean);
CREATE TEMP TABLE spaces (id bigint);
CREATE TEMP TABLE places (id bigint, last_seq bigint);
WITH made AS (
    INSERT INTO users (username, username_key, name, name_key, password_hash, is_public)
    SELECT 'peer' || n, 'peer' || n, 'Peer ' || n, 'peer ' || n, 'none', n % 3 > 0
      FROM generate_series(1, {people}) AS n
    RETURNING id)
INSERT INTO peers SELECT row_number() OVER (ORDER BY id), id FROM made;

SET session_replication_role = replica;  -- nobody need hear of it
INSERT INTO follows (follower_id, followee_id, status, created_at)
SELECT big, id, 'accepted', now() - n * interval '1 second' FROM crowd, peers WHERE n % 4 = 0
UNION ALL
SELECT id, big, CASE WHEN n % 10 = 5 THEN 'pending' ELSE 'accepted' END,
       now() - n * interval '1 second' FROM crowd, peers WHERE n % 2 = 0 OR n % 10 = 5;
INSERT INTO blocks (blocker_id, blocked_id)
SELECT big, id FROM crowd, peers WHERE n % 100 = 99
UNION ALL SELECT id, big FROM crowd, peers WHERE n % 200 = 101;

ANALYZE peers;
WITH made AS (
    INSERT INTO channels (kind, user_lo, user_hi, name, last_seq, opened_by, answered)
    SELECT 'dm', least(big, id), greatest(big, id),
           format('dm_%s_%s', least(big, id), greatest(big, id)),
           CASE n WHEN 1 THEN {longest} ELSE {messages} END, id, n % 10 > 0
      FROM crowd, peers WHERE n <= {conversations}
    UNION ALL
    SELECT 'dm', one.id, other.id, format('dm_%s_%s', one.id, other.id), {messages}, one.id, true
      FROM generate_series(0, {bystanders} - 1) AS b
      JOIN peers one ON one.n = 1 + b % ({people} / 2)
      JOIN peers other ON other.n = one.n + 1 + b / ({people} / 2)
    RETURNING id, user_lo, user_hi, last_seq, answered)
INSERT INTO dms SELECT * FROM made;
INSERT INTO channel_members (channel_id, user_id)
SELECT d.id, who FROM dms d, unnest(ARRAY[d.user_lo, d.user_hi]) AS who;
-- The message of one seq comes in every conversation before the next one in any.
INSERT INTO messages (channel_id, seq, author_id, content, created_at)
SELECT d.id, s, CASE WHEN d.answered AND s % 2 = 0 AND d.last_seq = {messages}
                     THEN least(d.user_lo, d.user_hi) ELSE greatest(d.user_lo, d.user_hi) END,
       'Message ' || s || ' of a conversation that goes on',
       now() - ({longest} + 1 - s) * interval '1 second'
  FROM dms d, generate_series(1, d.last_seq) AS s ORDER BY s, d.id;
-- What is read of every second conversation is all, of others the first half.
INSERT INTO receipts (channel_id, user_id, delivered_seq, read_seq)
SELECT d.id, big, CASE d.id % 2 WHEN 0 THEN d.last_seq ELSE d.last_seq / 2 END,
       CASE d.id % 2 WHEN 0 THEN d.last_seq ELSE d.last_seq / 2 END
  FROM dms d, crowd WHERE big IN (d.user_lo, d.user_hi) AND d.last_seq = {messages}
UNION ALL
SELECT d.id, p.id, d.last_seq, d.last_seq FROM crowd, peers p
  JOIN dms d ON d.user_hi = p.id WHERE d.user_lo = big;

WITH made AS (
    INSERT INTO workspaces (name, owner_id)
    SELECT 'Workspace ' || n, big FROM crowd, generate_series(1, {workspaces}) AS n RETURNING id)
INSERT INTO spaces SELECT id FROM made;
INSERT INTO workspace_members (workspace_id, user_id)
SELECT s.id, big FROM spaces s, crowd
UNION ALL SELECT s.id, p.id FROM spaces s, peers p WHERE p.n < {members};
WITH made AS (
    INSERT INTO channels (kind, workspace_id, name, name_key, class_name, subject, subject_key,
                          last_seq)
    SELECT 'text', s.id, 'Channel ' || c, 'channel ' || c, 'class' || c % 10, 'Maths', 'maths',
           {posts}
      FROM spaces s, generate_series(1, {channels}) AS c RETURNING id, last_seq)
INSERT INTO places SELECT * FROM made;
INSERT INTO messages (channel_id, seq, author_id, content)
SELECT p.id, s, author.id, 'Message ' || s || ' of a channel'
  FROM places p, generate_series(1, p.last_seq) AS s
  JOIN peers author ON author.n = 1 + s % ({members} - 1) ORDER BY s, p.id;
INSERT INTO receipts (channel_id, user_id, delivered_seq, read_seq)
SELECT p.id, big, p.last_seq - 1, p.last_seq - 1 FROM places p, crowd WHERE p.id % 3 > 0;
INSERT INTO pins (channel_id, message_id)
SELECT m.channel_id, m.id FROM messages m JOIN places p ON p.id = m.channel_id WHERE m.seq < 3;
DROP TABLE crowd, peers, dms, spaces, places;
UPDATE channels c SET last_id = m.id FROM messages m
 WHERE m.channel_id = c.id AND m.seq = c.last_seq;
RESET session_replication_role;
"""


def filling(crowd: Crowd) -> str:
    """The script that makes all of it for a user named `BIG`, who exists and has no data yet."""
    sizes = {name: getattr(crowd, name) for name in Crowd.__annotations__}
    return _SCRIPT.format(big=BIG, people=crowd.people, **sizes)
