-- The dashboard takes links; the worker makes the ones that it mails, and forgets those that are out of date.
GRANT SELECT, INSERT, UPDATE, DELETE ON password_resets TO pilotfish_dashboard, pilotfish_worker;
