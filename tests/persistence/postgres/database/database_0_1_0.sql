-- A database of Parlour 0.1.0 (commit 71a2028) with a little of everything in it, made by its code and
-- written by `pg_dump --inserts --no-owner --no-privileges`, without its comments and settings.
SET check_function_bodies = false;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.announce_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    changed jsonb;
    payload text := TG_ARGV[0];
BEGIN
    changed := to_jsonb(OLD);
    IF TG_OP = 'INSERT' THEN
        changed := to_jsonb(NEW);
    END IF;
    FOR position IN 1 .. TG_NARGS - 1 LOOP
        payload := payload || ' ' || (changed ->> TG_ARGV[position]);
    END LOOP;
    PERFORM pg_notify('parlour_changes', payload);
    RETURN NULL;
END $$;
CREATE FUNCTION public.announce_changed_user() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('parlour_sessions', 'user ' || NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION public.announce_ended_session() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('parlour_sessions', OLD.id::text);
    RETURN NULL;
END $$;
CREATE FUNCTION public.delete_messages_with() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a transaction that deletes from % must be READ COMMITTED', TG_TABLE_NAME
            USING DETAIL = 'It would not see the messages that were stored since it began.',
                  ERRCODE = 'invalid_transaction_state';
    END IF;
    EXECUTE format('DELETE FROM messages WHERE %I IN (SELECT id FROM gone)', TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE FUNCTION public.may_join(who bigint, channel bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT EXISTS (
           SELECT FROM channel_members m JOIN channels c ON c.id = m.channel_id
           WHERE m.channel_id = channel AND m.user_id = who
             AND (c.user_lo IS NULL OR may_see_conversation(
                  who, CASE who WHEN c.user_lo THEN c.user_hi ELSE c.user_lo END)))
        OR EXISTS (
           SELECT FROM channels JOIN workspace_members USING (workspace_id)
           WHERE channels.id = channel AND workspace_members.user_id = who)
$$;
CREATE FUNCTION public.may_message(sender bigint, recipient bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT sender <> recipient
       AND EXISTS (SELECT FROM users WHERE id = sender)
       AND NOT EXISTS (
           SELECT FROM blocks
           WHERE (blocker_id, blocked_id) IN ((sender, recipient), (recipient, sender)))
       AND EXISTS (
           SELECT FROM users
           WHERE id = recipient AND (is_public OR EXISTS (
               SELECT FROM follows
               WHERE (follower_id, followee_id) IN ((sender, recipient), (recipient, sender))
                 AND status = 'accepted')))
$$;
CREATE FUNCTION public.may_see_conversation(who bigint, peer bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT NOT EXISTS (SELECT FROM blocks WHERE blocker_id = peer AND blocked_id = who)
       AND (EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = peer)
            OR may_message(who, peer) OR may_message(peer, who))
$$;
CREATE FUNCTION public.post_messages(authors bigint[], recipients bigint[], channel_ids bigint[], places integer[], contents text[], keys text[], kinds text[], file_urls text[], homework boolean[], askers bigint[], parents bigint[]) RETURNS TABLE(draft integer, verdict text, message_id bigint, in_channel bigint, in_workspace bigint, peer bigint, at_seq bigint, posted_at timestamp with time zone, readers bigint[], delivered boolean)
    LANGUAGE plpgsql
    AS $$
DECLARE
    targets    bigint[];  -- by place: the channel
    workspaces bigint[];
    peers      bigint[];  -- the other side of a dm; null in other channels
    heads      bigint[];  -- the last seq
    refusals   text[];    -- why nothing may be stored there
    at_time    timestamptz;
BEGIN
    PERFORM FROM users WHERE id = ANY (authors) ORDER BY id FOR KEY SHARE;
    FOR attempt IN 1..2 LOOP
        SELECT array_agg(p.id ORDER BY p.ord), array_agg(p.workspace_id ORDER BY p.ord),
               array_agg(p.peer ORDER BY p.ord), array_agg(p.last_seq ORDER BY p.ord),
               array_agg(CASE
                   WHEN p.channel IS NOT NULL AND p.id IS NULL THEN 'channel_not_found'
                   WHEN p.author = p.peer THEN 'cannot_message_self'
                   WHEN p.author = 999 AND p.channel IS NOT NULL
                        AND EXISTS (SELECT FROM users u WHERE u.id = 999) THEN NULL  -- it was asked
                   WHEN p.peer IS NULL THEN
                       CASE WHEN NOT may_join(p.author, p.channel) THEN 'not_a_member' END
                   WHEN may_message(p.author, p.peer) THEN NULL
                   WHEN EXISTS (SELECT FROM users u WHERE u.id = p.peer) THEN 'not_allowed'
                   ELSE 'recipient_not_found'
               END ORDER BY p.ord)
          INTO targets, workspaces, peers, heads, refusals
          FROM (SELECT t.ord, t.author, t.channel, c.id, c.workspace_id, c.last_seq,
                       coalesce(t.recipient, CASE t.author WHEN c.user_lo THEN c.user_hi
                                                           WHEN c.user_hi THEN c.user_lo END)
                           AS peer
                  FROM (SELECT d.*, coalesce(d.channel, (
                                   SELECT dm.id FROM channels dm
                                    WHERE dm.user_lo = least(d.author, d.recipient)
                                      AND dm.user_hi = greatest(d.author, d.recipient))) AS target
                          FROM unnest(authors, recipients, channel_ids)
                               WITH ORDINALITY AS d (author, recipient, channel, ord)
                         ORDER BY target) AS t
                  LEFT JOIN LATERAL (SELECT * FROM channels
                                      WHERE channels.id = t.target FOR NO KEY UPDATE) AS c ON true
               ) AS p;
        EXIT WHEN attempt = 2 OR array_position(targets, NULL) IS NULL;
        WITH created AS (
            INSERT INTO channels (kind, user_lo, user_hi, name)
            SELECT DISTINCT 'dm', p.lo, p.hi, format('dm_%s_%s', p.lo, p.hi)
              FROM (SELECT least(d.author, d.recipient) AS lo,
                           greatest(d.author, d.recipient) AS hi
                      FROM unnest(authors, recipients, targets, refusals)
                           AS d (author, recipient, target, refusal)
                     WHERE d.target IS NULL AND d.refusal IS NULL) AS p
            ON CONFLICT DO NOTHING
            RETURNING id, user_lo, user_hi
        )
        INSERT INTO channel_members (channel_id, user_id)
        SELECT c.id, member FROM created c, unnest(ARRAY[c.user_lo, c.user_hi]) AS member;
    END LOOP;
    at_time := date_trunc('milliseconds', clock_timestamp());
    RETURN QUERY
    WITH drafts AS MATERIALIZED (
        SELECT d.*, authors[d.place] AS author, targets[d.place] AS channel_id,
               refusals[d.place] AS refusal, m.id AS known, m.channel_id AS known_channel,
               m.seq AS known_seq, m.created_at AS known_at,
               m.channel_id = targets[d.place] AND m.content = d.content AS is_same
          FROM unnest(places, contents, keys, kinds, file_urls, homework, askers, parents)
               WITH ORDINALITY
               AS d (place, content, key, kind, file_url, is_homework, asker, parent, ord)
          LEFT JOIN messages m ON m.author_id = authors[d.place] AND m.client_key = d.key
    ), fresh AS MATERIALIZED (
        -- in a channel the order of ids is that of seqs
        SELECT nextval('messages_id_seq') AS id,
               heads[d.place] + row_number() OVER (PARTITION BY d.channel_id ORDER BY d.ord) AS seq,
               d.*
          FROM drafts d WHERE d.known IS NULL AND d.refusal IS NULL
    ), inserted AS (
        INSERT INTO messages (id, channel_id, seq, author_id, content, kind, file_url, is_homework,
                              client_key, parent_id, created_at)
        OVERRIDING SYSTEM VALUE
        SELECT f.id, f.channel_id, f.seq, f.author, f.content, f.kind, f.file_url, f.is_homework,
               f.key, f.parent, at_time
          FROM fresh f
    ), advanced AS (
        UPDATE channels c SET last_seq = n.seq
          FROM (SELECT f.channel_id, max(f.seq) AS seq FROM fresh f GROUP BY f.channel_id) AS n
         WHERE c.id = n.channel_id
    ), answered AS (
        -- whom the assistant answers has read the answer
        INSERT INTO receipts AS r (channel_id, user_id, delivered_seq, read_seq)
        SELECT f.channel_id, f.asker, max(f.seq), max(f.seq) FROM fresh f
         WHERE f.asker IS NOT NULL GROUP BY f.channel_id, f.asker
        ON CONFLICT (channel_id, user_id) DO UPDATE
           SET read_seq = greatest(r.read_seq, EXCLUDED.read_seq),
               delivered_seq = greatest(r.delivered_seq, EXCLUDED.delivered_seq)
    )
    SELECT f.ord::int, 'posted', f.id, f.channel_id, workspaces[f.place], peers[f.place], f.seq,
           at_time, array_remove(ARRAY[f.asker], NULL), f.asker IS NOT NULL
      FROM fresh f
    UNION ALL
    -- who repeats what was stored learns that it was, whatever is allowed by now
    SELECT d.ord::int,
           CASE WHEN d.known IS NULL OR d.channel_id IS NULL THEN d.refusal
                WHEN d.is_same THEN 'repeated' ELSE 'key_conflict' END,
           d.known, d.known_channel, workspaces[d.place], peers[d.place], d.known_seq, d.known_at,
           ARRAY(SELECT r.user_id FROM receipts r
                  WHERE r.channel_id = d.known_channel AND r.user_id <> d.author
                    AND r.read_seq >= d.known_seq ORDER BY r.user_id),
           EXISTS (SELECT FROM receipts r
                    WHERE r.channel_id = d.known_channel AND r.user_id <> d.author
                      AND r.delivered_seq >= d.known_seq)
      FROM drafts d WHERE d.known IS NOT NULL OR d.refusal IS NOT NULL;
END $$;
CREATE FUNCTION public.presence_audience(who bigint) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    AS $$
    SELECT related.id FROM (
        SELECT followee_id AS id FROM follows WHERE follower_id = who AND status = 'accepted'
        UNION SELECT follower_id FROM follows WHERE followee_id = who AND status = 'accepted'
        UNION SELECT peer.id FROM (
              SELECT user_hi FROM channels WHERE user_lo = who AND last_seq > 0
              UNION SELECT user_lo FROM channels WHERE user_hi = who AND last_seq > 0) AS peer (id)
              WHERE may_message(who, peer.id) OR may_message(peer.id, who)
        UNION SELECT theirs.user_id
              FROM workspace_members mine JOIN workspace_members theirs USING (workspace_id)
              WHERE mine.user_id = who
    ) AS related
    WHERE related.id <> who AND NOT EXISTS (
        SELECT FROM blocks WHERE (blocker_id, blocked_id) IN ((who, related.id), (related.id, who)))
$$;
CREATE FUNCTION public.skip_assistant_id() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.id = 999 AND NEW.role <> 'assistant' THEN
        NEW.id := nextval(pg_get_serial_sequence('users', 'id'));
    END IF;
    RETURN NEW;
END $$;
CREATE TABLE public.blocks (
    blocker_id bigint NOT NULL,
    blocked_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT blocks_check CHECK ((blocker_id <> blocked_id))
);
CREATE TABLE public.channel_members (
    channel_id bigint NOT NULL,
    user_id bigint NOT NULL
);
CREATE TABLE public.channels (
    id bigint NOT NULL,
    kind text NOT NULL,
    workspace_id bigint,
    user_lo bigint,
    user_hi bigint,
    name text NOT NULL,
    class_name text,
    subject text,
    last_seq bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT date_trunc('milliseconds'::text, clock_timestamp()) NOT NULL,
    CONSTRAINT channels_check CHECK (((kind = 'dm'::text) = ((user_lo IS NOT NULL) AND (user_hi IS NOT NULL) AND (workspace_id IS NULL)))),
    CONSTRAINT channels_check1 CHECK ((user_lo < user_hi)),
    CONSTRAINT channels_kind_check CHECK ((kind = ANY (ARRAY['dm'::text, 'text'::text, 'announcement'::text])))
)
WITH (fillfactor='50');
ALTER TABLE public.channels ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.channels_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 9007199254740991
    CACHE 1
);
CREATE TABLE public.follows (
    follower_id bigint NOT NULL,
    followee_id bigint NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT follows_check CHECK ((follower_id <> followee_id)),
    CONSTRAINT follows_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text])))
);
CREATE TABLE public.messages (
    id bigint NOT NULL,
    channel_id bigint NOT NULL,
    seq bigint NOT NULL,
    author_id bigint NOT NULL,
    content text NOT NULL,
    kind text DEFAULT 'text'::text NOT NULL,
    file_url text,
    client_key text,
    created_at timestamp with time zone DEFAULT date_trunc('milliseconds'::text, clock_timestamp()) NOT NULL,
    is_homework boolean DEFAULT false NOT NULL,
    grading text,
    parent_id bigint,
    deleted_at timestamp with time zone,
    CONSTRAINT messages_grading_check CHECK ((grading = ANY (ARRAY['pending'::text, 'graded'::text]))),
    CONSTRAINT messages_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'file'::text, 'image'::text])))
);
ALTER TABLE public.messages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 9007199254740991
    CACHE 1
);
CREATE TABLE public.pins (
    channel_id bigint NOT NULL,
    message_id bigint NOT NULL,
    pinned_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.receipts (
    channel_id bigint NOT NULL,
    user_id bigint NOT NULL,
    delivered_seq bigint DEFAULT 0 NOT NULL,
    read_seq bigint DEFAULT 0 NOT NULL,
    archived_seq bigint DEFAULT 0 NOT NULL,
    CONSTRAINT receipts_check CHECK (((0 <= read_seq) AND (read_seq <= delivered_seq)))
)
WITH (fillfactor='50');
CREATE TABLE public.recoveries (
    key bytea NOT NULL,
    user_id bigint NOT NULL,
    channel_ids bigint[] NOT NULL,
    seqs bigint[] NOT NULL,
    touched_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.secrets (
    name text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.sessions (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE public.sessions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.uploads (
    url text NOT NULL,
    owner_id bigint NOT NULL,
    mime_type text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.users (
    id bigint NOT NULL,
    username text NOT NULL,
    email text,
    name text NOT NULL,
    first_name text DEFAULT ''::text NOT NULL,
    last_name text DEFAULT ''::text NOT NULL,
    date_of_birth date,
    avatar text,
    nickname text,
    about_me text,
    role text DEFAULT 'student'::text NOT NULL,
    class_name text,
    subject text,
    is_public boolean DEFAULT true NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp with time zone DEFAULT date_trunc('milliseconds'::text, clock_timestamp()) NOT NULL,
    updated_at timestamp with time zone DEFAULT date_trunc('milliseconds'::text, clock_timestamp()) NOT NULL,
    CONSTRAINT users_check CHECK (((id <> 999) OR (role = 'assistant'::text))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['student'::text, 'teacher'::text, 'principal'::text, 'admin'::text, 'assistant'::text]))),
    CONSTRAINT users_username_check CHECK ((username <> ''::text))
);
ALTER TABLE public.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 9007199254740991
    CACHE 1
);
CREATE TABLE public.workspace_members (
    workspace_id bigint NOT NULL,
    user_id bigint NOT NULL,
    joined_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.workspaces (
    id bigint NOT NULL,
    name text NOT NULL,
    description text,
    owner_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT date_trunc('milliseconds'::text, clock_timestamp()) NOT NULL
);
ALTER TABLE public.workspaces ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.workspaces_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 9007199254740991
    CACHE 1
);
INSERT INTO public.blocks VALUES (2, 3, '2026-11-26 14:34:30.339717+00');
INSERT INTO public.channel_members VALUES (1, 1);
INSERT INTO public.channel_members VALUES (1, 2);
INSERT INTO public.channel_members VALUES (2, 1);
INSERT INTO public.channel_members VALUES (2, 3);
INSERT INTO public.channels OVERRIDING SYSTEM VALUE VALUES (1, 'dm', NULL, 1, 2, 'dm_1_2', NULL, NULL, 3, '2026-11-26 14:34:30.303+00');
INSERT INTO public.channels OVERRIDING SYSTEM VALUE VALUES (2, 'dm', NULL, 1, 3, 'dm_1_3', NULL, NULL, 1, '2026-11-26 14:34:30.324+00');
INSERT INTO public.channels OVERRIDING SYSTEM VALUE VALUES (3, 'text', 1, NULL, NULL, 'general', '7b', 'maths', 2, '2026-11-26 14:34:30.33+00');
INSERT INTO public.follows VALUES (1, 3, 'pending', '2026-11-26 14:34:30.288001+00');
INSERT INTO public.follows VALUES (3, 1, 'accepted', '2026-11-26 14:34:30.288755+00');
INSERT INTO public.messages OVERRIDING SYSTEM VALUE VALUES (1, 1, 1, 1, 'one', 'text', NULL, 'key 1', '2026-11-26 14:34:30.304+00', false, NULL, NULL, NULL);
INSERT INTO public.messages OVERRIDING SYSTEM VALUE VALUES (2, 1, 2, 2, 'two', 'text', NULL, 'key 2', '2026-11-26 14:34:30.307+00', false, NULL, 1, NULL);
INSERT INTO public.messages OVERRIDING SYSTEM VALUE VALUES (3, 1, 3, 1, '', 'text', NULL, NULL, '2026-11-26 14:34:30.308+00', false, NULL, NULL, '2026-11-26 14:34:30.309486+00');
INSERT INTO public.messages OVERRIDING SYSTEM VALUE VALUES (4, 2, 1, 3, 'from eve', 'text', NULL, NULL, '2026-11-26 14:34:30.324+00', false, NULL, NULL, NULL);
INSERT INTO public.messages OVERRIDING SYSTEM VALUE VALUES (5, 3, 1, 1, 'homework', 'file', '/uploads/a.pdf', NULL, '2026-11-26 14:34:30.332+00', true, 'graded', NULL, NULL);
INSERT INTO public.messages OVERRIDING SYSTEM VALUE VALUES (6, 3, 2, 999, '42', 'text', NULL, NULL, '2026-11-26 14:34:30.338+00', false, NULL, NULL, NULL);
INSERT INTO public.pins VALUES (3, 5, '2026-11-26 14:34:30.335283+00');
INSERT INTO public.receipts VALUES (1, 1, 2, 2, 0);
INSERT INTO public.receipts VALUES (1, 2, 1, 0, 0);
INSERT INTO public.receipts VALUES (2, 1, 0, 0, 1);
INSERT INTO public.receipts VALUES (3, 2, 2, 2, 0);
INSERT INTO public.recoveries VALUES ('\x7265636f76657279206f6620616e6e', 1, '{3}', '{2}', '2026-11-26 14:34:30.342388+00');
INSERT INTO public.schema_migrations VALUES (1, '0001_domain.sql', '2026-11-26 14:34:30.231315+00');
INSERT INTO public.schema_migrations VALUES (2, '0002_policy.sql', '2026-11-26 14:34:30.253661+00');
INSERT INTO public.schema_migrations VALUES (3, '0003_posting.sql', '2026-11-26 14:34:30.255363+00');
INSERT INTO public.schema_migrations VALUES (4, '0004_channels.sql', '2026-11-26 14:34:30.257012+00');
INSERT INTO public.schema_migrations VALUES (5, '0005_resume.sql', '2026-11-26 14:34:30.264423+00');
INSERT INTO public.schema_migrations VALUES (6, '0006_posting.sql', '2026-11-26 14:34:30.267529+00');
INSERT INTO public.schema_migrations VALUES (7, '0007_user_notices.sql', '2026-11-26 14:34:30.269148+00');
INSERT INTO public.schema_migrations VALUES (8, '0008_authors_held.sql', '2026-11-26 14:34:30.270317+00');
INSERT INTO public.secrets VALUES ('jwt', 'the secret');
INSERT INTO public.sessions OVERRIDING SYSTEM VALUE VALUES (1, '\x746f6b656e206f6620616e6e', 1, '2026-11-26 14:34:30.284713+00', '2100-01-01 00:00:00+00');
INSERT INTO public.sessions OVERRIDING SYSTEM VALUE VALUES (2, '\x746f6b656e206f662062656e', 2, '2026-11-26 14:34:30.286711+00', '2100-01-01 00:00:00+00');
INSERT INTO public.uploads VALUES ('/uploads/a.pdf', 1, 'application/pdf', '2026-11-26 14:34:30.336971+00');
INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (999, 'AI Tutor', NULL, 'AI Tutor', '', '', NULL, NULL, NULL, NULL, 'assistant', NULL, NULL, true, 'none', '2026-11-26 14:34:30.261+00', '2026-11-26 14:34:30.261+00');
INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (1, 'ann', 'ann@example.org', 'Ann', '', '', NULL, NULL, NULL, NULL, 'student', NULL, NULL, true, 'hash of ann', '2026-11-26 14:34:30.282+00', '2026-11-26 14:34:30.282+00');
INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (2, 'ben', 'ben@example.org', 'Ben', '', '', NULL, NULL, NULL, NULL, 'student', NULL, NULL, true, 'hash of ben', '2026-11-26 14:34:30.283+00', '2026-11-26 14:34:30.283+00');
INSERT INTO public.users OVERRIDING SYSTEM VALUE VALUES (3, 'eve', 'eve@example.org', 'Eve', '', '', NULL, NULL, NULL, NULL, 'student', NULL, NULL, false, 'hash of eve', '2026-11-26 14:34:30.284+00', '2026-11-26 14:34:30.284+00');
INSERT INTO public.workspace_members VALUES (1, 1, '2026-11-26 14:34:30.326978+00');
INSERT INTO public.workspace_members VALUES (1, 2, '2026-11-26 14:34:30.328976+00');
INSERT INTO public.workspaces OVERRIDING SYSTEM VALUE VALUES (1, 'School', 'for all', 1, '2026-11-26 14:34:30.326+00');
SELECT pg_catalog.setval('public.channels_id_seq', 3, true);
SELECT pg_catalog.setval('public.messages_id_seq', 6, true);
SELECT pg_catalog.setval('public.sessions_id_seq', 2, true);
SELECT pg_catalog.setval('public.users_id_seq', 3, true);
SELECT pg_catalog.setval('public.workspaces_id_seq', 1, true);
ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (blocker_id, blocked_id);
ALTER TABLE ONLY public.channel_members
    ADD CONSTRAINT channel_members_pkey PRIMARY KEY (channel_id, user_id);
ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_user_lo_user_hi_key UNIQUE (user_lo, user_hi);
ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_pkey PRIMARY KEY (follower_id, followee_id);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_channel_id_seq_key UNIQUE (channel_id, seq);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pins
    ADD CONSTRAINT pins_pkey PRIMARY KEY (channel_id, message_id);
ALTER TABLE ONLY public.receipts
    ADD CONSTRAINT receipts_pkey PRIMARY KEY (channel_id, user_id);
ALTER TABLE ONLY public.recoveries
    ADD CONSTRAINT recoveries_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (url);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.workspace_members
    ADD CONSTRAINT workspace_members_pkey PRIMARY KEY (workspace_id, user_id);
ALTER TABLE ONLY public.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);
CREATE INDEX blocks_blocked ON public.blocks USING btree (blocked_id, blocker_id);
CREATE INDEX channel_members_user ON public.channel_members USING btree (user_id, channel_id);
CREATE INDEX channels_user_hi ON public.channels USING btree (user_hi) WHERE (user_hi IS NOT NULL);
CREATE INDEX channels_workspace ON public.channels USING btree (workspace_id) WHERE (workspace_id IS NOT NULL);
CREATE INDEX follows_followee ON public.follows USING btree (followee_id, follower_id);
CREATE INDEX messages_file ON public.messages USING btree (file_url) WHERE (file_url IS NOT NULL);
CREATE UNIQUE INDEX messages_key ON public.messages USING btree (author_id, client_key) WHERE (client_key IS NOT NULL);
CREATE INDEX messages_parent ON public.messages USING btree (parent_id, seq) WHERE (parent_id IS NOT NULL);
CREATE INDEX pins_message ON public.pins USING btree (message_id);
CREATE INDEX receipts_user ON public.receipts USING btree (user_id);
CREATE INDEX recoveries_touched ON public.recoveries USING btree (touched_at);
CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_user ON public.sessions USING btree (user_id);
CREATE INDEX uploads_owner ON public.uploads USING btree (owner_id);
CREATE UNIQUE INDEX users_email ON public.users USING btree (lower(email));
CREATE UNIQUE INDEX users_username ON public.users USING btree (lower(username));
CREATE INDEX workspace_members_user ON public.workspace_members USING btree (user_id, workspace_id);
CREATE TRIGGER blocks_announce AFTER INSERT ON public.blocks FOR EACH ROW EXECUTE FUNCTION public.announce_change('pair', 'blocker_id', 'blocked_id');
CREATE TRIGGER channel_members_announce AFTER DELETE OR UPDATE ON public.channel_members FOR EACH ROW EXECUTE FUNCTION public.announce_change('channel', 'channel_id', 'user_id');
CREATE TRIGGER channels_delete_messages AFTER DELETE ON public.channels REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.delete_messages_with('channel_id');
CREATE TRIGGER follows_announce AFTER DELETE OR UPDATE ON public.follows FOR EACH ROW WHEN ((old.status = 'accepted'::text)) EXECUTE FUNCTION public.announce_change('pair', 'follower_id', 'followee_id');
CREATE TRIGGER sessions_announce_end AFTER DELETE ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.announce_ended_session();
CREATE TRIGGER users_announce_change AFTER UPDATE ON public.users FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION public.announce_changed_user();
CREATE TRIGGER users_announce_end AFTER DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.announce_change('user', 'id');
CREATE TRIGGER users_announce_privacy AFTER UPDATE OF is_public ON public.users FOR EACH ROW WHEN ((old.is_public AND (NOT new.is_public))) EXECUTE FUNCTION public.announce_change('profile', 'id');
CREATE TRIGGER users_delete_messages AFTER DELETE ON public.users REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.delete_messages_with('author_id');
CREATE TRIGGER users_skip_assistant_id BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.skip_assistant_id();
CREATE TRIGGER workspace_members_announce AFTER DELETE OR UPDATE ON public.workspace_members FOR EACH ROW EXECUTE FUNCTION public.announce_change('member', 'workspace_id', 'user_id');
ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_blocked_id_fkey FOREIGN KEY (blocked_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_blocker_id_fkey FOREIGN KEY (blocker_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.channel_members
    ADD CONSTRAINT channel_members_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES public.channels(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.channel_members
    ADD CONSTRAINT channel_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_user_hi_fkey FOREIGN KEY (user_hi) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_user_lo_fkey FOREIGN KEY (user_lo) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_followee_id_fkey FOREIGN KEY (followee_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.follows
    ADD CONSTRAINT follows_follower_id_fkey FOREIGN KEY (follower_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.messages(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.pins
    ADD CONSTRAINT pins_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES public.channels(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.pins
    ADD CONSTRAINT pins_message_id_fkey FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.receipts
    ADD CONSTRAINT receipts_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES public.channels(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.receipts
    ADD CONSTRAINT receipts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.recoveries
    ADD CONSTRAINT recoveries_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.workspace_members
    ADD CONSTRAINT workspace_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.workspace_members
    ADD CONSTRAINT workspace_members_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.workspaces
    ADD CONSTRAINT workspaces_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id);
