-- Attempts to sign in that count, where several nodes serve. Nothing of it need outlive the server.
CREATE UNLOGGED TABLE attempts (
    key   bytea PRIMARY KEY,       -- a hash of what is counted
    times timestamptz[] NOT NULL,  -- the latest one last
    ends  timestamptz NOT NULL     -- when none of them counts any more
);
CREATE INDEX attempts_ends ON attempts (ends);
