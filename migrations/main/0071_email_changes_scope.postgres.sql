-- The dashboard notes and confirms; the worker makes the links that it mails, and forgets those that are out of date.
GRANT SELECT, INSERT, UPDATE, DELETE ON email_changes TO pilotfish_dashboard;
GRANT SELECT, DELETE ON email_changes TO pilotfish_worker;
GRANT UPDATE (hash, key_version) ON email_changes TO pilotfish_worker;
GRANT SELECT, INSERT, UPDATE ON letter_counts TO pilotfish_dashboard;
GRANT SELECT (day) ON letter_counts TO pilotfish_worker;
GRANT DELETE ON letter_counts TO pilotfish_worker;
