//! Identities: who is which member at a provider. Found by a keyed hash of provider and subject; the subject itself is sealed, to be
//! hashed anew when the key turns. The SQL of it.

use ::store::{Db, Executor, Row, Scope, StoreResult, Tx, dialect, sql};
use base::id::{IdentityId, IdentityProviderId, MemberId, OrganisationId};
use base::{ProblemResult, Timestamp};
use keys::{Aad, KeyKind, Owner, hash};

use super::store::Provider;
use crate::App;
use crate::authority::OrganisationTx;
use crate::hashed::Hashes;
use crate::sealed;

/// How an identity came to be a member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkedBy {
    /// They became a member by it.
    Joining,
    /// They were found by the address that the provider says is theirs.
    Address,
    /// They linked it themselves, signed in.
    Member,
}

impl LinkedBy {
    const fn name(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::Address => "address",
            Self::Member => "member",
        }
    }
}

/// An identity, as it is looked for and written.
pub(super) struct NewIdentity {
    pub(super) id: IdentityId,
    pub(super) member: MemberId,
    pub(super) provider: IdentityProviderId,
    pub(super) index: Hashes<32>,
    pub(super) subject: Vec<u8>,
    pub(super) linked_by: LinkedBy,
    pub(super) now: Timestamp,
}

/// An identity as its member sees it.
pub(super) struct OwnIdentity {
    pub(super) id: IdentityId,
    pub(super) provider: IdentityProviderId,
    pub(super) provider_name: String,
    pub(super) organisation_name: String,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
}

/// An identity as it is stored, with whose key seals it.
pub(super) struct Stored {
    pub(super) id: IdentityId,
    pub(super) provider: IdentityProviderId,
    pub(super) organisation: OrganisationId,
    pub(super) subject: Vec<u8>,
    pub(super) index_version: u32,
}

/// By what an identity is found.
pub(super) fn index(app: &App, provider: IdentityProviderId, subject: &str) -> ProblemResult<Hashes<32>> {
    let context = Aad::new("pilotfish/identity/v1").bytes(&provider.bytes()).text(subject);
    Hashes::of(app, KeyKind::MemberIndex, |key| hash::keyed(key, &context))
}

/// What a subject is sealed to.
pub(super) fn context(id: IdentityId) -> Aad {
    Aad::new("pilotfish/identity/v1").bytes(&id.bytes()).text("subject")
}

/// A member's new identity at a provider.
pub(super) fn new(
    app: &App,
    provider: &Provider,
    member: MemberId,
    subject: &str,
    linked_by: LinkedBy,
) -> ProblemResult<NewIdentity> {
    let id = IdentityId::new(app.clock.as_ref(), app.rng.as_ref());
    let owner = Owner::Organisation(provider.organisation);
    let sealed = sealed::seal(app, KeyKind::Organisation, owner, &context(id), subject.as_bytes())?;
    let index = index(app, provider.id, subject)?;
    Ok(NewIdentity { id, member, provider: provider.id, index, subject: sealed, linked_by, now: app.clock.now() })
}

pub(super) async fn insert(tx: &mut Tx, identity: &NewIdentity) -> StoreResult<u64> {
    sql(
        "INSERT INTO member_identities (id, member_id, provider_id, subject_index, index_version, subject, created_at, linked_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(identity.id)
    .bind(identity.member)
    .bind(identity.provider)
    .bind(identity.index.primary)
    .bind(identity.index.version)
    .bind(identity.subject.as_slice())
    .bind(identity.now)
    .bind(identity.linked_by.name())
    .execute(tx)
    .await
}

/// Whose the identity with one of these indexes is.
pub(super) async fn member_of(
    tx: &mut Tx,
    provider: IdentityProviderId,
    indexes: &[[u8; 32]],
) -> StoreResult<Option<MemberId>> {
    let text = format!(
        "SELECT member_id FROM member_identities WHERE provider_id = $1 AND subject_index IN ({})",
        dialect::placeholders(2, indexes.len()),
    );
    let row = sql(text).bind(provider).bind_all(indexes.iter().copied()).fetch_optional(tx).await?;
    row.map(|row| row.get("member_id")).transpose()
}

/// Whether a member has an identity at a provider.
pub(super) async fn has(tx: &mut Tx, provider: IdentityProviderId, member: MemberId) -> StoreResult<bool> {
    let query = sql("SELECT id FROM member_identities WHERE provider_id = $1 AND member_id = $2");
    Ok(query.bind(provider).bind(member).fetch_optional(tx).await?.is_some())
}

pub(super) async fn has_any(tx: &mut Tx, member: MemberId) -> StoreResult<bool> {
    let query = sql("SELECT id FROM member_identities WHERE member_id = $1 LIMIT 1").bind(member);
    Ok(query.fetch_optional(tx).await?.is_some())
}

/// Writes that a member signed in with their identity at a provider.
pub(super) async fn used(
    tx: &mut Tx,
    provider: IdentityProviderId,
    member: MemberId,
    now: Timestamp,
) -> StoreResult<u64> {
    sql("UPDATE member_identities SET last_used_at = $3 WHERE provider_id = $1 AND member_id = $2")
        .bind(provider)
        .bind(member)
        .bind(now)
        .execute(tx)
        .await
}

/// Whether a member has signed in with an identity at one of an organisation's providers; at another one than this, if one is given.
pub(super) async fn has_used(
    tx: &mut OrganisationTx,
    member: MemberId,
    but: Option<IdentityProviderId>,
) -> StoreResult<bool> {
    let organisation = tx.organisation();
    let query = sql("SELECT i.id FROM member_identities i JOIN identity_providers p ON p.id = i.provider_id \
         WHERE p.organisation_id = $1 AND i.member_id = $2 AND i.last_used_at IS NOT NULL AND ($3 IS NULL OR p.id <> $3) LIMIT 1");
    Ok(query.bind(organisation).bind(member).bind(but).fetch_optional(tx.tx()).await?.is_some())
}

/// Writes that nobody has signed in with an identity at a provider as it is now.
pub(super) async fn unused(tx: &mut Tx, provider: IdentityProviderId) -> StoreResult<u64> {
    sql("UPDATE member_identities SET last_used_at = NULL WHERE provider_id = $1").bind(provider).execute(tx).await
}

/// A member's identities, oldest first.
pub(super) async fn own(db: &Db, member: MemberId) -> StoreResult<Vec<OwnIdentity>> {
    sql("SELECT i.id, i.provider_id, p.name AS provider, o.name AS organisation, i.created_at, i.last_used_at \
         FROM member_identities i JOIN identity_providers p ON p.id = i.provider_id \
         JOIN organisations o ON o.id = p.organisation_id WHERE i.member_id = $1 ORDER BY i.created_at, i.id")
    .bind(member)
    .fetch_all(db.read(Scope::System))
    .await?
    .iter()
    .map(|row| {
        Ok(OwnIdentity {
            id: row.get("id")?,
            provider: row.get("provider_id")?,
            provider_name: row.get("provider")?,
            organisation_name: row.get("organisation")?,
            created_at: row.get("created_at")?,
            last_used_at: row.get("last_used_at")?,
        })
    })
    .collect()
}

/// Removes one of a member's; at which provider it was.
pub(super) async fn remove(tx: &mut Tx, member: MemberId, id: IdentityId) -> StoreResult<Option<IdentityProviderId>> {
    let query = sql("DELETE FROM member_identities WHERE id = $1 AND member_id = $2 RETURNING provider_id");
    query.bind(id).bind(member).fetch_optional(tx).await?.map(|row| row.get("provider_id")).transpose()
}

pub(super) async fn forget_of(tx: &mut Tx, member: MemberId) -> StoreResult<u64> {
    sql("DELETE FROM member_identities WHERE member_id = $1").bind(member).execute(tx).await
}

/// Forgets a member's at the providers of an organisation.
pub(super) async fn forget_here(tx: &mut OrganisationTx, member: MemberId) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("DELETE FROM member_identities WHERE member_id = $1 AND provider_id IN \
         (SELECT id FROM identity_providers WHERE organisation_id = $2)")
    .bind(member)
    .bind(organisation)
    .execute(tx.tx())
    .await
}

/// Forgets a member's at the providers of an organisation that they did not link themselves.
pub(super) async fn forget_linked_by_provider(tx: &mut OrganisationTx, member: MemberId) -> StoreResult<u64> {
    let organisation = tx.organisation();
    sql("DELETE FROM member_identities WHERE member_id = $1 AND linked_by <> $3 AND provider_id IN \
         (SELECT id FROM identity_providers WHERE organisation_id = $2)")
    .bind(member)
    .bind(organisation)
    .bind(LinkedBy::Member.name())
    .execute(tx.tx())
    .await
}

/// Forgets all that a provider has.
pub(super) async fn forget_at(tx: &mut Tx, provider: IdentityProviderId) -> StoreResult<u64> {
    sql("DELETE FROM member_identities WHERE provider_id = $1").bind(provider).execute(tx).await
}

/// How many members have an identity at each provider of an organisation.
pub(super) async fn counts(
    on: impl Executor,
    organisation: OrganisationId,
) -> StoreResult<Vec<(IdentityProviderId, u64)>> {
    sql("SELECT i.provider_id, COUNT(*) AS members FROM member_identities i \
         JOIN identity_providers p ON p.id = i.provider_id WHERE p.organisation_id = $1 GROUP BY i.provider_id")
    .bind(organisation)
    .fetch_all(on)
    .await?
    .iter()
    .map(|row| Ok((row.get("provider_id")?, row.get("members")?)))
    .collect()
}

/// Every identity: a few for each member.
pub(super) async fn all(tx: &mut Tx) -> StoreResult<Vec<Stored>> {
    sql("SELECT i.id, i.provider_id, p.organisation_id, i.subject, i.index_version FROM member_identities i \
         JOIN identity_providers p ON p.id = i.provider_id ORDER BY i.id")
    .fetch_all(tx)
    .await?
    .iter()
    .map(read_stored)
    .collect()
}

fn read_stored(row: &Row) -> StoreResult<Stored> {
    Ok(Stored {
        id: row.get("id")?,
        provider: row.get("provider_id")?,
        organisation: row.get("organisation_id")?,
        subject: row.get("subject")?,
        index_version: row.get("index_version")?,
    })
}

/// Puts what was sealed anew in the place of the bytes that it was made of.
pub(super) async fn set_subject(tx: &mut Tx, of: &Stored, subject: &[u8]) -> StoreResult<u64> {
    sql("UPDATE member_identities SET subject = $2 WHERE id = $1 AND subject = $3")
        .bind(of.id)
        .bind(subject)
        .bind(of.subject.as_slice())
        .execute(tx)
        .await
}

pub(super) async fn set_index(tx: &mut Tx, id: IdentityId, index: &Hashes<32>) -> StoreResult<u64> {
    sql("UPDATE member_identities SET subject_index = $2, index_version = $3 WHERE id = $1 AND index_version < $3")
        .bind(id)
        .bind(index.primary)
        .bind(index.version)
        .execute(tx)
        .await
}
