-- Counts the answers and showings that were there before 0025, and gives those of people who were merged to whom they
-- joined.

SELECT set_config('pilotfish.system', 'on', true);

INSERT INTO answer_tallies (content_id, question, value, environment_id, count)
SELECT content_id, question, value, environment_id, COUNT(*) FROM (
    SELECT a.content_id, a.environment_id, q.key AS question,
           CASE json_typeof(q.value) WHEN 'array' THEN '[]' ELSE q.value::text END AS value
    FROM answers a, json_each(a.answers::json) q
    UNION ALL
    SELECT a.content_id, a.environment_id, q.key, c.value::text
    FROM answers a, json_each(a.answers::json) q,
         json_array_elements(CASE json_typeof(q.value) WHEN 'array' THEN q.value ELSE '[]' END) c
    UNION ALL
    SELECT a.content_id, a.environment_id, q.key, 'text' FROM answers a, json_each(a.texts::json) q
) AS given GROUP BY content_id, question, value, environment_id;

-- Whoever answered several times had been shown it as often.
UPDATE encounters SET last_showing_at = shown_at, showings = COALESCE((
    SELECT NULLIF(COUNT(*), 0) FROM answers a WHERE a.environment_id = encounters.environment_id
    AND a.content_id = encounters.content_id AND a.person_number = encounters.person_number), 1);

UPDATE answers SET person_number = (
    SELECT p.merged_into FROM people p WHERE p.environment_id = answers.environment_id AND p.number = answers.person_number)
WHERE EXISTS (
    SELECT 1 FROM people p WHERE p.environment_id = answers.environment_id AND p.number = answers.person_number
    AND p.merged_into IS NOT NULL);

INSERT INTO encounters (content_id, person_number, environment_id, shown_at, completed_at, dismissed_at, showings,
    last_showing_at)
SELECT e.content_id, p.merged_into, e.environment_id, MIN(e.shown_at), MAX(e.completed_at), MAX(e.dismissed_at), SUM(e.showings),
    MAX(e.last_showing_at)
FROM encounters e JOIN people p ON p.environment_id = e.environment_id AND p.number = e.person_number
WHERE p.merged_into IS NOT NULL GROUP BY e.content_id, p.merged_into, e.environment_id
ON CONFLICT (content_id, person_number) DO UPDATE SET
    shown_at = CASE WHEN excluded.shown_at < encounters.shown_at THEN excluded.shown_at ELSE encounters.shown_at END,
    completed_at = CASE WHEN COALESCE(excluded.completed_at, 0) > COALESCE(encounters.completed_at, 0)
        THEN excluded.completed_at ELSE encounters.completed_at END,
    dismissed_at = CASE WHEN COALESCE(excluded.dismissed_at, 0) > COALESCE(encounters.dismissed_at, 0)
        THEN excluded.dismissed_at ELSE encounters.dismissed_at END,
    showings = encounters.showings + excluded.showings,
    last_showing_at = CASE WHEN COALESCE(excluded.last_showing_at, 0) > COALESCE(encounters.last_showing_at, 0)
        THEN excluded.last_showing_at ELSE encounters.last_showing_at END;

DELETE FROM encounters WHERE EXISTS (
    SELECT 1 FROM people p WHERE p.environment_id = encounters.environment_id AND p.number = encounters.person_number
    AND p.merged_into IS NOT NULL);

INSERT INTO encounter_steps (content_id, person_number, step, environment_id)
SELECT s.content_id, p.merged_into, s.step, s.environment_id FROM encounter_steps s
JOIN people p ON p.environment_id = s.environment_id AND p.number = s.person_number
WHERE p.merged_into IS NOT NULL ON CONFLICT DO NOTHING;

DELETE FROM encounter_steps WHERE EXISTS (
    SELECT 1 FROM people p WHERE p.environment_id = encounter_steps.environment_id
    AND p.number = encounter_steps.person_number AND p.merged_into IS NOT NULL);
