-- The id of a channel's last message, deleted or not: lists are sorted by it without looking for the
-- newest message of every conversation. 0 before the first one.
ALTER TABLE channels ADD last_id bigint NOT NULL DEFAULT 0;
ALTER TABLE channels DISABLE TRIGGER USER;
UPDATE channels c SET last_id = m.id FROM messages m WHERE m.channel_id = c.id AND m.seq = c.last_seq;
ALTER TABLE channels ENABLE TRIGGER USER;
