-- Whom messages mention, as it was decided when they were posted or edited (routines/mentions.sql). What
-- mentions nobody has no row. Channel and seq are those of the message.
CREATE TABLE mentions (
    message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    user_id    bigint REFERENCES users ON DELETE CASCADE,  -- NULL: everybody in the channel
    channel_id bigint NOT NULL,
    seq        bigint NOT NULL
);
CREATE UNIQUE INDEX mentions_message ON mentions (message_id, user_id);
CREATE INDEX mentions_user ON mentions (user_id, message_id) WHERE user_id IS NOT NULL;
CREATE INDEX mentions_channel ON mentions (channel_id, seq) WHERE user_id IS NULL;
