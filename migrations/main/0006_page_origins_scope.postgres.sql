-- Row-level security of page_origins; see 0003.
ALTER TABLE page_origins ENABLE ROW LEVEL SECURITY;
ALTER TABLE page_origins FORCE ROW LEVEL SECURITY;
CREATE POLICY page_origins_scope ON page_origins USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
