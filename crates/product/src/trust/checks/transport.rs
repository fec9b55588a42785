//! UL-4.1: HTTPS only, strong, and said for two years.

use axum::http::header;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::hello::{Reply, STRONG, WEAK};
use crate::App;
use crate::trust::check::{Seen, Unseen};
use crate::trust::outside::{PATIENCE, Target, targets};

/// Browsers' lists of HTTPS-only sites ask for a year.
const A_YEAR: u64 = 31_536_000;

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    for target in targets(app) {
        at_door(app, &target, &mut seen).await?;
    }
    Ok(seen)
}

async fn at_door(app: &App, target: &Target, seen: &mut Seen) -> Result<(), Unseen> {
    let door = target.name;
    let mut accepted = Vec::new();
    for offer in WEAK {
        if offer.make(&mut target.connect().await?, target.sni(), app.rng.as_ref()).await == Reply::Accepts {
            accepted.push(offer.name);
        }
    }
    seen.demand(
        accepted.is_empty(),
        format!("The {door} door refused each of {} weak offers.", WEAK.len()),
        format!("The {door} door accepts {}.", accepted.join(", ")),
    );
    // The same words with a strong offer: what was refused was refused for its weakness.
    let mut strong = false;
    for offer in STRONG {
        strong =
            strong || offer.make(&mut target.connect().await?, target.sni(), app.rng.as_ref()).await == Reply::Accepts;
    }
    if !strong {
        let names: Vec<&str> = STRONG.iter().map(|offer| offer.name).collect();
        seen.broken(format!("The {door} door accepts neither {}.", names.join(" nor ")));
        return Ok(());
    }
    let version = match target.shake_hands().await?.get_ref().1.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS 1.2",
    };
    seen.shows(format!("The {door} door speaks {version} with a client of today."));
    let answer = target.get("/healthz").await?;
    let policy = answer.headers.get(header::STRICT_TRANSPORT_SECURITY).and_then(|value| value.to_str().ok());
    let age = policy.and_then(max_age).unwrap_or(0);
    seen.demand(
        age >= A_YEAR,
        format!("The {door} door tells browsers to come over HTTPS only, for {} days.", age / 86_400),
        format!("The {door} door does not tell browsers to come over HTTPS only."),
    );
    let answers = answers_plainly(target).await?;
    seen.demand(
        !answers,
        format!("The {door} door does not answer plain HTTP."),
        format!("The {door} door answers plain HTTP."),
    );
    Ok(())
}

fn max_age(policy: &str) -> Option<u64> {
    policy.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.trim_matches('"').parse().ok())
}

/// Whether a door says anything in HTTP to whoever speaks it without TLS.
async fn answers_plainly(target: &Target) -> Result<bool, Unseen> {
    let mut stream = target.connect().await?;
    let mut first = [0; 5];
    let asking = async {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        stream.read_exact(&mut first).await
    };
    // Whoever hangs up, says no in TLS or says nothing does not answer.
    Ok(matches!(timeout(PATIENCE, asking).await, Ok(Ok(_))) && first == *b"HTTP/")
}
