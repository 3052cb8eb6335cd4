-- What hubs were notified of on the channel parlour_changes, for a hub that was not listening: see
-- routines/notices.sql. `xact` is the transaction, which tells what was committed before what.
CREATE TABLE changes (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact    xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at      timestamptz NOT NULL DEFAULT now(),
    payload text NOT NULL
);
