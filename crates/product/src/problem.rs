//! From what went wrong inside to what the client is told.

use base::{Code, Problem};
use keys::ProviderError;
use store::StoreError;

/// Logs an error with its chain of causes and tells the client nothing of it.
pub(crate) fn internal(error: impl std::error::Error) -> Problem {
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = causes, "a request failed");
    Problem::new(Code::Internal)
}

/// As [`internal`], but a key provider behind a network that gives no answer, or refuses, is 503 and says why: for work that
/// operators ask for.
pub(crate) fn provider_failed(error: ProviderError) -> Problem {
    let ProviderError::Unavailable { .. } = &error else { return internal(error) };
    tracing::error!(%error, "a request failed");
    Problem::new(Code::StorageUnavailable).detail(error.to_string())
}

/// As [`internal`], but a store that cannot be reached, or broke the work off since others were changing the same, is 503:
/// the same request may succeed later.
pub(crate) fn store_failed(error: StoreError) -> Problem {
    match error {
        StoreError::Contended => Problem::new(Code::StorageContended).retry_after(1),
        StoreError::Unavailable(_) => {
            tracing::error!(%error, "a request failed");
            Problem::new(Code::StorageUnavailable).retry_after(1)
        }
        _ => internal(error),
    }
}
