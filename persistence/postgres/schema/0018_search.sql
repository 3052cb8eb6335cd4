-- What messages are searched by: one row for each, made some time after the message (index_messages in
-- routines/search.sql). `terms` has the words, and who may be shown it, who wrote it, where and about
-- when; docs/decisions/search-behind-the-log.md says why all of that is in one index.
CREATE TABLE search_documents (
    message_id bigint PRIMARY KEY,
    created_at timestamptz NOT NULL,
    terms      tsvector NOT NULL
);
CREATE INDEX search_documents_terms ON search_documents USING gin (terms)
    WITH (gin_pending_list_limit = 1024);
CREATE INDEX search_documents_time ON search_documents (created_at, message_id);

-- How far that has come: messages up to `indexed_id` have their row, those up to `settling_id` will once
-- the transactions below `settling_xid` have ended; in which languages.
CREATE TABLE search_progress (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    indexed_id   bigint NOT NULL,
    settling_id  bigint NOT NULL,
    settling_xid xid8 NOT NULL,
    languages    text[] NOT NULL
);

-- What people are searched by: their names without accents, as `plain_key` in protocol/model.py.
ALTER TABLE users ADD plain_key text NOT NULL GENERATED ALWAYS AS (
    translate(regexp_replace(normalize(name_key || chr(10) || username_key, NFKD),
                             '[\u0300-\u036f]', '', 'g'), 'øłđħŧı', 'oldhti')) STORED;
