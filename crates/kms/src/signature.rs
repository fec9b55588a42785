//! AWS's Signature Version 4, of the one form of request that KMS takes: `POST /`, without a query.
//!
//! What is signed holds the session token, if there is one, and the hash of the body, never the body itself.

use aws_lc_rs::{digest, hmac};
use base::{Secret, Timestamp};
use data_encoding::HEXLOWER;

use crate::client::Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Where a signature is good.
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// A moment as AWS writes it: `20261001T000000Z`.
pub(crate) fn written(at: Timestamp) -> String {
    Timestamp::from_seconds(at.seconds()).to_string().replace(['-', ':'], "")
}

/// The value of the header `authorization`. All headers given are signed: their names in lower case and in order, `host` and
/// `x-amz-date` among them, the latter as [`written`] at `at`.
pub(crate) fn authorization(
    credentials: &Credentials,
    scope: &Scope<'_>,
    at: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    // It does not grow, which would leave copies of the session token behind.
    let long: usize = headers.iter().map(|(name, value)| 2 * name.len() + value.len() + 4).sum();
    let mut request = String::with_capacity(long + 128);
    request.push_str("POST\n/\n\n");
    for (name, value) in headers {
        request.extend([*name, ":", *value, "\n"]);
    }
    request.extend(["\n", &names, "\n", &hash(body)]);
    let request = Secret::new(request);

    let day = at.split('T').next().unwrap_or_default();
    let parts = [day, scope.region, scope.service, "aws4_request"];
    let scope = parts.join("/");
    let text = format!("{ALGORITHM}\n{at}\n{scope}\n{}", hash(request.expose().as_bytes()));
    let first = Secret::new(format!("AWS4{}", credentials.secret_access_key.expose()).into_bytes());
    let key = parts.iter().fold(first, |key, part| Secret::new(mac(key.expose(), part.as_bytes())));
    let signature = HEXLOWER.encode(&mac(key.expose(), text.as_bytes()));
    let id = &credentials.access_key_id;
    format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "20150830T123600Z";
    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    /// AWS's test suite of the algorithm: `post-vanilla`, `post-x-www-form-urlencoded`, `post-sts-header-before`.
    #[test]
    fn requests_of_the_published_test_suite_are_signed_as_it_says() {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: None,
        };
        let scope = Scope { region: "us-east-1", service: "service" };
        let (host, date) = (("host", "example.amazonaws.com"), ("x-amz-date", AT));
        let form = ("content-type", "application/x-www-form-urlencoded");
        let cases: [(&[_], &[u8], &str, &str); 3] = [
            (&[host, date], b"", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                &[form, host, date],
                b"Param1=value1",
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                &[host, date, ("x-amz-security-token", TOKEN)],
                b"",
                "host;x-amz-date;x-amz-security-token",
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
        ];
        for (headers, body, names, signature) in cases {
            assert_eq!(
                authorization(&credentials, &scope, AT, headers, body),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                     SignedHeaders={names}, Signature={signature}"
                )
            );
        }
    }

    #[test]
    fn a_moment_is_written_without_parts_of_a_second() {
        assert_eq!(written("2015-08-30T12:36:00.987654Z".parse().unwrap()), AT);
    }
}
