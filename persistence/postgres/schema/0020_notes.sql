-- What users note for themselves alone. Each change takes the user's next number, by which a device asks
-- for what it missed; of a channel and of a message only the last one is kept.
CREATE TABLE note_numbers (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    last    bigint NOT NULL
) WITH (fillfactor = 50);

-- Messages that a user has hidden, or shown again.
CREATE TABLE hidden_messages (
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    is_hidden  boolean NOT NULL,
    number     bigint NOT NULL,
    PRIMARY KEY (user_id, message_id)
);
CREATE INDEX hidden_messages_message ON hidden_messages (message_id);
CREATE INDEX hidden_messages_number ON hidden_messages (user_id, number);

-- Of a channel: what is above this seq counts as unread though it was read, and until when nothing of it
-- is counted with the others ('infinity': for good). `note`: the number of the last change of the two.
ALTER TABLE receipts ADD unread_above bigint CHECK (unread_above >= 0), ADD muted_until timestamptz,
    ADD note bigint NOT NULL DEFAULT 0;
CREATE INDEX receipts_note ON receipts (user_id, note) WHERE note > 0;
