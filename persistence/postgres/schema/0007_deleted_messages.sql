-- Of a deleted message, 16 bits of a hash of what it was: enough to tell a repeat of it from another
-- message under its key, too few to find out what it said.
ALTER TABLE messages ADD COLUMN remains integer;
