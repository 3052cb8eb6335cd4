-- When a session was last used, which its owner is shown; written every few minutes at most.
ALTER TABLE sessions ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();
