-- Accounts take their ids from a sequence, which must skip the assistant's id, 999.
CREATE OR REPLACE FUNCTION skip_assistant_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = 999 AND NEW.role <> 'assistant' THEN
        NEW.id := nextval(pg_get_serial_sequence('users', 'id'));
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER users_skip_assistant_id BEFORE INSERT ON users
    FOR EACH ROW EXECUTE FUNCTION skip_assistant_id();

-- Deactivating an account ends its sessions. Hubs close its connections, also those of sessions of
-- another application.
CREATE OR REPLACE FUNCTION end_deactivated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.deactivated_at IS NULL THEN
        PERFORM pg_notify('parlour_sessions', 'reactivated ' || NEW.id);
    ELSE
        -- a statement of its own, which sees the sessions that were opened until the row was locked
        DELETE FROM sessions WHERE user_id = NEW.id;
        PERFORM pg_notify('parlour_sessions', 'deactivated ' || NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER users_end_deactivated AFTER UPDATE OF deactivated_at ON users
    FOR EACH ROW WHEN (OLD.deactivated_at IS DISTINCT FROM NEW.deactivated_at)
    EXECUTE FUNCTION end_deactivated();
