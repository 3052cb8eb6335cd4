-- What names are compared by, in the place of lower(), which differs between servers and from Python's.
-- The hub computes it (`name_key` in protocol/model.py). That of the rows there are is in `user_keys`
-- and `channel_keys`, which database/keys.py makes before this file and drops after it.
ALTER TABLE users ADD username_key text, ADD email_key text, ADD name_key text;
ALTER TABLE channels ADD name_key text, ADD subject_key text;

DROP INDEX users_username;
DROP INDEX users_email;
DROP INDEX channels_name;
-- Nothing of what hubs are notified of changes.
ALTER TABLE users DISABLE TRIGGER USER;
ALTER TABLE channels DISABLE TRIGGER USER;
UPDATE users u SET username_key = k.username_key, email_key = k.email_key, name_key = k.name_key
  FROM user_keys k WHERE k.id = u.id;
UPDATE channels c SET name_key = k.name_key, subject_key = k.subject_key
  FROM channel_keys k WHERE k.id = c.id;

-- Names that were two and are one by now: all but the oldest get their id behind the name, again if
-- that is the name of a third one. Of addresses, the oldest account's alone signs in.
DO $$
BEGIN
    LOOP
        UPDATE users u SET username = format('%s-%s', u.username, u.id),
                           username_key = format('%s-%s', u.username_key, u.id)
         WHERE EXISTS (SELECT FROM users older
                        WHERE older.username_key = u.username_key AND older.id < u.id);
        EXIT WHEN NOT FOUND;
    END LOOP;
    LOOP
        UPDATE channels c SET name = format('%s (%s)', c.name, c.id),
                              name_key = format('%s (%s)', c.name_key, c.id)
         WHERE EXISTS (SELECT FROM channels older
                        WHERE older.workspace_id = c.workspace_id AND older.id < c.id
                          AND older.name_key = c.name_key);
        EXIT WHEN NOT FOUND;
    END LOOP;
END
$$;
UPDATE users u SET email_key = NULL
 WHERE EXISTS (SELECT FROM users older WHERE older.email_key = u.email_key AND older.id < u.id);

ALTER TABLE users ENABLE TRIGGER USER;
ALTER TABLE channels ENABLE TRIGGER USER;
ALTER TABLE users ALTER username_key SET NOT NULL, ALTER name_key SET NOT NULL;
ALTER TABLE channels ADD CHECK (workspace_id IS NULL OR name_key IS NOT NULL);
CREATE UNIQUE INDEX users_username ON users (username_key);
CREATE UNIQUE INDEX users_email ON users (email_key);
CREATE UNIQUE INDEX channels_name ON channels (workspace_id, name_key) WHERE workspace_id IS NOT NULL;
