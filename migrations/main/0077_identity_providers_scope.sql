-- One process serves a file, and has it whole.
SELECT 1;
