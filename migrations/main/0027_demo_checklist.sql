-- What a member did in the demo that nothing else keeps: looked at what came back, and found on the disk what was entered.

ALTER TABLE demo ADD COLUMN results_seen_at BIGINT;
ALTER TABLE demo ADD COLUMN searched_at BIGINT;
