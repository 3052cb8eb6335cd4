-- The tables and indexes: accounts, who may talk to whom, what was said, how far everybody has read.
-- Released: this file never changes again; the next change to a table is a file with the next number.
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
    -- 999 is the assistant's id; the trigger users_skip_assistant_id gives other accounts the next.
    CHECK (id <> 999 OR role = 'assistant')
);
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE UNIQUE INDEX users_email ON users (lower(email));

INSERT INTO users (id, username, name, role, password_hash) OVERRIDING SYSTEM VALUE
VALUES (999, 'AI Tutor', 'AI Tutor', 'assistant', 'none');

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
    joined_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX workspace_members_user ON workspace_members (user_id, workspace_id);

-- A private conversation is the channel of kind dm of its two users, lower id first.
-- A row changes with each batch of messages. The fill factor leaves room on its page, so the new
-- version stays there (a heap-only update) and neither the table nor its indexes grow.
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
) WITH (fillfactor = 50);
CREATE INDEX channels_user_hi ON channels (user_hi) WHERE user_hi IS NOT NULL;
CREATE INDEX channels_workspace ON channels (workspace_id) WHERE workspace_id IS NOT NULL;

-- Members of a channel beyond those of its workspace. A dm has exactly its two users.
CREATE TABLE channel_members (
    channel_id bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX channel_members_user ON channel_members (user_id, channel_id);

-- The log. seq counts 1, 2, 3 ... within a channel, without holes: `post_messages`, which alone
-- inserts here, takes it under the channel's row lock.
-- Author and channel are no foreign keys: they would be looked up again for each row, which is a
-- quarter of the cost of storing it. `post_messages` locks them once for a batch instead, and the
-- triggers of routines/deletion.sql delete the messages of an account or channel that is deleted.
CREATE TABLE messages (
    id          bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9007199254740991) PRIMARY KEY,
    channel_id  bigint NOT NULL,
    seq         bigint NOT NULL,
    author_id   bigint NOT NULL,
    content     text NOT NULL,
    kind        text NOT NULL DEFAULT 'text' CHECK (kind IN ('text', 'file', 'image')),
    file_url    text,
    client_key  text,  -- the author's idempotency key
    created_at  timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    is_homework boolean NOT NULL DEFAULT false,
    grading     text CHECK (grading IN ('pending', 'graded')),
    parent_id   bigint REFERENCES messages ON DELETE SET NULL,  -- the message that this one answers
    deleted_at  timestamptz,  -- the row stays, without content, so that seq has no holes
    UNIQUE (channel_id, seq)
);
CREATE UNIQUE INDEX messages_key ON messages (author_id, client_key) WHERE client_key IS NOT NULL;
CREATE INDEX messages_parent ON messages (parent_id, seq) WHERE parent_id IS NOT NULL;
CREATE INDEX messages_file ON messages (file_url) WHERE file_url IS NOT NULL;

-- Watermarks: up to which seq a user has received and read a channel, and up to which they have
-- archived the conversation. The fill factor as for channels.
CREATE TABLE receipts (
    channel_id    bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id       bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    delivered_seq bigint NOT NULL DEFAULT 0,
    read_seq      bigint NOT NULL DEFAULT 0,
    archived_seq  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, user_id),
    CHECK (0 <= read_seq AND read_seq <= delivered_seq)
) WITH (fillfactor = 50);
CREATE INDEX receipts_user ON receipts (user_id);

CREATE TABLE pins (
    channel_id bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    message_id bigint NOT NULL REFERENCES messages ON DELETE CASCADE,
    pinned_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel_id, message_id)
);
CREATE INDEX pins_message ON pins (message_id);

CREATE TABLE uploads (
    url        text PRIMARY KEY,
    owner_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    mime_type  text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX uploads_owner ON uploads (owner_id);

-- Secrets that must survive a restart and were not given as settings.
CREATE TABLE secrets (
    name  text PRIMARY KEY,
    value text NOT NULL
);

-- Connections that can be recovered: how far each has received its channels (channel_ids[n] up to
-- seqs[n]), by the hash of its secret id.
CREATE TABLE recoveries (
    key         bytea PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_ids bigint[] NOT NULL,
    seqs        bigint[] NOT NULL,
    touched_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX recoveries_touched ON recoveries (touched_at);
