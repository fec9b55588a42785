//! What happens while a provider's answer is looked at.

use std::time::Duration;

use ::store::{Scope, sql};
use app_test::app_test;
use base::id::IdentityProviderId;

use super::World;
use crate::authority::SystemTx;
use crate::testing::TestApp;

#[app_test]
async fn nobody_signs_in_over_a_provider_that_is_removed_meanwhile(app: TestApp) {
    let world = World::new(&app).await;
    world.signs_in().await;
    let provider: IdentityProviderId = world.provider.parse().unwrap();
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    let organisation = app.installed().organisation.id;
    super::super::store::lock(&mut tx.0, app.app().main.engine(), organisation).await.unwrap();
    let gone = world.goes().await;
    let removal = async {
        answered(&world, 1).await;
        for text in [
            "DELETE FROM member_identities WHERE provider_id = $1",
            "UPDATE sessions SET ended_at = 1 WHERE provider_id = $1",
            "DELETE FROM identity_providers WHERE id = $1",
        ] {
            sql(text).bind(provider).execute(&mut tx.0).await.unwrap();
        }
        tx.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.comes_back(&gone), removal);
    answer.assert(404);
    let query =
        sql("SELECT COUNT(*) AS sessions FROM sessions WHERE provider_id = $1 AND ended_at IS NULL").bind(provider);
    let row = query.fetch_one(app.app().main.read(Scope::System)).await.unwrap();
    assert_eq!(row.get::<i64>("sessions").unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_signs_in_with_an_identity_that_is_unlinked_meanwhile() {
    let app = TestApp::start_postgres("identity_unlinked").await;
    let world = World::new(&app).await;
    world.signs_in().await;
    let gone = world.goes().await;
    let mut tx = SystemTx::begin(app.app()).await.unwrap();
    sql("DELETE FROM member_identities").execute(&mut tx.0).await.unwrap();
    let unlinked = async {
        answered(&world, 1).await;
        tx.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(world.comes_back(&gone), unlinked);
    assert_eq!(answer.assert(403).code(), "identity_not_linked");
    drop(world);
    app.finish().await;
}

/// The provider has given another token, and whoever waits for nobody is done with it.
async fn answered(world: &World, given: usize) {
    // In the one file nobody writes meanwhile, so that nobody even comes to ask the provider.
    for _ in 0..100 {
        if world.issuer.tokens_given() > given {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
}
