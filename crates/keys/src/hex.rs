//! Lower-case hexadecimal.

use data_encoding::HEXLOWER;

/// Bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Text as bytes; `None` if it is not lower-case hexadecimal.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    HEXLOWER.decode(text.as_bytes()).ok()
}

/// For `#[serde(with = …)]` on byte vectors.
pub(crate) mod serde {
    use ::serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        super::decode(&text).ok_or_else(|| D::Error::custom("expected lower-case hexadecimal"))
    }
}
