-- Since when somebody is a member of one channel alone; of those who are it already that is not known.
ALTER TABLE channel_members ADD joined_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE channel_members ALTER joined_at SET DEFAULT clock_timestamp();
-- What mentions everybody in a channel is listed by id, a page at a time.
DROP INDEX mentions_channel;
CREATE INDEX mentions_channel ON mentions (channel_id, message_id) WHERE user_id IS NULL;
