-- The hubs that serve this database together, each as long as it renews its lease.
CREATE TABLE nodes (
    name        text PRIMARY KEY,
    start       text NOT NULL,  -- another one each time that the node begins
    address     text,           -- where the other nodes reach it
    version     text NOT NULL,
    connections int NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now()
);

-- What the nodes of this database are called together, on a bus that others use as well.
CREATE TABLE cells (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    name    text NOT NULL DEFAULT substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)
);
INSERT INTO cells DEFAULT VALUES;

-- Drawn from the same sequence as the ids of messages when a message of the channel was changed last;
-- 0: none was.
-- A node that may have missed revisions finds by it where. Posting never writes to it.
ALTER TABLE channels ADD revised_id bigint NOT NULL DEFAULT 0;
CREATE INDEX channels_revised ON channels (revised_id) WHERE revised_id > 0;
