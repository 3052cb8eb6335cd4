-- Whether both users of a dm have written in it: before that it is a request, which says nothing of
-- who did not answer. `opened_by` is the one who wrote first.
ALTER TABLE channels ADD opened_by bigint, ADD answered boolean NOT NULL DEFAULT false;
UPDATE channels c
   SET opened_by = (SELECT m.author_id FROM messages m
                     WHERE m.channel_id = c.id AND m.author_id IN (c.user_lo, c.user_hi)
                     ORDER BY m.seq LIMIT 1),
       answered = EXISTS (SELECT FROM messages m
                           WHERE m.channel_id = c.id AND m.author_id = c.user_lo)
              AND EXISTS (SELECT FROM messages m
                           WHERE m.channel_id = c.id AND m.author_id = c.user_hi)
 WHERE kind = 'dm' AND last_seq > 0;
