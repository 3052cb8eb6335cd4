-- What a message replies to, beside the first message of its thread, which was all that was kept so far.
ALTER TABLE messages RENAME parent_id TO root_id;  -- the first message of its thread
ALTER TABLE messages RENAME CONSTRAINT messages_parent_id_fkey TO messages_root_id_fkey;
ALTER INDEX messages_parent RENAME TO messages_root;
-- The message that this one answers. A reply without one answers the first message: of those that are
-- older than this column it is not known, or what they answered was removed. No foreign key, which
-- every message would pay for: a trigger of routines/threads.sql takes it back.
ALTER TABLE messages ADD parent_id bigint;
CREATE INDEX messages_parent ON messages (parent_id) WHERE parent_id IS NOT NULL;

ALTER TABLE threads RENAME parent_id TO root_id;
ALTER TABLE thread_follows RENAME parent_id TO root_id;
ALTER INDEX thread_follows_parent RENAME TO thread_follows_root;
