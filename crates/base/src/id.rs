//! Identifiers: a UUID in storage, a prefixed and sortable text on the wire (`srv_01h455vb4pex5vsknk084sn02q`).
//!
//! The text form is that of TypeID 0.3: prefix, `_`, and the 128 bits in Crockford's base 32, lower case, 26 characters.
//! Ids are UUID version 7 made from the injected clock and rng, except a person's and a company's, which are random
//! (version 4), so that an id tells nothing about when somebody was first seen.

use crate::{Clock, Rng};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form {prefix}_ followed by 26 letters and digits")]
pub struct IdError {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

/// A time-ordered UUID (version 7) at the clock's time.
pub fn uuid_v7(clock: &dyn Clock, rng: &dyn Rng) -> Uuid {
    let mut random = [0; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(clock.now().millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A random UUID (version 4).
pub fn uuid_v4(rng: &dyn Rng) -> Uuid {
    let mut random = [0; 16];
    rng.fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid()
}

/// The 26 characters of a UUID in Crockford's base 32.
pub fn encode(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..26).rev().map(|digit| char::from(ALPHABET[(bits >> (digit * 5)) as usize & 31])).collect()
}

/// The UUID of 26 characters in Crockford's base 32, lower case only; `None` for anything else.
pub fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    if bytes.len() != 26 || bytes[0] > b'7' {
        return None;
    }
    let mut bits = 0_u128;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        bits = bits << 5 | digit as u128;
    }
    Some(Uuid::from_u128(bits))
}

/// Declares an id type: `ids!(SurveyId "srv" v7)`.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal $version:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What the wire form starts with.
            pub const PREFIX: &'static str = $prefix;
            ids!(@new $version);

            /// The 16 bytes that storage and authenticated data use.
            pub fn bytes(self) -> [u8; 16] { *self.0.as_bytes() }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self}")
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
    (@new v7) => {
        /// A new id, ordered by the clock's time.
        pub fn new(clock: &dyn Clock, rng: &dyn Rng) -> Self { Self(uuid_v7(clock, rng)) }
    };
    (@new v4) => {
        /// A new random id.
        pub fn random(rng: &dyn Rng) -> Self { Self(uuid_v4(rng)) }
    };
}

ids! {
    /// An organisation: the customer's account, the outermost tenant.
    OrganisationId "org" v7;
    /// An app of an organisation.
    AppId "app" v7;
    /// An environment of an app: the tenant of everything that end users produce.
    EnvironmentId "env" v7;
    /// Somebody who works here.
    MemberId "mem" v7;
    /// A member's signed-in browser.
    SessionId "ses" v7;
    /// An invitation to work in an organisation.
    InvitationId "inv" v7;
    /// A member's passkey or security key.
    PasskeyId "psk" v7;
    /// A browser from which a member has signed in.
    DeviceId "dev" v7;
    /// An attempt to sign in.
    SignInId "sgn" v7;
    /// An identity provider over which an organisation's members sign in.
    IdentityProviderId "idp" v7;
    /// A member's identity at an identity provider.
    IdentityId "idn" v7;
    /// A key of the api door.
    ApiKeyId "key" v7;
    /// An end user. Random, never derived.
    PersonId "per" v4;
    /// A customer's company. Random, never derived.
    CompanyId "cmp" v4;
    /// What lets an edge hold keys of its own.
    EdgeGrantId "egr" v7;
    /// A background job.
    JobId "job" v7;
    /// A survey.
    SurveyId "srv" v7;
    /// A flow.
    FlowId "flw" v7;
    /// A saved audience.
    SegmentId "seg" v7;
    /// A saved question.
    ReportId "rep" v7;
    /// An event as readers see it.
    EventId "evt" v7;
    /// An entry of the audit log.
    AuditRecordId "aud" v7;
    /// Something that a check or a detector found.
    FindingId "fnd" v7;
    /// One request, for support.
    RequestId "req" v7;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrozenClock, SeededRng};
    use proptest::prelude::*;

    #[test]
    fn the_text_form_is_the_typeid_one() {
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(encode(uuid), "01h455vb4pex5vsknk084sn02q");
    }

    #[test]
    fn another_kind_of_id_is_refused() {
        let id = OrganisationId::new(&FrozenClock::default(), &SeededRng::new(1));
        assert_eq!(id.to_string().parse::<AppId>(), Err(IdError { prefix: "app" }));
    }

    #[test]
    fn ids_of_later_times_sort_later() {
        let (clock, rng) = (FrozenClock::default(), SeededRng::new(1));
        let first = JobId::new(&clock, &rng);
        clock.advance(std::time::Duration::from_millis(1));
        assert!(first.to_string() < JobId::new(&clock, &rng).to_string());
    }

    proptest! {
        #[test]
        fn every_uuid_survives_the_text_form(bits: u128) {
            let id = SurveyId(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<SurveyId>().unwrap(), id);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<SurveyId>();
        }
    }
}
