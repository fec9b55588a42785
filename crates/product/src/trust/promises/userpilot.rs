//! From the security page of a vendor of in-app experiences (rows UP-…).

use super::{Promise, Standing, Test, test};
use Standing::{Apart, Kept, NotYet, Weak};

pub(super) static PROMISES: &[Promise] = &[
    Promise {
        id: "UP-0",
        says: "In-app experiences for hundreds of teams.",
        means: "Flows, spotlights, banners, checklists, a resource centre and NPS, targeted and measured.",
        kind: "test",
        standing: Weak("Flows and NPS are there; spotlights, banners, checklists and a resource centre are not."),
        tests: &[
            test("crates/cli/tests/journey.rs", "a_person_meets_the_flow_answers_the_survey_and_the_team_sees_it"),
            test("crates/product/src/surveys/tests/mod.rs", "a_flows_funnel_counts_people_once_a_step"),
        ],
    },
    not_yet(
        "UP-1",
        "GDPR, the successor of the Privacy Shield, SOC 2 Type II.",
        "Each control leads to its proof, with evidence over a period.",
        "live",
        "This page is the beginning: controls are not mapped yet.",
    ),
    Promise {
        id: "UP-2",
        says: "Millions of data points a day.",
        means: "A hundred times that on one small machine.",
        kind: "test",
        standing: Weak("Measured by hand, with figures in the project's documents; no test of each build proves it."),
        tests: &[],
    },
    Promise {
        id: "UP-3",
        says: "Only authorised, authenticated people reach data.",
        means: "Every route needs an authority, and looking at personal data a recent proof of identity.",
        kind: "test",
        standing: Weak(
            "No test walks every route as every role yet, and personal data of one person is shown without a recent proof of identity.",
        ),
        tests: &[
            test("crates/product/src/content/tests/life.rs", "another_org_gets_404"),
            test("crates/product/src/content/tests/life.rs", "each_role_does_what_it_may"),
            test("crates/product/src/doors/tests.rs", "a_stranger_is_told_401_before_method_and_size"),
        ],
    },
    not_yet(
        "UP-4",
        "Regular security and penetration tests.",
        "Scans on a schedule, and a record of outside tests that lapses after twelve months.",
        "live, record",
        "No scan and no outside test is recorded.",
    ),
    Promise {
        id: "UP-5",
        says: "Authentication keys are hashed; secrets are kept by a manager.",
        means: "API keys are shown once and stored as keyed hashes with a beginning and an end; secrets come from the key provider.",
        kind: "test, live",
        standing: Weak("When a key was last used is not kept yet."),
        tests: &[
            test("crates/product/src/doors/tests.rs", "an_api_key_ends_after_90_days"),
            test("crates/keys/src/api_key.rs", "the_same_bytes_as_another_kind_have_another_hash"),
        ],
    },
    not_yet(
        "UP-5b",
        "Production secrets are managed with AWS.",
        "AWS Secrets Manager, Vault and PKCS#11 as key providers.",
        "test",
        "The only key provider is a file.",
    ),
    not_yet(
        "UP-6",
        "Single sign-on for enterprises.",
        "OpenID Connect, SAML 2.0, SCIM 2.0; it can be required.",
        "test",
        "Members sign in with a password and a second factor only.",
    ),
    not_yet(
        "UP-7",
        "Transparent, fine-grained access of users.",
        "Custom roles, and a page that shows who can see what, since when and by whose decision.",
        "live",
        "Roles are built in, and nobody reviews them here.",
    ),
    Promise {
        id: "UP-8",
        says: "A second factor, which can be required.",
        means: "One-time codes, passkeys and recovery codes; a policy that cannot be skipped.",
        kind: "test",
        standing: Weak("One-time and recovery codes are there, and can be required; passkeys are not."),
        tests: &[
            test(
                "crates/product/src/second_factors/tests.rs",
                "codes_of_an_authenticator_app_are_asked_for_after_the_password",
            ),
            test("crates/product/src/second_factors/tests.rs", "a_code_is_good_once"),
            test(
                "crates/product/src/organisations/tests.rs",
                "a_required_factor_leaves_a_grace_and_then_nothing_but_enrolling",
            ),
        ],
    },
    not_yet(
        "UP-9",
        "Failover and disaster recovery across zones.",
        "A whole zone is cut off and service goes on; restoring is rehearsed and measured.",
        "live",
        "There is no failover and no restore yet. One process claims no redundancy.",
    ),
    not_yet(
        "UP-10",
        "A private network with access lists.",
        "Files for a deployment with private subnets and rules.",
        "test",
        "There are no files for such a deployment yet.",
    ),
    not_yet(
        "UP-11",
        "Data only to those who need it.",
        "Access to personal data for a reason and a time.",
        "test",
        "Looking at personal data is for some roles and recorded, but needs no reason and has no end.",
    ),
    not_yet(
        "UP-12",
        "Response to incidents with escalation.",
        "Steps with clocks and channels.",
        "live",
        "Incidents are not there yet.",
    ),
    not_yet(
        "UP-13",
        "Security training.",
        "Records of training, with due dates that are enforced.",
        "record, enforced",
        "Training is not recorded yet.",
    ),
    not_yet(
        "UP-14",
        "Confidentiality.",
        "As agreements of staff are: signed before anything personal is seen.",
        "record, enforced",
        "Agreements are not kept yet.",
    ),
    not_yet(
        "UP-15",
        "Card payments only through Stripe.",
        "Plans, checkout and webhooks through Stripe; no card data is ever received.",
        "test",
        "Nothing is sold here and no card data is taken; payments are not there yet.",
    ),
    Promise {
        id: "UP-16",
        says: "APIs are apart from the product's server, with redundant failover.",
        means: "Edge, api and dashboard are three roles and three origins, and each serves while the others are down.",
        kind: "test",
        standing: Apart(
            "One process serves all three here; with PostgreSQL they run apart. That each serves while the others are down is not proven yet, and none of them is redundant.",
        ),
        tests: &[
            test(
                "crates/product/src/doors/tests.rs",
                "the_api_takes_keys_and_no_sessions_and_the_dashboard_the_other_way_round",
            ),
            test("crates/product/src/doors/tests.rs", "the_other_doors_refuse_the_dashboards_name"),
            test("crates/cli/tests/roles.rs", "roles_that_start_together_make_one_installation"),
        ],
    },
    Promise {
        id: "UP-17",
        says: "Isolation from other instances.",
        means: "Tenants are apart by the authority of each request, by row-level security and by keys of each environment.",
        kind: "test",
        standing: Kept,
        tests: &[
            test("crates/product/src/content/tests/life.rs", "another_org_gets_404"),
            test(
                "crates/product/src/installation/tests.rs",
                "every_table_of_an_environments_rows_has_row_level_security",
            ),
            test(
                "crates/product/src/installation/tests.rs",
                "an_organisations_work_sees_its_own_keys_and_no_environments_rows",
            ),
        ],
    },
    not_yet(
        "UP-18",
        "Data is synchronised in real time; daily encrypted backups in several places.",
        "Replication with its lag shown, and two backups a day to two places.",
        "live",
        "There is no replication and no backup yet.",
    ),
    not_yet(
        "UP-19",
        "Terms for transfers of data, and storage inside the EU.",
        "A setting that refuses stores elsewhere, and a register of transfers.",
        "record, enforced",
        "Where stores lie is the operator's word; nothing enforces it yet.",
    ),
    Promise {
        id: "UP-20",
        says: "Privacy by design; data is not sold.",
        means: "No calls to third parties, IP addresses are never stored, what is personal is sealed under a key of each person's own.",
        kind: "test",
        standing: Kept,
        tests: &[
            test("crates/product/src/ingest/tests/classes.rs", "nothing_personal_is_stored_in_clear"),
            test("crates/product/src/ingest/scrub.rs", "addresses_of_machines_go"),
            test(
                "crates/keys/src/tests/person.rs",
                "after_a_rotation_the_resealed_live_on_and_the_others_are_dead_in_every_copy",
            ),
            test("crates/product/src/doors/tests.rs", "a_page_carries_a_nonce_of_its_own_and_nothing_unsafe"),
        ],
    },
    not_yet(
        "UP-21",
        "Erasure by API: of users, companies and groups of either.",
        "Unreadable at once, then dead in every copy, then rewritten, each dated in a receipt.",
        "live",
        "Erasing is not there yet; its formats are.",
    ),
    not_yet(
        "UP-22",
        "A deletion can be followed until it is confirmed.",
        "A job with counts, and a signed receipt that anybody verifies.",
        "test",
        "Erasing is not there yet.",
    ),
    not_yet(
        "UP-23",
        "Access, portability and rectification.",
        "What is held of one person, as JSON and CSV; corrections with their history.",
        "test",
        "A person's data can be read, but not exported yet.",
    ),
    Promise {
        id: "UP-24",
        says: "Firewalls for network and application.",
        means: "Rules for the network, an application firewall at the edge, and limits of size and rate.",
        kind: "test",
        standing: NotYet("Sizes and rates are limited; there are no rules for network and application yet."),
        tests: LIMITS,
    },
    not_yet(
        "UP-25",
        "Detection of intrusions.",
        "Detections on the stream of records: impossible travel, stuffing, reuse of tokens, mass export.",
        "live",
        "Nothing watches the records yet.",
    ),
    not_yet(
        "UP-26",
        "Monitoring of performance.",
        "Figures, traces and a page of the system's state.",
        "live",
        "Figures for Prometheus are there; traces and the page are not.",
    ),
    not_yet(
        "UP-27",
        "Tools for recovery from disasters.",
        "Restoring, rehearsed and measured.",
        "live",
        "There is no restore yet.",
    ),
    not_yet(
        "UP-28",
        "Procedures for incidents.",
        "As a protocol for incidents is: opened, owned, escalated, closed.",
        "live",
        "Incidents are not there yet.",
    ),
    not_yet(
        "UP-29",
        "Quality assurance and monitoring of processes.",
        "Every change of content is a version that is reviewed before it is live and taken back in one step.",
        "test",
        "Changes are versions and recorded, but nobody reviews them before, and none is taken back in one step.",
    ),
    not_yet(
        "UP-30",
        "The five trust principles, with evidence.",
        "One signed archive of a period that an auditor verifies offline.",
        "live",
        "There is no archive of evidence yet.",
    ),
    Promise {
        id: "UP-31",
        says: "A public page about security, and a contact.",
        means: "This page: every promise, its state now, when it was last looked at, and the evidence.",
        kind: "live",
        standing: Weak("The page names no contact yet."),
        tests: &[
            test("crates/product/src/trust/tests/page.rs", "every_promise_is_on_the_page_for_anybody"),
            test("crates/product/src/trust/tests/sabotage.rs", "every_check_notices_its_sabotage_within_a_minute"),
        ],
    },
    not_yet(
        "UP-32",
        "Access control by end-to-end encryption.",
        "What people write is sealed in the browser to keys that the edge does not hold.",
        "test",
        "Values are sealed by the edge as they arrive, not in the browser.",
    ),
    not_yet(
        "UP-33",
        "Theft or manipulation of data is noticed.",
        "A signed head over all stores; a file from another time is refused and named.",
        "live",
        "Changed frames of the event log are noticed; an older copy of a whole store is not.",
    ),
    not_yet(
        "UP-34",
        "The most accessibility and uptime.",
        "A probe from outside, public figures, upgrades without a failed request.",
        "live",
        "Restarts and upgrades fail no request where a service manager holds the sockets; nothing outside of the server watches it yet.",
    ),
    Promise {
        id: "UP-35",
        says: "Integrity of processing.",
        means: "What was accepted is stored, a copy, refused or erased, for each environment, or this row is red.",
        kind: "live",
        standing: Kept,
        tests: &[
            test("crates/events/tests/suite/damage.rs", "every_flipped_bit_is_detected_and_its_frame_named"),
            test("crates/product/src/trust/checks/events.rs", "copies_and_refusals_balance_and_what_vanishes_does_not"),
            test(
                "crates/product/src/trust/checks/events.rs",
                "what_left_the_log_is_counted_as_before_and_missed_when_it_is_not_in_parts",
            ),
            test(
                "crates/product/src/trust/checks/events.rs",
                "what_was_taken_from_a_log_is_what_it_has_up_to_there_and_had_before_it_was_trimmed",
            ),
            test("crates/cli/tests/clients.rs", "official_clients_lose_and_double_nothing_while_the_server_is_killed"),
        ],
    },
    not_yet(
        "UP-36",
        "An up-to-date privacy policy.",
        "A versioned policy, with notice to members.",
        "record",
        "No policy is kept here yet.",
    ),
    not_yet(
        "UP-37",
        "A SOC 2 report, on request.",
        "Asked for, approved, given out under a watermark.",
        "test",
        "There is no report yet.",
    ),
    not_yet(
        "UP-38",
        "Customers can tell their own users.",
        "A webhook when an erasure is final.",
        "test",
        "Erasing is not there yet.",
    ),
];

const LIMITS: &[Test] = &[
    test("crates/product/src/ingest/tests/limits.rs", "a_gzip_bomb_is_refused_unopened"),
    test("crates/product/src/doors/tests.rs", "too_much_is_refused_as_a_problem"),
];

/// A promise of which nothing can be shown yet.
const fn not_yet(
    id: &'static str,
    says: &'static str,
    means: &'static str,
    kind: &'static str,
    missing: &'static str,
) -> Promise {
    Promise { id, says, means, kind, standing: NotYet(missing), tests: &[] }
}
