-- Names that only browsers' keys have brought, which everybody has: 1 until a server's key settles them.
ALTER TABLE registered_attributes ADD COLUMN provisional BIGINT NOT NULL DEFAULT 0;
