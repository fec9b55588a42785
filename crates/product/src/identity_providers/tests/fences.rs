//! What keeps organisations, and what stands in private networks, apart from providers.

use ::store::{Scope, sql};
use app_test::app_test;
use axum::http::StatusCode;
use base::id::OrganisationId;
use ipnet::IpNet;

use super::super::address::Address;
use super::super::http::{Http, Unanswered};
use super::super::networks::Networks;
use super::{World, person};
use crate::testing::TestApp;

#[tokio::test]
async fn an_organisation_sees_the_identities_of_its_own_providers_and_no_others() {
    let app = TestApp::start_postgres("identities_scope").await;
    let world = World::new(&app).await;
    let bob = world.signs_in().await;
    world.issuer.is(person("carol at acme", "carol@acme.example"));
    let carol = world.signs_in().await;
    world.owner.asks().delete(&format!("/api/v1/members/{}", carol.id)).await.assert(204);
    app.works_off().await;
    let other = OrganisationId::new(app.app().clock.as_ref(), app.app().rng.as_ref());
    for table in ["member_identities", "former_members"] {
        let rows = async |scope| {
            let query = sql(format!("SELECT COUNT(*) AS found FROM {table}"));
            query.fetch_one(app.app().main.read(scope)).await.unwrap().get::<i64>("found").unwrap()
        };
        let own = rows(Scope::Organisation(app.installed().organisation.id)).await;
        assert!(own > 0 && own == rows(Scope::System).await, "{table}");
        assert_eq!(rows(Scope::Organisation(other)).await, 0, "{table}");
    }
    let moved = sql("UPDATE member_identities SET last_used_at = 1");
    assert_eq!(moved.execute(app.app().main.read(Scope::Organisation(other))).await.unwrap(), 0, "nor does it write");
    assert!(bob.is_in().await);
    drop((bob, carol, world));
    app.finish().await;
}

#[app_test]
async fn a_private_network_is_not_asked_unless_the_operator_names_it_and_nothing_is_told_of_it(app: TestApp) {
    let world = World::new(&app).await;
    let http = |named: &[&str], this_machine| {
        let named: Vec<IpNet> = named.iter().map(|network| network.parse().unwrap()).collect();
        Http::new(Networks { named, this_machine })
    };
    let by_name = world.issuer.url.replace("127.0.0.1", "localhost");
    for issuer in [&world.issuer.url, &by_name] {
        let at = |path: &str| Address::parse(app.app(), &format!("{issuer}{path}")).unwrap();
        let before = world.issuer.asked();
        for refusing in [http(&[], false), http(&["10.0.0.0/8"], false)] {
            assert_eq!(refusing.get(&at("/keys"), None).await.err(), Some(Unanswered::Unreachable), "{issuer}");
        }
        assert_eq!(world.issuer.asked(), before, "nobody was asked");
        let nothing_there = Unanswered::Status(StatusCode::NOT_FOUND);
        for (allowing, told) in [
            (http(&["127.0.0.0/8"], false), Unanswered::Unreachable),
            (http(&["127.0.0.0/8"], true), Unanswered::Unreachable),
            (http(&[], true), nothing_there.clone()),
        ] {
            assert_eq!(allowing.get(&at("/keys"), None).await.unwrap().status, StatusCode::OK, "{issuer}");
            let answer = allowing.get(&at("/nothing"), None).await.unwrap();
            assert_eq!(answer.wrong(nothing_there.clone()), told, "{issuer}");
        }
        let endless = http(&["127.0.0.0/8"], false).get(&at("/endless"), None).await;
        assert_eq!(endless.err(), Some(Unanswered::Unreachable), "{issuer}");
        let redirected = http(&[], true).get(&at("/redirect"), None).await.unwrap();
        assert_eq!(
            (redirected.status, world.issuer.asked().0),
            (StatusCode::FOUND, before.0 + 3),
            "it is not followed"
        );
    }
}
