-- What the learning platform's messages may be, besides text, files and pictures. Those that there are
-- have been checked more strictly.
ALTER TABLE messages DROP CONSTRAINT messages_kind_check;
ALTER TABLE messages ADD CONSTRAINT messages_kind_check
    CHECK (kind IN ('text', 'file', 'image', 'doubt', 'assignment', 'announcement')) NOT VALID;
