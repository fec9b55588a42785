//! `POST /session`: Harbour's sign-in, and the identity token that goes with it.
//!
//! Harbour stores nobody. Who is new gets an id that is made from the e-mail address with Harbour's secret: the same
//! address is the same person whenever it comes back, and the id tells nothing of the address.

use std::sync::Arc;
use std::time::Duration;

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::HeaderMap;
use base::{Code, Problem, ProblemResult, Timestamp};
use data_encoding::BASE32_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Customer;
use crate::extract::Json;
use crate::problem::internal;

const USERS: &str = include_str!("../../../../../web/harbour/content/users.json");
/// How long a token is good for.
const LIFE: Duration = Duration::from_hours(1);
/// The longest name or address that is taken.
const LONGEST: usize = 100;

/// Somebody who uses Harbour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct User {
    id: String,
    name: String,
    email: String,
    plan: String,
    role: String,
    company: Company,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Company {
    id: String,
    name: String,
    plan: String,
    size: u32,
}

/// The users whom the demo offers.
pub(super) struct Users {
    known: Vec<User>,
    as_json: Value,
}

impl Users {
    pub(super) fn read() -> ProblemResult<Self> {
        let known: Vec<User> = serde_json::from_str(USERS).map_err(internal)?;
        let as_json = serde_json::to_value(&known).map_err(internal)?;
        Ok(Self { known, as_json })
    }

    /// As the page is told of them.
    pub(super) fn demo(&self) -> &Value {
        &self.as_json
    }
}

/// Who signs in: one of the demo's users, or `new` with the rest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    user: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    company: String,
}

#[derive(Serialize)]
pub(super) struct Session {
    user: User,
    token: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    company_id: &'a str,
    iat: i64,
    exp: i64,
}

pub(super) async fn sign_in(
    State(customer): State<Arc<Customer>>,
    headers: HeaderMap,
    Json(given): Json<SignIn>,
) -> ProblemResult<JsonAnswer<Session>> {
    refuse_other_sites(&customer, &headers)?;
    let user = match given.user.as_str() {
        "new" => customer.newcomer(&given)?,
        id => customer.users.known.iter().find(|user| user.id == id).cloned().ok_or(Problem::new(Code::NotFound))?,
    };
    let token = customer.token(&user, customer.clock.now())?;
    Ok(JsonAnswer(Session { user, token }))
}

/// Another site's page may not sign anybody in.
fn refuse_other_sites(customer: &Customer, headers: &HeaderMap) -> ProblemResult<()> {
    let says =
        |name: &str, expected: &str| headers.get(name).is_none_or(|value| value.as_bytes() == expected.as_bytes());
    if says("origin", &customer.url) && says("sec-fetch-site", "same-origin") {
        return Ok(());
    }
    Err(Problem::new(Code::CrossSite).detail("only harbour's own pages may do this"))
}

impl Customer {
    /// Somebody who was not here before, or comes back.
    fn newcomer(&self, given: &SignIn) -> ProblemResult<User> {
        let (name, email, company) = (given.name.trim(), given.email.trim().to_lowercase(), given.company.trim());
        let mut problem = Problem::new(Code::InvalidValue);
        for (pointer, text) in [("/name", name), ("/email", &email), ("/company", company)] {
            if text.is_empty() || text.chars().count() > LONGEST {
                problem = problem.field(pointer, format!("give 1 to {LONGEST} characters"));
            }
        }
        if !email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()) {
            problem = problem.field("/email", "give an e-mail address");
        }
        if !problem.errors.is_empty() {
            return Err(problem);
        }
        if let Some(known) = self.users.known.iter().find(|user| user.email == email) {
            return Ok(known.clone());
        }
        let plan = "trial".to_owned();
        let company = Company {
            id: self.id("co", &company.to_lowercase()),
            name: company.to_owned(),
            plan: plan.clone(),
            size: 1,
        };
        Ok(User { id: self.id("usr", &email), name: name.to_owned(), email, plan, role: "owner".to_owned(), company })
    }

    /// An id that only Harbour can make, the same for the same text.
    fn id(&self, prefix: &str, text: &str) -> String {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, self.identity_secret.expose());
        let tag = aws_lc_rs::hmac::sign(&key, format!("harbour/{prefix}\0{text}").as_bytes());
        format!("{prefix}_{}", BASE32_NOPAD.encode(&tag.as_ref()[..10]).to_lowercase())
    }

    /// The identity token of a user, as Pilotfish's installation page tells to make it.
    fn token(&self, user: &User, now: Timestamp) -> ProblemResult<String> {
        let (sub, company_id) = (user.id.as_str(), user.company.id.as_str());
        let claims = Claims { sub, company_id, iat: now.seconds(), exp: now.plus(LIFE).seconds() };
        let key = EncodingKey::from_secret(self.identity_secret.expose());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(internal)
    }
}
