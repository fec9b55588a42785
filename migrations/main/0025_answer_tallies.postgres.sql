-- How often each answer was given to each question, kept as answers come; and how often each person was shown each piece of
-- content, which bounds how often they may answer it.

CREATE TABLE answer_tallies (
    content_id          BYTEA NOT NULL REFERENCES contents (id),
    question            TEXT NOT NULL,       -- its id, of whatever version
    value               TEXT NOT NULL,       -- JSON of a score or choice; [] counts lists of choices, text counts free text
    environment_id      BYTEA NOT NULL REFERENCES environments (id),
    count               BIGINT NOT NULL,
    PRIMARY KEY (content_id, question, value)
);

ALTER TABLE encounters ADD COLUMN showings BIGINT NOT NULL DEFAULT 0; -- as often as its frequency allowed
ALTER TABLE encounters ADD COLUMN last_showing_at BIGINT; -- null: nobody said that it was shown

CREATE INDEX answers_per_person ON answers (environment_id, content_id, person_number, created_at);
CREATE INDEX answers_with_texts ON answers (content_id, updated_at) WHERE texts <> '{}';

-- The second fence, as 0003 says.

ALTER TABLE answer_tallies ENABLE ROW LEVEL SECURITY;
ALTER TABLE answer_tallies FORCE ROW LEVEL SECURITY;
CREATE POLICY of_environment ON answer_tallies USING (in_scope(environment_id)) WITH CHECK (in_scope(environment_id));
