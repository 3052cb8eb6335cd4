-- Up to which message a user has declined a message request; it is one again with the next message.
ALTER TABLE receipts ADD declined_seq bigint NOT NULL DEFAULT 0;
