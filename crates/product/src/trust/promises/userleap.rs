//! From the security page of a vendor of in-product surveys (rows UL-…).

use super::{Promise, Standing, test};
use Standing::{Apart, Kept, NotYet, Weak};

pub(super) static PROMISES: &[Promise] = &[
    Promise {
        id: "UL-0",
        says: "In-product surveys.",
        means: "Microsurveys: kinds of questions, logic, triggers, sampling, a pause between surveys, themes in what people write.",
        kind: "test",
        standing: Weak("Themes in what people write are not found yet; the rest is there."),
        tests: &[
            test("crates/cli/tests/journey.rs", "a_person_meets_the_flow_answers_the_survey_and_the_team_sees_it"),
            test(
                "crates/product/src/delivery/tests/showing.rs",
                "a_survey_is_shown_once_and_a_recontact_period_covers_all_surveys",
            ),
            test("crates/product/src/surveys/tests/mod.rs", "results_are_exact"),
        ],
    },
    Promise {
        id: "UL-1.1a",
        says: "Several tiers, with a firewall between each.",
        means: "Doors, workers and stores run apart, and rules of the firewall refuse every pair that has no business together.",
        kind: "test",
        standing: NotYet("No rules for a firewall are written yet. One process claims no tiers."),
        tests: &[],
    },
    Promise {
        id: "UL-1.1b",
        says: "A service is reachable only by the services that need it.",
        means: "Mutual TLS between roles and stores; each role has an identity and a database role of its own with the least grants.",
        kind: "test",
        standing: Apart(
            "One process has one role in the database. Roles that run apart over PostgreSQL have a user, a database role with the least grants and a certificate of their own; an edge may have a bundle instead of the root key, the others hold the same keys; they call each other nowhere.",
        ),
        tests: &[
            test("crates/cli/tests/roles.rs", "each_database_role_is_refused_what_is_anothers"),
            test("crates/store/src/grants.rs", "every_table_is_granted_to_somebody"),
            test(
                "crates/cli/tests/roles.rs",
                "postgres_is_reached_by_mutual_tls_and_nobody_is_let_in_or_served_without",
            ),
        ],
    },
    Promise {
        id: "UL-1.1c",
        says: "Access keys are rotated regularly and kept apart from code and data.",
        means: "The root key is at a key provider outside the data; every other key is wrapped by it; ages are shown against a year.",
        kind: "live",
        standing: Weak(
            "Every key that seals or hashes something turns by itself, the root key and erasable keys by hand: their escrows would stop helping and nobody would know.",
        ),
        tests: &[
            test(
                "crates/keys/src/tests/provider.rs",
                "a_root_key_inside_the_data_folder_is_refused_whatever_the_links_say",
            ),
            test("crates/keys/src/tests/provider.rs", "any_right_of_others_is_refused"),
            test("crates/product/src/key_rotation/tests/schedule.rs", "keys_turn_when_they_are_due_and_not_before"),
            test("crates/cli/tests/keys.rs", "no_request_fails_while_everything_turns"),
            test("crates/cli/tests/stranger.rs", "a_stranger_with_the_data_folder_and_copies_of_it_opens_nothing"),
        ],
    },
    Promise {
        id: "UL-1.2",
        says: "Each service is redundant, with replication and failover.",
        means: "Any one process may die: no acknowledged event is lost, and service is back in seconds.",
        kind: "test",
        standing: NotYet(
            "Nothing stands in for a process that ends; roles that run apart go on without each other. What was acknowledged is on the disk and there after a start.",
        ),
        tests: &[
            test("crates/events/tests/suite/faults.rs", "a_process_killed_again_and_again_loses_and_doubles_nothing"),
            test(
                "crates/cli/tests/roles.rs",
                "each_role_goes_on_while_another_is_killed_and_nothing_acknowledged_is_lost",
            ),
        ],
    },
    Promise {
        id: "UL-1.3",
        says: "Hosted in accredited data centres.",
        means: "The operator's provider and its certificates are named here.",
        kind: "record",
        standing: NotYet("The operator's provider is not recorded."),
        tests: &[],
    },
    Promise {
        id: "UL-1.4",
        says: "Continuous scans for vulnerabilities; third-party libraries are monitored.",
        means: "A bill of materials of the running program is matched with published advisories on a schedule.",
        kind: "live",
        standing: NotYet("The running program is not matched with advisories yet."),
        tests: &[],
    },
    Promise {
        id: "UL-1.4b",
        says: "Patched or updated promptly.",
        means: "A dependency with a known vulnerability is mended or explained within ten business days.",
        kind: "live",
        standing: NotYet("There is no clock for it yet."),
        tests: &[],
    },
    Promise {
        id: "UL-1.5",
        says: "Servers are behind firewalls.",
        means: "A front without keys passes TLS through; other roles refuse public addresses unless told.",
        kind: "test",
        standing: NotYet("There is no front without keys yet."),
        tests: &[],
    },
    Promise {
        id: "UL-1.6",
        says: "Zero trust: being on a network gives no privilege.",
        means: "No request is trusted for its address; every call between processes is authenticated.",
        kind: "test",
        standing: Weak(
            "Every door asks for a credential, whatever the address, and reads no header that claims one. Processes call each other nowhere but over PostgreSQL, where a certificate in the role's name is the operator's to ask for.",
        ),
        tests: &[
            test("crates/cli/tests/roles.rs", "no_door_takes_a_request_for_its_address"),
            test("crates/product/src/doors/tests.rs", "a_wrong_key_is_401_before_anything_else_is_looked_at"),
            test("crates/product/src/doors/tests.rs", "a_stranger_is_told_401_before_method_and_size"),
        ],
    },
    Promise {
        id: "UL-1.7a",
        says: "The iOS and Android SDKs keep nothing personal on the device, only credentials.",
        means: "A test reads all that the Swift and Kotlin SDKs stored after a full scenario.",
        kind: "test",
        standing: NotYet("The native SDKs are not there yet."),
        tests: &[],
    },
    Promise {
        id: "UL-1.7b",
        says: "The web SDK keeps nothing personal in cookies or local storage, only credentials.",
        means: "A test reads cookies, storage, databases and caches of a browser after a full scenario.",
        kind: "test",
        standing: Kept,
        tests: &[test("sdk/browser/test/browser/host.test.ts", "keeps nothing of ours but one credential")],
    },
    Promise {
        id: "UL-1.7c",
        says: "A nonce and a hash for the script that customers embed.",
        means: "The SDK runs under a strict policy with Trusted Types; a changed file does not run; no upgrade breaks a tag.",
        kind: "test, live",
        standing: Kept,
        tests: &[
            test("sdk/browser/test/browser/host.test.ts", "does not run a renderer whose bytes were changed"),
            test(
                "sdk/browser/test/browser/build.test.ts",
                "has no way to run text as code, in any bundle that a page loads",
            ),
            test(
                "crates/product/src/sdk_files/tests.rs",
                "an_upgrade_keeps_the_files_that_pages_name_and_brings_its_own",
            ),
            test(
                "crates/product/src/sdk_files/tests.rs",
                "other_bytes_under_a_version_that_was_served_do_not_take_its_place",
            ),
        ],
    },
    Promise {
        id: "UL-2.1a",
        says: "Stores are reachable only by the servers that need them.",
        means: "The edge writes personal data and opens nothing that was sealed more than ten minutes ago.",
        kind: "test, live",
        standing: Weak(
            "An edge that has a bundle sees what passes through and for ten minutes can open it again, opens nothing older, and \
             can test guesses and read outcomes; one that is started with the root key can open everything.",
        ),
        tests: &[
            test("crates/keys/src/tests/envelope.rs", "a_sender_ends_after_ten_minutes_or_when_wiped"),
            test(
                "crates/product/src/edge_grants/tests/edge.rs",
                "an_edge_with_a_bundle_opens_neither_people_nor_members",
            ),
        ],
    },
    Promise {
        id: "UL-2.1b",
        says: "Production is apart from testing.",
        means: "Environments have their own keys, tokens and data, and no query crosses.",
        kind: "test, live",
        standing: Weak("Production and staging cannot be given root keys and processes of their own yet."),
        tests: &[
            test("crates/product/src/people/scope_tests.rs", "an_environment_sees_its_own_people_and_no_others"),
            test("crates/product/src/installation/tests.rs", "a_transaction_sees_only_the_environment_that_it_named"),
        ],
    },
    Promise {
        id: "UL-2.2",
        says: "Encrypted backups, kept at least 30 days and gone after 90.",
        means: "Backups on a schedule, with a floor and a ceiling that no setting breaks; restoring is rehearsed.",
        kind: "live",
        standing: NotYet("There are no backups yet. Copy the data folder while the server stands still."),
        tests: &[],
    },
    Promise {
        id: "UL-2.2b",
        says: "What was removed by accident can be restored.",
        means: "Delete can be undone for 30 days, erase is final; one thing or everything comes back from a backup.",
        kind: "test",
        standing: NotYet("Deleted content comes back within 30 days; there are no backups to restore from yet."),
        tests: &[test(
            "crates/product/src/content/tests/life.rs",
            "what_is_deleted_comes_back_paused_within_thirty_days",
        )],
    },
    Promise {
        id: "UL-2.3",
        says: "Logs go to encrypted storage, without sensitive data, and are gone after 365 days.",
        means: "Log lines of all roles are filtered, encrypted, searchable and removed in time.",
        kind: "live",
        standing: NotYet("Log lines hold nothing personal, but are not kept, encrypted or removed by Pilotfish yet."),
        tests: &[test("crates/cli/tests/leaks.rs", "what_is_personal_is_in_no_byte_of_the_data_and_the_logs")],
    },
    Promise {
        id: "UL-3.1a",
        says: "Passwords are irreversibly hashed.",
        means: "Argon2id with a keyed pepper, upgraded at sign-in; known breached passwords are refused.",
        kind: "test",
        standing: Kept,
        tests: &[
            test("crates/product/src/members/new_password.rs", "what_can_be_guessed_is_refused"),
            test("crates/product/src/members/password.rs", "a_hash_of_weaker_parameters_is_made_anew_at_sign_in"),
            test("crates/product/src/sessions/tests.rs", "the_owner_signs_in_and_out"),
            test("crates/product/src/sessions/tests.rs", "neither_the_token_nor_the_address_is_stored_in_clear"),
        ],
    },
    Promise {
        id: "UL-3.1b",
        says: "Sessions end when key information changes, and when nobody is there.",
        means: "A new password, address, second factor or role ends the other sessions; a session has an idle and an absolute limit.",
        kind: "test",
        standing: Kept,
        tests: &[
            test(
                "crates/product/src/email_changes/tests.rs",
                "whoever_opens_the_link_makes_the_address_theirs_over_embedded",
            ),
            test("crates/product/src/password_resets/tests.rs", "a_link_comes_by_mail_and_gives_a_new_password_once"),
            test("crates/product/src/members/tests.rs", "a_suspended_members_next_request_fails_in_another_process"),
            test("crates/product/src/members/tests.rs", "another_role_ends_the_sessions_that_had_the_old_one"),
            test(
                "crates/product/src/second_factors/tests.rs",
                "setting_up_and_removing_a_factor_ends_the_other_sessions",
            ),
            test("crates/product/src/sessions/tests.rs", "a_session_ends_after_half_an_hour_without_a_request"),
            test("crates/product/src/sessions/tests.rs", "a_session_ends_after_twelve_hours_however_busy"),
        ],
    },
    Promise {
        id: "UL-3.2",
        says: "Attempts to sign in are monitored and limited for all accounts.",
        means: "Limits per account and address hold under parallel guessing, for unknown accounts too; every attempt is recorded.",
        kind: "live",
        standing: Weak("No check of the running system looks at it yet."),
        tests: &[
            test("crates/product/src/sign_ins/tests.rs", "every_attempt_is_in_the_audit_records"),
            test(
                "crates/product/src/sign_ins/tests.rs",
                "two_thousand_guesses_at_once_over_two_processes_get_no_more_checks_than_the_limit",
            ),
            test("crates/product/src/devices/tests.rs", "a_known_device_gets_in_while_somebody_else_guesses"),
            test("crates/product/src/sessions/tests.rs", "guesses_are_limited_for_known_and_unknown_accounts_alike"),
            test("crates/product/src/sessions/tests.rs", "guesses_from_one_address_are_limited_over_all_accounts"),
        ],
    },
    Promise {
        id: "UL-3.3",
        says: "Roles for owners, admins and users, and roles that limit personal data.",
        means: "Built-in and custom roles; fields are masked in lists, exports, search and errors.",
        kind: "test",
        standing: Weak("Seven built-in roles; custom ones are not there yet."),
        tests: &[
            test("crates/product/src/content/tests/life.rs", "each_role_does_what_it_may"),
            test("crates/product/src/ingest/tests/classes.rs", "a_member_sees_masks_until_they_ask_on_the_record"),
        ],
    },
    Promise {
        id: "UL-4.1",
        says: "HTTPS only, with strict transport security, strong ciphers and TLS 1.2 or newer.",
        means: "No door speaks anything else, and each refuses what is weak.",
        kind: "live",
        standing: Kept,
        tests: &[test("crates/product/src/doors/tls.rs", "only_intermediate_suites_are_offered")],
    },
    Promise {
        id: "UL-4.2",
        says: "Databases, backups, archives and logs are encrypted at rest.",
        means: "Every file that Pilotfish writes, proven by reading every byte on the disk for values that were planted.",
        kind: "live",
        standing: Weak(
            "What the server logs goes to its output as it is; it holds nothing personal, which this check reads too where it is a file.",
        ),
        tests: &[
            test("crates/cli/tests/leaks.rs", "what_is_personal_is_in_no_byte_of_the_data_and_the_logs"),
            test("crates/events/tests/suite/writing.rs", "nothing_readable_reaches_the_disk"),
        ],
    },
    Promise {
        id: "UL-5.1",
        says: "A protocol for incidents.",
        means: "What is detected opens an incident with severity, owner, timeline, escalation and a clock of 72 hours.",
        kind: "live",
        standing: NotYet("A check that breaks is recorded as a finding; incidents are not there yet."),
        tests: &[],
    },
    Promise {
        id: "UL-5.2",
        says: "Staff sign confidentiality agreements.",
        means: "Members sign the organisation's agreement; until then they see nothing personal.",
        kind: "record, enforced",
        standing: NotYet("Agreements are not kept yet."),
        tests: &[],
    },
    Promise {
        id: "UL-5.3",
        says: "Reports of vulnerabilities are acknowledged within a week, and critical ones mended within ten business days.",
        means: "A security.txt, a form, and clocks that sound when something is overdue.",
        kind: "live",
        standing: NotYet("There is no form and no clock yet. SECURITY.md of the project says where to write."),
        tests: &[],
    },
    Promise {
        id: "UL-5.3b",
        says: "What is good faith, and what to refrain from.",
        means: "A versioned policy beside the form.",
        kind: "test",
        standing: NotYet("The policy is not served yet."),
        tests: &[],
    },
];
