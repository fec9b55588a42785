//! Signed identity: a browser's key is public, so a browser that says who its user is shows a token of the customer's
//! server for it, wherever the environment asks for one.
//!
//! A token is a JWT, HS256 under the environment's identity secret (the secret's text as bytes); `sub` is the user's id,
//! `exp` lies at most 24 hours ahead, and `company_id` is the company that the user may speak for, or a list of them: only
//! for these a browser says who acts for a company and what is known of it, and an anonymous visitor for none. Another
//! algorithm is refused whatever the token says of itself. Servers' keys are secret and need no token.

pub(crate) mod api;
mod store;

use std::time::Duration;

use base::id::EnvironmentId;
use base::{Code, Problem, ProblemResult, Secret};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use keys::{ApiKeyKind, KeyKind, Owner};
use serde::Deserialize;

use crate::App;
use crate::authority::{SystemTx, TenantReader};
use crate::edge_keys::EdgeKey;
use crate::organisations::identity_context;
use crate::problem::store_failed;
use crate::sealed;

/// How far ahead a token may expire.
const LIFE: Duration = Duration::from_hours(24);
/// By how much clocks may differ.
const LEEWAY: Duration = Duration::from_mins(1);
/// The longest token that is looked at.
const MAX_LENGTH: usize = 4_096;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    #[serde(default)]
    company_id: CompanyIds,
}

/// One id or a list; customers that count their companies write numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum CompanyIds {
    One(CompanyId),
    Many(Vec<CompanyId>),
    None(()),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CompanyId {
    Text(String),
    Number(u64),
}

impl Default for CompanyIds {
    fn default() -> Self {
        Self::None(())
    }
}

impl CompanyIds {
    fn into_texts(self) -> Vec<String> {
        let text = |id| match id {
            CompanyId::Text(text) => text,
            CompanyId::Number(number) => number.to_string(),
        };
        match self {
            Self::One(id) => vec![text(id)],
            Self::Many(ids) => ids.into_iter().map(text).collect(),
            Self::None(()) => Vec::new(),
        }
    }
}

/// What a refused company is told.
pub(crate) const NOT_IN_TOKEN: &str = "in this environment a browser names a company only for an identified user, with an identity token whose \
     company_id is this company's id or a list with it";

/// Whom a request may speak for, beside its user.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// Everybody: it is a server's, or the environment asks for no token.
    Unbound,
    /// These companies.
    Bound(Vec<String>),
}

impl Admitted {
    /// Whether it may speak for a company.
    pub(crate) fn speaks_for(&self, company: &str) -> bool {
        match self {
            Self::Unbound => true,
            Self::Bound(companies) => companies.iter().any(|other| other == company),
        }
    }

    /// The same, as a problem.
    ///
    /// # Errors
    /// 403 `company_not_in_token`.
    pub(crate) fn check_company(&self, company: &str) -> ProblemResult<()> {
        if self.speaks_for(company) { Ok(()) } else { Err(Problem::new(Code::CompanyNotInToken).detail(NOT_IN_TOKEN)) }
    }
}

/// Whether requests with this key name users by tokens only.
pub(crate) fn is_asked(key: &EdgeKey) -> bool {
    key.kind == ApiKeyKind::Browser && key.identity_required
}

/// Lets a request name this user, if its key may: a server's may always, a browser's as the environment says. Without a
/// user a browser is let in as somebody anonymous.
///
/// # Errors
/// 401 `invalid_identity_token`.
pub(crate) async fn admit(
    app: &App,
    key: &EdgeKey,
    user_id: Option<&str>,
    token: Option<&str>,
) -> ProblemResult<Admitted> {
    if !is_asked(key) {
        return Ok(Admitted::Unbound);
    }
    let Some(user_id) = user_id else { return Ok(Admitted::Bound(Vec::new())) };
    match token {
        Some(token) => check(app, TenantReader::new(app, key), user_id, token).await.map(Admitted::Bound),
        None => Err(refused("this environment lets a browser name a user only with an identity token")),
    }
}

/// Checks a token of the reader's environment. The answer: the companies that it names.
///
/// # Errors
/// 401 `invalid_identity_token`.
async fn check(app: &App, reader: TenantReader<'_>, user_id: &str, token: &str) -> ProblemResult<Vec<String>> {
    if token.len() > MAX_LENGTH {
        return Err(refused("the token is too long"));
    }
    let secret = secret(app, reader).await?;
    let mut validation = Validation::new(Algorithm::HS256);
    // Times are checked below, by our clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(secret.expose());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .map_err(|_| refused("the token is not an hs256 token of this environment's identity secret"))?
        .claims;
    let now = app.clock.now();
    let seconds = |time: base::Timestamp| u64::try_from(time.seconds()).unwrap_or(0);
    if claims.sub != user_id {
        return Err(refused("the token is another user's"));
    }
    if claims.exp < seconds(now.minus(LEEWAY)) {
        return Err(refused("the token has expired"));
    }
    if claims.exp > seconds(now.plus(LIFE).plus(LEEWAY)) {
        return Err(refused("a token may be good for 24 hours at most"));
    }
    if claims.nbf.is_some_and(|nbf| nbf > seconds(now.plus(LEEWAY))) {
        return Err(refused("the token is not good yet"));
    }
    Ok(claims.company_id.into_texts())
}

fn refused(detail: &'static str) -> Problem {
    Problem::new(Code::InvalidIdentityToken).detail(detail)
}

/// Seals an environment's secret anew under the newest key.
pub(crate) async fn reseal(app: &App, environment: EnvironmentId) -> ProblemResult<()> {
    let mut tx = SystemTx::begin(app).await?;
    let sealed = store::sealed(&mut tx.0, environment).await.map_err(store_failed)?;
    let (owner, context) = (Owner::Environment(environment), identity_context(environment));
    let secret = sealed::open(app, KeyKind::Identity, owner, &context, &sealed)?;
    let anew = sealed::seal(app, KeyKind::Identity, owner, &context, secret.expose())?;
    store::set_sealed(&mut tx.0, environment, &sealed, &anew).await.map_err(store_failed)?;
    tx.commit().await
}

/// Whether an environment's secret is sealed under this version of its key: one or none.
pub(crate) async fn sealed_with(tx: &mut SystemTx, environment: EnvironmentId, version: u32) -> ProblemResult<u64> {
    let sealed = store::sealed(&mut tx.0, environment).await.map_err(store_failed)?;
    Ok(u64::from(sealed::version_of(&sealed) == Some(version)))
}

/// What an environment's identity tokens are signed with.
pub(crate) async fn secret(app: &App, reader: TenantReader<'_>) -> ProblemResult<Secret<Vec<u8>>> {
    let (environment, sealed) = (reader.environment(), store::secret(reader).await?);
    sealed::open(app, KeyKind::Identity, Owner::Environment(environment), &identity_context(environment), &sealed)
}
