-- Which log this is. `value` is random, and another one after the log went back; see
-- routines/epoch.sql.
CREATE TABLE epochs (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    value   uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO epochs DEFAULT VALUES;

-- The hub that serves this database: the random number that it has drawn when it began. Messages are
-- stored for that hub alone; see post_messages.
CREATE TABLE serving (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    hub     bigint
);
INSERT INTO serving DEFAULT VALUES;
