-- New email addresses that are not proved yet, the newest of each user.
CREATE TABLE proposed_emails (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    email   text NOT NULL,
    digest  bytea NOT NULL,        -- of the ticket that proves it
    ends_at timestamptz NOT NULL
);
