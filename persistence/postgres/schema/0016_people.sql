-- When an account was deleted whose messages stay: a row without anything of the person, so that what
-- they wrote has an author. See routines/deletion.sql.
ALTER TABLE users ADD deleted_at timestamptz;

-- After how many days the messages of a workspace's channels are removed; 0: as the hub's setting says.
ALTER TABLE workspaces ADD retention_days int NOT NULL DEFAULT 0
    CHECK (retention_days BETWEEN 0 AND 36500);
