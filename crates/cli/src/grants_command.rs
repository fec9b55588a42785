//! `pilotfish keys grant …`: bundles for edges that have no root key.

use std::fmt::Write as _;

use base::SystemRng;
use keys::write_bundle;
use product::edge_grants::{self, Listed};
use product::{App, Databases, Duties, Urls};
use serde_json::json;
use url::Url;

use crate::args::{DatabaseArgs, GrantEdgeArgs, GrantListArgs, GrantRevokeArgs, Place, UrlArgs};
use crate::open::{Wanted, ground};
use crate::urls::urls;
use crate::{Failure, say};

/// Makes a grant and writes its bundle.
pub(crate) async fn edge(args: &GrantEdgeArgs) -> Result<(), Failure> {
    let given = UrlArgs { edge_url: args.edge_url.clone(), ..UrlArgs::default() };
    let app = opened(&args.place, &args.database, urls(&given, 8443, 8445, 8444)?).await?;
    let made = make(&app, args).await;
    app.close().await;
    Ok(say(&made?)?)
}

async fn make(app: &App, args: &GrantEdgeArgs) -> Result<String, Failure> {
    let host = Url::parse(&app.urls.edge).ok().and_then(|url| url.host_str().map(str::to_owned));
    let hosts = host.iter().map(|host| host.trim_matches(['[', ']']).to_owned()).collect();
    let pending = edge_grants::prepare(app, hosts).await?;
    let id = pending.key().id();
    // A grant that nobody has the bundle of would be of no use; a bundle without its grant opens nothing.
    write_bundle(&args.out, &args.place.data, pending.key(), &SystemRng)?;
    let out = args.out.display();
    // Whether it was kept is not known then, and a good bundle cannot be made a second time.
    pending.commit(app).await.map_err(|problem| {
        Failure::Refused(format!(
            "{}: whether the grant was kept is not known. If pilotfish keys grant list shows {id}, {out} is its \
             bundle; else remove that file and try again",
            problem.detail.as_deref().unwrap_or(problem.code.title())
        ))
    })?;
    Ok(format!(
        "wrote {out}: the bundle of {id}; give it to one edge, and start it with\n  pilotfish serve --role edge --root-key \
         bundle:{out} --database …"
    ))
}

/// Shows which grants there are.
pub(crate) async fn list(args: &GrantListArgs) -> Result<(), Failure> {
    let app = opened(&args.place, &args.database, urls(&UrlArgs::default(), 8443, 8445, 8444)?).await?;
    let listed = edge_grants::list(&app).await;
    app.close().await;
    let listed = listed?;
    Ok(say(&if args.json { json!({ "grants": listed }).to_string() } else { table(&listed) })?)
}

/// Ends a grant.
pub(crate) async fn revoke(args: &GrantRevokeArgs) -> Result<(), Failure> {
    let app = opened(&args.place, &args.database, urls(&UrlArgs::default(), 8443, 8445, 8444)?).await?;
    let revoked = edge_grants::revoke(&app, args.grant).await;
    app.close().await;
    revoked?;
    Ok(say(&format!(
        "{} is revoked: its edge stops within seconds. What it has read of keys stays good until those keys turn; see \
         docs/edge-bundle.md",
        args.grant
    ))?)
}

/// The product over PostgreSQL, where edges run apart.
async fn opened(place: &Place, database: &DatabaseArgs, urls: Urls) -> Result<App, Failure> {
    let wanted = Wanted::of(place, database)?;
    if matches!(wanted.databases, Databases::Embedded) {
        return Err(Failure::Usage(
            "--database: grants are for edges that run apart, over PostgreSQL; the embedded stores have one process"
                .to_owned(),
        ));
    }
    if !wanted.made_before().await? {
        return Err(Failure::Refused("the databases hold no installation".to_owned()));
    }
    ground(wanted).await?.open(urls, Duties::default()).await
}

fn table(grants: &[Listed]) -> String {
    let mut text =
        format!("{:<31} {:>7}  {:<10}  {:>8}  {:<20}  hosts", "grant", "version", "state", "age", "certificate");
    for grant in grants {
        let state = if grant.revoked_at.is_some() { "revoked" } else { "good" };
        let certificate = grant.certificate_issued_at.map_or_else(|| "none".to_owned(), |at| at.to_string());
        let age = format!("{} d", grant.age_days);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n{:<31} {:>7}  {state:<10}  {age:>8}  {certificate:<20}  {}",
            grant.id.to_string(),
            grant.key_version,
            grant.hosts.join(" ")
        );
    }
    text
}
