-- Connections that can be recovered: what each was told, by the hash of its secret id.
CREATE TABLE recoveries (
    key         bytea PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_ids bigint[] NOT NULL,
    seqs        bigint[] NOT NULL,
    touched_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX recoveries_touched ON recoveries (touched_at);
