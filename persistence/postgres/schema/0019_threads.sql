-- The replies to a message: how many there are, and the last of them. A message without replies has no
-- row. Kept by the triggers of routines/threads.sql; docs/decisions/threads-in-a-row.md says why.
CREATE TABLE threads (
    parent_id      bigint PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
    replies        int NOT NULL,
    last_id        bigint,
    last_author_id bigint,
    last_at        timestamptz
) WITH (fillfactor = 50);

-- Who follows a thread, or has ceased to, and up to which seq they have read its replies.
CREATE TABLE thread_follows (
    user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    parent_id    bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    is_following boolean NOT NULL DEFAULT true,
    read_seq     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, parent_id)
);
CREATE INDEX thread_follows_parent ON thread_follows (parent_id);

-- A reply to a reply belongs to the same thread.
WITH RECURSIVE nested AS (
    SELECT r.id, p.parent_id AS root
      FROM messages r JOIN messages p ON p.id = r.parent_id
     WHERE r.parent_id IS NOT NULL AND p.parent_id IS NOT NULL
    UNION ALL
    SELECT n.id, p.parent_id FROM nested n JOIN messages p ON p.id = n.root
     WHERE p.parent_id IS NOT NULL
)
UPDATE messages m SET parent_id = t.root
  FROM (SELECT n.id, min(n.root) AS root FROM nested n GROUP BY n.id) AS t
 WHERE m.id = t.id;  -- within a channel, ids grow: the first message has the lowest

INSERT INTO threads (parent_id, replies, last_id, last_author_id, last_at)
SELECT DISTINCT ON (m.parent_id) m.parent_id, count(*) OVER (PARTITION BY m.parent_id)::int, m.id,
       m.author_id, m.created_at
  FROM messages m
 WHERE m.parent_id IS NOT NULL AND m.deleted_at IS NULL
 ORDER BY m.parent_id, m.id DESC;
