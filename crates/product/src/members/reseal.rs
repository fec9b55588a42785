//! Member data when its keys turn: sealed anew under the organisation's newest key, and found by the newest index.

use base::id::{MemberId, OrganisationId};
use base::{Personal, ProblemResult};
use keys::{KeyKind, Owner};
use store::{Scope, StoreError, StoreResult, Tx, sql};

use super::store::SealedMember;
use super::{context, email_index};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::sealed;

/// What is sealed of a member, and how they are found.
struct Stored {
    id: MemberId,
    organisation: OrganisationId,
    email: Vec<u8>,
    name: Vec<u8>,
    index_version: u32,
}

/// Seals what an organisation's members have under an older key anew.
pub(crate) async fn organisation(app: &App, organisation: OrganisationId) -> ProblemResult<()> {
    let (newest, _) = app.keys.primary(KeyKind::Organisation, Owner::Organisation(organisation)).map_err(internal)?;
    for member in stored(app).await? {
        if member.organisation != organisation || !is_older(&member, newest) {
            continue;
        }
        let (email, name) = (anew(app, &member, "email", &member.email)?, anew(app, &member, "name", &member.name)?);
        let mut tx = SystemTx::begin(app).await?;
        set_sealed(&mut tx.0, &member, &email, &name).await.map_err(store_failed)?;
        tx.commit().await?;
    }
    Ok(())
}

/// Seals what is a member's under the key of another organisation of theirs.
///
/// # Errors
/// 503 if it was written anew since it was read.
pub(super) async fn to(
    app: &App,
    tx: &mut SystemTx,
    row: &SealedMember,
    organisation: OrganisationId,
) -> ProblemResult<()> {
    let member = super::open(app, row)?;
    let owner = Owner::Organisation(organisation);
    let seal = |field, value: &Personal<String>| {
        sealed::seal(app, KeyKind::Organisation, owner, &context(row.id, field), value.open().as_bytes())
    };
    let (email, name) = (seal("email", &member.email)?, seal("name", &member.name)?);
    match set_sealed_by(&mut tx.0, row, organisation, &email, &name).await.map_err(store_failed)? {
        0 => Err(store_failed(StoreError::Contended)),
        _ => Ok(()),
    }
}

/// How many members of an organisation have something sealed under this version of its key.
pub(crate) async fn sealed_with(tx: &mut SystemTx, organisation: OrganisationId, version: u32) -> ProblemResult<u64> {
    let members = all(&mut tx.0).await.map_err(store_failed)?;
    let sealed = members.iter().filter(|member| {
        member.organisation == organisation
            && [&member.email, &member.name].iter().any(|value| sealed::version_of(value) == Some(version))
    });
    Ok(sealed.count() as u64)
}

/// Writes the index of everybody who is found by an older one.
pub(crate) async fn indexes(app: &App) -> ProblemResult<()> {
    let (newest, _) = app.keys.primary(KeyKind::MemberIndex, Owner::Installation).map_err(internal)?;
    for member in stored(app).await? {
        if member.index_version >= newest {
            continue;
        }
        let index = email_index(app, &open(app, &member, "email", &member.email)?)?;
        let mut tx = SystemTx::begin(app).await?;
        set_index(&mut tx.0, member.id, &index.primary, index.version).await.map_err(store_failed)?;
        tx.commit().await?;
    }
    Ok(())
}

/// How many members are found by an index under this version of its key.
pub(crate) async fn indexed_with(tx: &mut SystemTx, version: u32) -> ProblemResult<u64> {
    let members = all(&mut tx.0).await.map_err(store_failed)?;
    Ok(members.iter().filter(|member| member.index_version == version).count() as u64)
}

/// How many members have a password that was hashed with this version of the pepper.
pub(crate) async fn peppered_with(tx: &mut SystemTx, version: u32) -> ProblemResult<u64> {
    let query = sql("SELECT COUNT(*) AS members FROM members WHERE pepper_version = $1").bind(version);
    query.fetch_one(&mut tx.0).await.and_then(|row| row.get("members")).map_err(store_failed)
}

fn is_older(member: &Stored, newest: u32) -> bool {
    [&member.email, &member.name].iter().any(|value| sealed::version_of(value) != Some(newest))
}

fn open(app: &App, member: &Stored, field: &str, value: &[u8]) -> ProblemResult<Personal<String>> {
    let owner = Owner::Organisation(member.organisation);
    sealed::open_text(app, KeyKind::Organisation, owner, &context(member.id, field), value).map(Personal::new)
}

fn anew(app: &App, member: &Stored, field: &str, value: &[u8]) -> ProblemResult<Vec<u8>> {
    let owner = Owner::Organisation(member.organisation);
    let text = open(app, member, field, value)?;
    sealed::seal(app, KeyKind::Organisation, owner, &context(member.id, field), text.open().as_bytes())
}

async fn stored(app: &App) -> ProblemResult<Vec<Stored>> {
    let mut tx = app.main.begin(Scope::System).await.map_err(store_failed)?;
    all(&mut tx).await.map_err(store_failed)
}

/// Every member: a few thousand at most.
async fn all(tx: &mut Tx) -> StoreResult<Vec<Stored>> {
    sql("SELECT id, organisation_id, email, name, index_version FROM members ORDER BY id")
        .fetch_all(tx)
        .await?
        .iter()
        .map(|row| {
            Ok(Stored {
                id: row.get("id")?,
                organisation: row.get("organisation_id")?,
                email: row.get("email")?,
                name: row.get("name")?,
                index_version: row.get("index_version")?,
            })
        })
        .collect()
}

/// Puts what was sealed anew in the place of the bytes that it was made of; not if these are gone.
async fn set_sealed(tx: &mut Tx, of: &Stored, email: &[u8], name: &[u8]) -> StoreResult<u64> {
    sql("UPDATE members SET email = $2, name = $3 WHERE id = $1 AND email = $4 AND name = $5")
        .bind(of.id)
        .bind(email)
        .bind(name)
        .bind(of.email.as_slice())
        .bind(of.name.as_slice())
        .execute(tx)
        .await
}

/// The same with the organisation whose key it is.
async fn set_sealed_by(
    tx: &mut Tx,
    of: &SealedMember,
    organisation: OrganisationId,
    email: &[u8],
    name: &[u8],
) -> StoreResult<u64> {
    sql("UPDATE members SET organisation_id = $2, email = $3, name = $4 WHERE id = $1 AND email = $5 AND name = $6")
        .bind(of.id)
        .bind(organisation)
        .bind(email)
        .bind(name)
        .bind(of.email.as_slice())
        .bind(of.name.as_slice())
        .execute(tx)
        .await
}

async fn set_index(tx: &mut Tx, id: MemberId, index: &[u8; 32], version: u32) -> StoreResult<u64> {
    sql("UPDATE members SET email_index = $2, index_version = $3 WHERE id = $1 AND index_version < $3")
        .bind(id)
        .bind(*index)
        .bind(version)
        .execute(tx)
        .await
}
