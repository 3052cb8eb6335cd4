-- Every unique key of messages, and of what hangs on them, begins with the channel, so that these tables
-- can be divided by it (docs/scaling.md). A message is found by its id in `messages_id`, which need not be
-- unique: ids come from one sequence.
SET LOCAL maintenance_work_mem = '256MB';  -- for the indexes of a large log

-- A table that is divided may have no identity before Postgres 17. The sequences go on where they are.
DO $$
DECLARE
    place text;
    last  bigint;
BEGIN
    FOREACH place IN ARRAY ARRAY['messages', 'reactions'] LOOP
        last := pg_sequence_last_value(pg_get_serial_sequence(place, 'id'));
        EXECUTE format('ALTER TABLE %I ALTER id DROP IDENTITY', place);
        EXECUTE format('CREATE SEQUENCE %I MAXVALUE 9007199254740991 OWNED BY %I.id',
                       place || '_id_seq', place);
        EXECUTE format('ALTER TABLE %I ALTER id SET DEFAULT nextval(%L)', place, place || '_id_seq');
        IF last IS NOT NULL THEN
            PERFORM setval(place || '_id_seq', last);
        END IF;
    END LOOP;
END $$;

ALTER TABLE reactions ADD channel_id bigint;
UPDATE reactions r SET channel_id = m.channel_id FROM messages m WHERE m.id = r.message_id;
ALTER TABLE revision_keys ADD channel_id bigint;
UPDATE revision_keys k SET channel_id = m.channel_id FROM messages m WHERE m.id = k.message_id;
ALTER TABLE message_versions ADD channel_id bigint;
UPDATE message_versions v SET channel_id = m.channel_id FROM messages m WHERE m.id = v.message_id;
ALTER TABLE threads ADD channel_id bigint;
UPDATE threads t SET channel_id = m.channel_id FROM messages m WHERE m.id = t.root_id;
ALTER TABLE thread_follows ADD channel_id bigint;
UPDATE thread_follows f SET channel_id = m.channel_id FROM messages m WHERE m.id = f.root_id;
ALTER TABLE hidden_messages ADD channel_id bigint;
UPDATE hidden_messages h SET channel_id = m.channel_id FROM messages m WHERE m.id = h.message_id;

-- A new table: to change each row of the old one would put each word into its index again, one by one.
CREATE TABLE documents (
    channel_id bigint NOT NULL,
    message_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    terms      tsvector NOT NULL
);
INSERT INTO documents
SELECT m.channel_id, d.message_id, d.created_at, d.terms
  FROM search_documents d JOIN messages m ON m.id = d.message_id;
DROP TABLE search_documents;
ALTER TABLE documents RENAME TO search_documents;
ALTER TABLE search_documents
    ADD CONSTRAINT search_documents_pkey PRIMARY KEY (channel_id, message_id);
CREATE INDEX search_documents_terms ON search_documents USING gin (terms)
    WITH (gin_pending_list_limit = 1024);
CREATE INDEX search_documents_time ON search_documents (created_at, message_id);
ANALYZE search_documents;

-- With the foreign keys to it. They are not made again: they would need a unique key with the id, which
-- each message would pay for. Instead, what hangs on messages goes with them by a trigger of
-- routines/deletion.sql, and whoever adds to it holds the message until the commit.
ALTER TABLE messages DROP CONSTRAINT messages_pkey CASCADE,
    DROP CONSTRAINT messages_channel_id_seq_key;
DROP INDEX messages_key;
ALTER TABLE messages ADD PRIMARY KEY (channel_id, seq);
CREATE INDEX messages_id ON messages (id);
CREATE UNIQUE INDEX messages_key ON messages (channel_id, author_id, client_key)
    WHERE client_key IS NOT NULL;

ALTER TABLE reactions ALTER channel_id SET NOT NULL, DROP CONSTRAINT reactions_pkey,
    ADD PRIMARY KEY (channel_id, message_id, emoji, user_id);
ALTER TABLE revision_keys ALTER channel_id SET NOT NULL, DROP CONSTRAINT revision_keys_pkey,
    ADD PRIMARY KEY (channel_id, user_id, client_key);
DROP INDEX revision_keys_message;
CREATE INDEX revision_keys_message ON revision_keys (channel_id, message_id);
CREATE INDEX revision_keys_user ON revision_keys (user_id);
ALTER TABLE message_versions ALTER channel_id SET NOT NULL, DROP CONSTRAINT message_versions_pkey,
    ADD PRIMARY KEY (channel_id, message_id, rev);
DROP INDEX pins_message;
ALTER TABLE threads ALTER channel_id SET NOT NULL, DROP CONSTRAINT threads_pkey,
    ADD PRIMARY KEY (channel_id, root_id);
ALTER TABLE thread_follows ALTER channel_id SET NOT NULL, DROP CONSTRAINT thread_follows_pkey,
    ADD PRIMARY KEY (channel_id, root_id, user_id);
DROP INDEX thread_follows_root;
CREATE INDEX thread_follows_user ON thread_follows (user_id);
ALTER TABLE hidden_messages ALTER channel_id SET NOT NULL, DROP CONSTRAINT hidden_messages_pkey,
    ADD PRIMARY KEY (channel_id, message_id, user_id);
DROP INDEX hidden_messages_message;
DROP INDEX mentions_message;
CREATE UNIQUE INDEX mentions_message ON mentions (channel_id, message_id, user_id);
