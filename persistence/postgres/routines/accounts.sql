-- Accounts take their ids from a sequence, which comes by the assistant's id, 999.
CREATE OR REPLACE FUNCTION skip_assistant_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = 999 AND NEW.role <> 'assistant' THEN
        NEW.id := nextval(pg_get_serial_sequence('users', 'id'));
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER users_skip_assistant_id BEFORE INSERT ON users
    FOR EACH ROW EXECUTE FUNCTION skip_assistant_id();
