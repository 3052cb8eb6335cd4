-- The domain: who there is, who may talk, what was said, how far everybody has read.
-- Ids are below 2^53, because browsers parse JSON numbers as doubles.

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9007199254740991) PRIMARY KEY,
    username      text NOT NULL CHECK (username <> ''),
    email         text,
    name          text NOT NULL,
    first_name    text NOT NULL DEFAULT '',
    last_name     text NOT NULL DEFAULT '',
    date_of_birth date,
    avatar        text,
    nickname      text,
    about_me      text,
    role          text NOT NULL DEFAULT 'student'
                  CHECK (role IN ('student', 'teacher', 'principal', 'admin', 'assistant')),
    class_name    text,
    subject       text,
    is_public     boolean NOT NULL DEFAULT true,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    updated_at    timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    -- 999 belongs to the assistant; the trigger below keeps everybody else off it.
    CHECK (id <> 999 OR role = 'assistant')
);
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE FUNCTION skip_assistant_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = 999 AND NEW.role <> 'assistant' THEN
        NEW.id := nextval(pg_get_serial_sequence('users', 'id'));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER users_skip_assistant_id BEFORE INSERT ON users
    FOR EACH ROW EXECUTE FUNCTION skip_assistant_id();

CREATE TABLE sessions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE follows (
    follower_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    followee_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    status      text NOT NULL CHECK (status IN ('pending', 'accepted')),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (follower_id, followee_id),
    CHECK (follower_id <> followee_id)
);
CREATE INDEX follows_followee ON follows (followee_id, follower_id);

CREATE TABLE blocks (
    blocker_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    blocked_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX blocks_blocked ON blocks (blocked_id, blocker_id);

CREATE TABLE workspaces (
    id          bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9007199254740991) PRIMARY KEY,
    name        text NOT NULL,
    description text,
    owner_id    bigint NOT NULL REFERENCES users,
    created_at  timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp())
);

CREATE TABLE workspace_members (
    workspace_id bigint NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX workspace_members_user ON workspace_members (user_id, workspace_id);

-- A private conversation is the dm channel of its two users, lower id first.
CREATE TABLE channels (
    id           bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9007199254740991) PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('dm', 'text', 'announcement')),
    workspace_id bigint REFERENCES workspaces ON DELETE CASCADE,
    user_lo      bigint REFERENCES users ON DELETE CASCADE,
    user_hi      bigint REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL,
    class_name   text,
    subject      text,
    last_seq     bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    UNIQUE (user_lo, user_hi),
    CHECK ((kind = 'dm') = (user_lo IS NOT NULL AND user_hi IS NOT NULL AND workspace_id IS NULL)),
    CHECK (user_lo < user_hi)
);
CREATE INDEX channels_user_hi ON channels (user_hi) WHERE user_hi IS NOT NULL;
CREATE INDEX channels_workspace ON channels (workspace_id) WHERE workspace_id IS NOT NULL;

-- Who may see a channel beyond the members of its workspace. A dm has exactly its two users.
CREATE TABLE channel_members (
    channel_id bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX channel_members_user ON channel_members (user_id, channel_id);

-- seq is dense per channel: it is taken under the channel's row lock, in the inserting transaction.
CREATE TABLE messages (
    id         bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9007199254740991) PRIMARY KEY,
    channel_id bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    seq        bigint NOT NULL,
    author_id  bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    content    text NOT NULL,
    kind       text NOT NULL DEFAULT 'text' CHECK (kind IN ('text', 'file', 'image')),
    file_url   text,
    client_key text,
    created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    UNIQUE (channel_id, seq)
);
CREATE UNIQUE INDEX messages_key ON messages (author_id, client_key) WHERE client_key IS NOT NULL;

CREATE TABLE receipts (
    channel_id    bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id       bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    delivered_seq bigint NOT NULL DEFAULT 0,
    read_seq      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, user_id),
    CHECK (0 <= read_seq AND read_seq <= delivered_seq)
);
CREATE INDEX receipts_user ON receipts (user_id);
