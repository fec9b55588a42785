//! What a member signs in with first: the password, as an Argon2id hash with a keyed pepper.

use ::store::{Scope, Tx};
use base::id::{MemberId, SessionId};
use base::{Code, Personal, Problem, ProblemResult, Secret};
use keys::{KeyKind, Owner};

use super::{About, Place, check_new, email_index, forget_links, lock, new_password, open, password, store};
use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};
use crate::{second_factors, sessions};

/// What signing in needs to know.
pub(crate) struct Account {
    pub(crate) id: MemberId,
    /// Empty of whom has none.
    pub(crate) password: String,
    pub(crate) pepper_version: u32,
}

impl Account {
    pub(crate) fn has_password(&self) -> bool {
        !self.password.is_empty()
    }
}

/// A password that was checked and hashed.
pub(crate) struct PreparedPassword {
    pub(super) hash: String,
    pub(super) pepper_version: u32,
    /// Whether it is long enough to be all that its member signs in with.
    pub(super) does_alone: bool,
}

/// Checks a member's new password and hashes it. No transaction may be open.
///
/// # Errors
/// 422 if it is too weak; 429 if too many hash at this moment.
pub(crate) async fn prepare_password(
    app: &App,
    id: MemberId,
    password: &Secret<String>,
) -> ProblemResult<PreparedPassword> {
    let mut tx = SystemTx::begin(app).await?;
    let row = store::sealed(&mut tx.0, id).await.map_err(store_failed)?.ok_or_else(|| Problem::new(Code::NotFound))?;
    drop(tx);
    let member = open(app, &row)?;
    let mut about = About::new(&member.email, &member.name);
    if second_factors::has_factor(app.main.read(Scope::System), id).await? {
        about = about.beside_a_factor();
    }
    for (_, name, _) in store::organisations(&app.main, id).await.map_err(store_failed)? {
        about = about.of_organisation(&name);
    }
    check_new(password, &about)?;
    hashed(app, password).await
}

pub(super) async fn hashed(app: &App, password: &Secret<String>) -> ProblemResult<PreparedPassword> {
    let (pepper_version, hash) = app.passwords.hash(app, app.passwords.queue()?, password).await?;
    Ok(PreparedPassword { hash, pepper_version, does_alone: new_password::does_alone(password) })
}

/// Gives a member a new password; all their sessions end, but for one, and what was mailed under the old one.
///
/// # Errors
/// 422 if it is too short without the second factor that they had when it was checked.
pub(crate) async fn set_password(
    app: &App,
    tx: &mut SystemTx,
    id: MemberId,
    new: PreparedPassword,
    but: Option<SessionId>,
) -> ProblemResult<()> {
    lock(app, &mut tx.0, id).await?;
    if !new.does_alone && !second_factors::has_factor(&mut tx.0, id).await? {
        return Err(new_password::too_short_alone());
    }
    store::set_password(&mut tx.0, id, &new, app.clock.now()).await.map_err(store_failed)?;
    forget_links(&mut tx.0, id).await?;
    sessions::end_all(app, &mut tx.0, id, but).await
}

/// Whether a member's password still is the one with this hash, which was found right before the transaction was opened. It
/// stays so until the transaction ends.
pub(crate) async fn holds_password(app: &App, tx: &mut Tx, id: MemberId, verified: &str) -> ProblemResult<bool> {
    store::holds_password(tx, app.main.engine(), id, verified).await.map_err(store_failed)
}

/// The account of an address.
pub(crate) async fn account(app: &App, email: &Personal<String>) -> ProblemResult<Option<Account>> {
    store::account(app.main.read(Scope::System), &email_index(app, email)?.all).await.map_err(store_failed)
}

/// The same for who has a transaction open: nobody waits for a second connection with one in hand.
pub(crate) async fn account_in(
    app: &App,
    tx: &mut SystemTx,
    email: &Personal<String>,
) -> ProblemResult<Option<Account>> {
    store::account(&mut tx.0, &email_index(app, email)?.all).await.map_err(store_failed)
}

/// Whether this is a member's password.
pub(crate) async fn is_password(
    app: &App,
    place: Place,
    id: MemberId,
    password: &Secret<String>,
) -> ProblemResult<bool> {
    let account = store::account_of(&app.main, id).await.map_err(store_failed)?;
    let account = account.filter(Account::has_password).ok_or_else(|| Problem::new(Code::NotFound))?;
    app.passwords.verify(app, place, password, &account.password, account.pepper_version).await
}

/// Hashes a password that was just found right anew, if its pepper has turned or it was hashed with other parameters than
/// today's; the hash that stands then. If too many hash at this moment, the next signing in does it.
pub(crate) async fn upgrade_password(app: &App, account: &Account, password: &Secret<String>) -> ProblemResult<String> {
    let (newest, _) = app.keys.primary(KeyKind::Pepper, Owner::Installation).map_err(internal)?;
    if account.pepper_version >= newest && password::is_current(&account.password) {
        return Ok(account.password.clone());
    }
    let Ok(place) = app.passwords.queue() else { return Ok(account.password.clone()) };
    let (version, hash) = app.passwords.hash(app, place, password).await?;
    let mut tx = SystemTx::begin(app).await?;
    let written = store::upgrade_password(&mut tx.0, account, &hash, version).await.map_err(store_failed)? > 0;
    tx.commit().await?;
    Ok(if written { hash } else { account.password.clone() })
}
