-- Who keeps what it knows of a user for a while is told when it is no longer true: `user <id>` among
-- the notices of sessions, whose payload is otherwise the id of the session that ended.
CREATE FUNCTION announce_changed_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('parlour_sessions', 'user ' || NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER users_announce_change AFTER UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION announce_changed_user();
