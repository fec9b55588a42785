use app_test::app_test;
use store::sql;

use super::{SdkFiles, VERSION, integrity};
use crate::doors::Door;
use crate::testing::TestApp;

#[app_test]
async fn both_paths_have_the_same_bytes_and_the_list_names_their_hash(app: TestApp) {
    let list = app.at(Door::Edge).get("/sdk/integrity.json").await.assert(200).json();
    let versioned = format!("/sdk/{VERSION}/pilotfish.js");
    for path in ["/sdk/pilotfish.js", &versioned] {
        let answer = app.at(Door::Edge).get(path).await.assert(200);
        assert_eq!(list[path], integrity(&answer.body));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
    }
    let forever = app.at(Door::Edge).get(&versioned).await;
    assert!(forever.header("cache-control").ends_with("immutable"));
    let shortly = app.at(Door::Edge).get("/sdk/pilotfish.js").await;
    assert_eq!(shortly.header("cache-control"), "public, max-age=300");
    app.at(Door::Edge).get("/sdk/0.0.0/pilotfish.js").await.assert(404);
}

#[app_test]
async fn a_version_that_was_served_once_is_served_after_an_upgrade(app: TestApp) {
    let main = &app.app().main;
    let mut tx = main.begin(store::Scope::System).await.unwrap();
    sql(
        "INSERT INTO sdk_files (path, integrity, body, first_served_at) VALUES ('/sdk/0.0.9/pilotfish.js', $2, $1, 1), \
         ('/sdk/0.0.8/pilotfish.js', $2, $3, 1)",
    )
    .bind(b"old".as_slice())
    .bind(integrity(b"old"))
    .bind(b"changed".as_slice())
    .execute(&mut tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let files = SdkFiles::open(main, app.app().clock.as_ref(), true).await.unwrap();
    assert_eq!(files.files["/sdk/0.0.9/pilotfish.js"].body, "old");
    assert_eq!(files.integrity["/sdk/0.0.9/pilotfish.js"], integrity(b"old"));
    assert!(!files.files.contains_key("/sdk/0.0.8/pilotfish.js"), "bytes that are not what was stored are not served");
}

/// Makes the store hold these files and no others, as another build left it.
async fn leave(app: &TestApp, files: &[(&str, &str)]) {
    let mut tx = app.app().main.begin(store::Scope::System).await.unwrap();
    sql("DELETE FROM sdk_files").execute(&mut tx).await.unwrap();
    for (path, body) in files {
        sql("INSERT INTO sdk_files (path, integrity, body, first_served_at) VALUES ($1, $2, $3, 1)")
            .bind(*path)
            .bind(integrity(body.as_bytes()))
            .bind(body.as_bytes())
            .execute(&mut tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_keeps_the_files_that_pages_name_and_brings_its_own() {
    upgrade(TestApp::start_embedded("upgrade").await).await;
    upgrade(TestApp::start_postgres("upgrade").await).await;
}

async fn upgrade(app: TestApp) {
    let old = [("/sdk/0.0.9/pilotfish.js", "old core"), ("/sdk/0.0.9/renderer.js", "old renderer")];
    leave(&app, &old).await;
    let mut app = app.restart().await;
    for _ in 0..2 {
        let list = app.at(Door::Edge).get("/sdk/integrity.json").await.assert(200).json();
        for (path, body) in old {
            let answer = app.at(Door::Edge).get(path).await.assert(200);
            assert_eq!(answer.body, body.as_bytes());
            assert!(answer.header("cache-control").ends_with("immutable"));
            assert_eq!(list[path], integrity(body.as_bytes()));
        }
        let ours = assets::get(assets::Package::Sdk, "pilotfish.js").unwrap().bytes;
        for path in ["/sdk/pilotfish.js", &format!("/sdk/{VERSION}/pilotfish.js")] {
            assert_eq!(app.at(Door::Edge).get(path).await.assert(200).body, ours.as_ref(), "{path}");
            assert_eq!(list[path], integrity(&ours), "{path}");
        }
        app = app.restart().await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_under_a_version_that_was_served_do_not_take_its_place() {
    build_again(TestApp::start_embedded("other_build").await).await;
    build_again(TestApp::start_postgres("other_build").await).await;
}

async fn build_again(app: TestApp) {
    let path = format!("/sdk/{VERSION}/pilotfish.js");
    leave(&app, &[(&path, "the first build")]).await;
    let app = app.restart().await;
    let list = app.at(Door::Edge).get("/sdk/integrity.json").await.assert(200).json();
    for path in [path.as_str(), "/sdk/pilotfish.js"] {
        assert_eq!(app.at(Door::Edge).get(path).await.assert(200).body, b"the first build", "{path}");
        assert_eq!(list[path], integrity(b"the first build"), "{path}");
    }
    assert_eq!(app.app().sdk.current(), Some((path, integrity(b"the first build").as_str())));
    app.finish().await;
}

#[app_test]
async fn an_unchanged_file_is_not_sent_again_and_gzip_is_sent_to_whoever_takes_it(app: TestApp) {
    let first = app.at(Door::Edge).get("/sdk/pilotfish.js").await.assert(200);
    let again = app.at(Door::Edge).header("if-none-match", first.header("etag")).get("/sdk/pilotfish.js").await;
    assert!(again.assert(304).body.is_empty());
    let packed = app.at(Door::Edge).header("accept-encoding", "gzip, br").get("/sdk/pilotfish.js").await.assert(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.len() < first.body.len());
    assert_ne!(packed.header("etag"), first.header("etag"));
    let again = app.at(Door::Edge).header("if-none-match", packed.header("etag")).header("accept-encoding", "gzip");
    assert_eq!(again.get("/sdk/pilotfish.js").await.assert(304).header("etag"), packed.header("etag"));
    for not in ["gzip;q=0", "br, gzip; q=0.000", "identity"] {
        let plain = app.at(Door::Edge).header("accept-encoding", not).get("/sdk/pilotfish.js").await.assert(200);
        assert_eq!((plain.header("content-encoding"), plain.header("etag")), ("", first.header("etag")), "{not}");
    }
}
