-- Since when an account may not be used; NULL: it may.
ALTER TABLE users ADD deactivated_at timestamptz;

-- What operators have done, when, by which way (the admin socket, HTTP, or a command with the database
-- of its own) and from where: the uid of who did it, or the address. Whom it was done to is an id
-- without a foreign key, and no name: a row outlives the account, of which nothing else is to stay.
CREATE TABLE audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    way      text NOT NULL CHECK (way IN ('socket', 'http', 'command')),
    peer     text NOT NULL,
    action   text NOT NULL,
    user_id  bigint,
    details  jsonb NOT NULL
);
