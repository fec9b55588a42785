-- When the event was that wrote the value last: what an older write removes is never a newer one's.
ALTER TABLE blind_indexes ADD COLUMN written_at BIGINT NOT NULL DEFAULT 0;
