//! What neither page says and Pilotfish does.

use super::{Promise, Standing, test};

pub(super) static PROMISES: &[Promise] = &[Promise {
    id: "PF-1",
    says: "Nobody speaks for somebody else.",
    means: "A browser's key is public, so in production a browser names a user only with a token that the customer's own server \
            has signed.",
    kind: "live",
    standing: Standing::Kept,
    tests: &[
        test("crates/product/src/ingest/tests/tokens.rs", "a_browser_names_a_user_with_a_token_only"),
        test("crates/product/src/ingest/tests/tokens.rs", "forged_and_stale_tokens_are_refused"),
    ],
}];
