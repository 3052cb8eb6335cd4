-- Revisions change stored messages. `last_rev` counts those of a channel, as `last_seq` counts its
-- messages; a message has the rev of its last revision, 0 before the first.
ALTER TABLE channels ADD last_rev bigint NOT NULL DEFAULT 0;
ALTER TABLE messages ADD rev bigint NOT NULL DEFAULT 0, ADD edited_at timestamptz;
-- Posting never writes to it.
CREATE INDEX messages_rev ON messages (channel_id, rev) WHERE rev > 0;

CREATE TABLE reactions (
    message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    emoji      text NOT NULL CHECK (char_length(emoji) BETWEEN 1 AND 20),
    id         bigint GENERATED ALWAYS AS IDENTITY,  -- grows with the time of the reaction
    PRIMARY KEY (message_id, emoji, user_id)
);
CREATE INDEX reactions_user ON reactions (user_id);

-- The keys of revisions, by which a repeat is known, and what they stand for.
CREATE TABLE revision_keys (
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    client_key text NOT NULL,
    message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    revision   bytea NOT NULL,  -- a hash
    PRIMARY KEY (user_id, client_key)
);
CREATE INDEX revision_keys_message ON revision_keys (message_id);

-- What edited messages said before, where a setting asks for it.
CREATE TABLE message_versions (
    message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    rev        bigint NOT NULL,  -- of the edit that replaced it
    content    text NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (message_id, rev)
);

-- How far connections that can be recovered know the revisions of their channels, as `seqs`.
ALTER TABLE recoveries ADD revs bigint[];
UPDATE recoveries SET revs = array_fill(0::bigint, ARRAY[cardinality(channel_ids)]);
ALTER TABLE recoveries ALTER revs SET NOT NULL;
