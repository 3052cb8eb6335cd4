-- The message that this one is a copy of; it may be gone. What it was is told only to whoever may see it.
ALTER TABLE messages ADD forwarded_id bigint;
