//! What else than weak versions a door may do wrong: each is noticed and named.

use std::net::SocketAddr;

use app_test::app_test;
use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::world::World;
use super::{run_due, seen};
use crate::doors::{Door, TlsProfile};
use crate::testing::TestApp;
use crate::trust::check::Verdict;

/// A front that goes on with whatever an old client offers, and passes the rest to the door behind it.
pub(super) async fn weak_front(behind: SocketAddr) -> SocketAddr {
    front(behind, |first| first[9..11] < [3, 3][..], b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01").await
}

/// A front that answers plain HTTP, and passes the rest to the door behind it.
async fn plain_front(behind: SocketAddr) -> SocketAddr {
    front(behind, |first| first.starts_with(b"GET"), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await
}

/// A front that answers some first words by itself.
async fn front(behind: SocketAddr, answers: fn(&[u8]) -> bool, with: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut first = [0; 11];
            if client.peek(&mut first).await.is_ok_and(|read| read == first.len()) && answers(&first) {
                let mut rest = vec![0; 4096];
                let _ = client.read(&mut rest).await;
                let _ = client.write_all(with).await;
            } else {
                let mut door = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut door).await;
            }
        }
    };
    tokio_util::task::TaskTracker::new().spawn(serving);
    address
}

#[app_test]
async fn doors_of_either_profile_are_proven(app: TestApp) {
    for profile in [TlsProfile::Intermediate, TlsProfile::Modern] {
        let world = World::speaking(&app, profile).await;
        app.advance(std::time::Duration::from_mins(1));
        run_due(app.app()).await;
        let found = seen(app.app(), "transport").await;
        assert_eq!((found.verdict, found.reason.as_str()), (Verdict::Kept, ""), "{profile:?}");
        world.stop().await;
    }
}

#[app_test]
async fn a_door_that_speaks_with_nobody_proves_nothing_by_refusing(app: TestApp) {
    let world = World::start(&app).await;
    // A fatal alert to whatever is said.
    let deaf = front(world.address(Door::Edge), |_| true, b"\x15\x03\x03\x00\x02\x02\x28").await;
    world.replace(Door::Edge, deaf);
    run_due(app.app()).await;
    let found = seen(app.app(), "transport").await;
    let says = "The edge door accepts neither TLS 1.3 with AES-GCM nor TLS 1.2 with AES-GCM.";
    assert_eq!((found.verdict, found.reason.as_str()), (Verdict::Broken, says));
    world.stop().await;
}

#[app_test]
async fn a_door_that_answers_plain_http_or_says_nothing_of_https_is_named(app: TestApp) {
    let mut world = World::start(&app).await;
    world.replace(Door::Api, plain_front(world.address(Door::Api)).await);
    run_due(app.app()).await;
    let found = seen(app.app(), "transport").await;
    assert_eq!((found.verdict, found.reason.as_str()), (Verdict::Broken, "The api door answers plain HTTP."));

    let silent = Router::new().route("/healthz", get(|| async { "ok" }));
    let silent = world.serve(vec![(Door::Edge, silent)]).await;
    world.replace(Door::Edge, silent[0].1);
    app.advance(std::time::Duration::from_mins(1));
    run_due(app.app()).await;
    let found = seen(app.app(), "transport").await;
    assert_eq!(found.reason, "The edge door does not tell browsers to come over HTTPS only.");
    world.stop().await;
}

#[app_test]
async fn a_door_that_does_not_answer_is_red_with_a_plain_reason(app: TestApp) {
    let world = World::start(&app).await;
    world.replace(Door::Edge, SocketAddr::from(([127, 0, 0, 1], 1)));
    run_due(app.app()).await;
    let found = seen(app.app(), "transport").await;
    assert_eq!(found.verdict, Verdict::Broken);
    assert_eq!(found.reason, "The check could not be made. A door does not answer where it should.");
    world.stop().await;
}
