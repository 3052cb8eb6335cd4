-- What a member is in a workspace. The owner is in the workspace's row; `standing_in_workspace` makes
-- one answer of both.
ALTER TABLE workspace_members ADD COLUMN role text NOT NULL DEFAULT 'member'
    CHECK (role IN ('moderator', 'member', 'guest'));
-- Owners that were put out of their own workspaces are members again.
INSERT INTO workspace_members (workspace_id, user_id) SELECT id, owner_id FROM workspaces
ON CONFLICT DO NOTHING;

-- Who was asked to join a workspace, and has neither accepted nor declined.
CREATE TABLE invitations (
    workspace_id bigint NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    inviter_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX invitations_user ON invitations (user_id);
CREATE INDEX invitations_inviter ON invitations (inviter_id);

-- Links by which anybody may join, until their end, and so many times.
CREATE TABLE invitation_links (
    id           bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9007199254740991) PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE,
    workspace_id bigint NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    creator_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at   timestamptz NOT NULL,
    uses_left    int NOT NULL CHECK (uses_left >= 0),
    created_at   timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp())
);
CREATE INDEX invitation_links_workspace ON invitation_links (workspace_id);
CREATE INDEX invitation_links_creator ON invitation_links (creator_id);
