-- Two channels of one name cannot be told apart. Those that there are: all but the oldest get their id
-- behind the name, again if that is the name of a third one.
DO $$
BEGIN
    LOOP
        UPDATE channels c SET name = format('%s (%s)', c.name, c.id)
         WHERE EXISTS (SELECT FROM channels older
                        WHERE older.workspace_id = c.workspace_id AND older.id < c.id
                          AND lower(btrim(older.name)) = lower(btrim(c.name)));
        EXIT WHEN NOT FOUND;
    END LOOP;
END
$$;
CREATE UNIQUE INDEX channels_name ON channels (workspace_id, lower(btrim(name)))
    WHERE workspace_id IS NOT NULL;
