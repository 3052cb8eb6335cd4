-- Threads: the replies to a message. When any program stores, deletes or removes a reply, these triggers
-- update the row of its thread; for a message that is no reply, only their conditions check `root_id`.

-- The authors of the first message of a thread and of its replies follow it, unless they have ceased to. If a
-- reply makes its author follow, the messages before it count as read.
CREATE OR REPLACE FUNCTION add_reply() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO threads AS t (channel_id, root_id, replies, last_id, last_author_id, last_at)
    VALUES (NEW.channel_id, NEW.root_id, 1, NEW.id, NEW.author_id, NEW.created_at)
    ON CONFLICT (channel_id, root_id) DO UPDATE
       SET replies = t.replies + 1, last_id = EXCLUDED.last_id,
           last_author_id = EXCLUDED.last_author_id, last_at = EXCLUDED.last_at;
    INSERT INTO thread_follows (channel_id, user_id, root_id, read_seq)
    SELECT NEW.channel_id, u.id, NEW.root_id, CASE u.id WHEN NEW.author_id THEN NEW.seq ELSE 0 END
      FROM users u
     WHERE u.id IN (NEW.author_id, (SELECT m.author_id FROM messages m
                                     WHERE m.channel_id = NEW.channel_id AND m.id = NEW.root_id))
       AND u.deleted_at IS NULL AND u.role <> 'assistant'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER messages_add_reply AFTER INSERT ON messages
    FOR EACH ROW WHEN (NEW.root_id IS NOT NULL) EXECUTE FUNCTION add_reply();

-- The second statement begins when the row is locked, so it sees what was committed meanwhile. If the first
-- message of the thread is removed together with the reply, the thread's row is deleted with that message.
CREATE OR REPLACE FUNCTION take_reply() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE threads SET replies = replies - 1
     WHERE channel_id = OLD.channel_id AND root_id = OLD.root_id
       AND EXISTS (SELECT FROM messages m
                    WHERE m.channel_id = OLD.channel_id AND m.id = OLD.root_id);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE threads t
       SET (last_id, last_author_id, last_at) = (
           SELECT m.id, m.author_id, m.created_at FROM messages m
            WHERE m.channel_id = t.channel_id AND m.root_id = t.root_id AND m.deleted_at IS NULL
            ORDER BY m.seq DESC LIMIT 1)
     WHERE t.channel_id = OLD.channel_id AND t.root_id = OLD.root_id AND t.last_id = OLD.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER messages_take_deleted_reply AFTER UPDATE OF deleted_at ON messages
    FOR EACH ROW
    WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND OLD.root_id IS NOT NULL)
    EXECUTE FUNCTION take_reply();
CREATE OR REPLACE TRIGGER messages_take_removed_reply AFTER DELETE ON messages
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND OLD.root_id IS NOT NULL)
    EXECUTE FUNCTION take_reply();
-- Replies to removed messages become replies to the first message of their thread, if that still exists; else
-- they are in no thread any more.
CREATE OR REPLACE FUNCTION release_replies() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE messages SET parent_id = NULL
     WHERE (channel_id, parent_id) IN (SELECT g.channel_id, g.id FROM gone g);
    UPDATE messages SET root_id = NULL
     WHERE (channel_id, root_id) IN (SELECT g.channel_id, g.id FROM gone g);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER messages_release_replies AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION release_replies();
CREATE OR REPLACE TRIGGER thread_follows_refuse_deleted AFTER INSERT ON thread_follows
    FOR EACH ROW EXECUTE FUNCTION refuse_deleted('user_id');

-- The users who get an event for a reply of `author`: followers of the thread who may see the channel.
CREATE OR REPLACE FUNCTION thread_audience(of_message bigint, channel bigint, author bigint)
RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT f.user_id FROM thread_follows f
                  WHERE f.channel_id = channel AND f.root_id = of_message AND f.is_following AND f.user_id <> author
                    AND may_join(f.user_id, channel)
                  ORDER BY f.user_id LIMIT 1000)
$$;
