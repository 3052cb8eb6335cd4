-- What is kept of a file besides its type: what it is called, its size, and of a picture its width and
-- height. Of the files that there are, the name is what their addresses say.
ALTER TABLE uploads
    ADD COLUMN name   text NOT NULL DEFAULT 'file',
    ADD COLUMN size   bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
    ADD COLUMN width  int CHECK (width > 0),
    ADD COLUMN height int CHECK (height > 0);
UPDATE uploads SET name = regexp_replace(url, '^.*/(?:[0-9a-f]{32}_|[0-9]{13}_)?', '');
ALTER TABLE uploads ALTER COLUMN name DROP DEFAULT, ALTER COLUMN size DROP DEFAULT;

-- How much a user has uploaded is a sum over the index.
DROP INDEX uploads_owner;
CREATE INDEX uploads_owner ON uploads (owner_id) INCLUDE (size);

-- Uploads to look at when it is time: those that nothing names then are deleted, and their files with
-- them (routines/uploads.sql). A file that is not in use is here; one that is may be.
CREATE TABLE loose_uploads (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url    text NOT NULL,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX loose_uploads_due ON loose_uploads (due_at);
CREATE INDEX loose_uploads_url ON loose_uploads (url);
INSERT INTO loose_uploads (url, due_at) SELECT url, now() + interval '1 day' FROM uploads;

-- Whether a file is anybody's picture.
CREATE INDEX users_avatar ON users (avatar) WHERE avatar IS NOT NULL;
