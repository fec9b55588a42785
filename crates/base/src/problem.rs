//! Errors as clients see them: RFC 9457 problem documents with a stable `code` from the one table below.

use axum_core::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// Declares [`Code`]: variant, status, title. The wire name is the variant in snake case, given here in full so that it
/// can be searched for.
macro_rules! codes {
    ($($variant:ident $name:literal $status:ident $title:literal;)+) => {
        /// Every error code that a client can meet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $title] $variant,)+ }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name on the wire.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)+ } }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode { match self { $(Self::$variant => StatusCode::$status,)+ } }

            /// What it means, the same for every occurrence.
            pub const fn title(self) -> &'static str { match self { $(Self::$variant => $title,)+ } }
        }
    };
}

codes! {
    InvalidRequest "invalid_request" BAD_REQUEST "the request is not well formed";
    InvalidJson "invalid_json" BAD_REQUEST "the body is not the JSON that this operation takes";
    Unauthenticated "unauthenticated" UNAUTHORIZED "a valid key or session is needed";
    InvalidCredentials "invalid_credentials" UNAUTHORIZED "the e-mail address or the password is wrong";
    InvalidIdentityToken "invalid_identity_token" UNAUTHORIZED "the identity token is missing, expired or not signed by this environment's key";
    CompanyNotInToken "company_not_in_token" FORBIDDEN "a browser speaks for a company only with an identity token that names it";
    Forbidden "forbidden" FORBIDDEN "the key or session is known, but may not do this";
    CrossSite "cross_site" FORBIDDEN "the request comes from another site";
    MfaRequired "mfa_required" FORBIDDEN "a second factor must be proven first";
    MfaEnrolmentRequired "mfa_enrolment_required" FORBIDDEN "the organisation requires a second factor that this member has not set up";
    StepUpRequired "step_up_required" FORBIDDEN "the last proof of who this is, is too old for this";
    InvalidProof "invalid_proof" FORBIDDEN "the proof is wrong, used or out of date";
    IdentityProviderRequired "identity_provider_required" FORBIDDEN "the organisation's members sign in over its identity provider";
    IdentityProviderRefused "identity_provider_refused" FORBIDDEN "the identity provider did not sign this person in";
    IdentityNotAccepted "identity_not_accepted" UNAUTHORIZED "what the identity provider says cannot be accepted";
    IdentityNotLinked "identity_not_linked" FORBIDDEN "this identity signs nobody in here";
    IdentityProviderUnavailable "identity_provider_unavailable" BAD_GATEWAY "the identity provider does not answer as it should";
    NotFound "not_found" NOT_FOUND "there is nothing here";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "this path does not take this method";
    RequestTimeout "request_timeout" REQUEST_TIMEOUT "the request did not arrive in time";
    Conflict "conflict" CONFLICT "the thing has changed or is in a state that does not allow this";
    LastOwner "last_owner" CONFLICT "an organisation keeps at least one owner";
    MailUnavailable "mail_unavailable" CONFLICT "no mail server is configured";
    AlreadySetUp "already_set_up" CONFLICT "this installation has an owner already";
    SetupLinkInvalid "setup_link_invalid" FORBIDDEN "the set-up link is wrong, used or out of date";
    LinkInvalid "link_invalid" FORBIDDEN "the link is wrong, used or out of date";
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE "the body is larger than this operation takes";
    MessageTooLarge "message_too_large" PAYLOAD_TOO_LARGE "a message is larger than 32 KB";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "the body has a type or encoding that this operation does not take";
    MisdirectedRequest "misdirected_request" MISDIRECTED_REQUEST "this door answers under another host name";
    InvalidValue "invalid_value" UNPROCESSABLE_ENTITY "a value is not acceptable";
    InvalidMessage "invalid_message" UNPROCESSABLE_ENTITY "a message is not acceptable";
    PersonalEventName "personal_event_name" UNPROCESSABLE_ENTITY "an event name looks like personal data";
    PersonalPropertyName "personal_property_name" UNPROCESSABLE_ENTITY "a property's or attribute's name looks like personal data";
    TooManyNames "too_many_names" UNPROCESSABLE_ENTITY "the environment has as many different names as it may have";
    IdentityConflict "identity_conflict" UNPROCESSABLE_ENTITY "two identified people are never merged";
    NotPublishable "not_publishable" UNPROCESSABLE_ENTITY "the draft has problems that must be mended first";
    QueryTooLarge "query_too_large" UNPROCESSABLE_ENTITY "the question would take too long or give too much: ask about less";
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS "too many requests";
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE "the headers are larger than this door takes";
    Internal "internal" INTERNAL_SERVER_ERROR "something went wrong on our side";
    StorageUnavailable "storage_unavailable" SERVICE_UNAVAILABLE "nothing can be stored right now";
    StorageContended "storage_contended" SERVICE_UNAVAILABLE "others are changing the same things right now";
}

/// What is wrong with one field: a JSON pointer to it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// RFC 6901 pointer into the body that was sent.
    pub pointer: String,
    /// What is wrong there and what is accepted.
    pub detail: String,
}

/// A problem as it is written: RFC 9457, with a stable code and the fields that are wrong.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Always `about:blank`: `code` says more.
    r#type: &'static str,
    /// What the code means, the same for every occurrence.
    title: &'static str,
    status: u16,
    /// Stable; `docs/generated/error-codes.md` lists all.
    code: &'static str,
    /// What was wrong here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<&'a str>,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
    /// Of what asks for a proof: how it may be given.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    next: &'a [&'static str],
    /// Names this request to support.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<&'a str>,
}

/// An error for the client. Never holds a personal value, a secret or a source error's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code; it decides status and title.
    pub code: Code,
    /// What was wrong here, lower case, no final stop.
    pub detail: Option<String>,
    /// What is wrong with which field.
    pub errors: Vec<FieldProblem>,
    /// Of what asks for a proof: how it may be given.
    pub next: Vec<&'static str>,
    /// Seconds after which a try may succeed, for 429 and 503.
    pub retry_after: Option<u64>,
}

/// The result of what can fail with a [`Problem`].
pub type ProblemResult<T> = Result<T, Problem>;

impl Problem {
    /// A problem with nothing to add to its title.
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), next: Vec::new(), retry_after: None }
    }

    /// Says what was wrong here.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says what is wrong with a field.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldProblem { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Says how the proof that is asked for may be given.
    #[must_use]
    pub fn next(mut self, next: Vec<&'static str>) -> Self {
        self.next = next;
        self
    }

    /// Says after how many seconds a try may succeed.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The document, RFC 9457, with the request's id if there is one.
    pub fn document(&self, request_id: Option<&str>) -> serde_json::Value {
        serde_json::json!(ProblemDocument {
            r#type: "about:blank",
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.name(),
            detail: self.detail.as_deref(),
            errors: &self.errors,
            next: &self.next,
            request_id,
        })
    }

    /// The response, with the request's id if there is one. The problem itself rides along as an extension, so that
    /// the outermost layer can add the id.
    pub fn response(self, request_id: Option<&str>) -> Response {
        let body = self.document(request_id).to_string();
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.response(None)
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_code_status_and_what_to_do() {
        let problem = Problem::new(Code::InvalidValue).field("/email", "give an e-mail address");
        assert_eq!(
            problem.document(Some("req_1")),
            serde_json::json!({
                "type": "about:blank", "title": "a value is not acceptable", "status": 422, "code": "invalid_value",
                "errors": [{"pointer": "/email", "detail": "give an e-mail address"}], "request_id": "req_1",
            })
        );
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
