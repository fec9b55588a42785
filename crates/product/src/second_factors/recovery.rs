//! Recovery codes: ten at a time, 80 random bits each, shown once, good once. New ones end the old.

use base::id::MemberId;
use base::{ProblemResult, Secret};
use keys::hash;

use super::store;
use crate::App;
use crate::authority::SystemTx;
use crate::problem::store_failed;

const HOW_MANY: usize = 10;
const LEN: usize = 10;
/// Characters between two dashes.
const GROUP: usize = 4;

/// Gives a member new codes in the place of all that they had.
pub(super) async fn renew(app: &App, tx: &mut SystemTx, member: MemberId) -> ProblemResult<Vec<Secret<String>>> {
    let codes: Vec<Secret<String>> = (0..HOW_MANY).map(|_| make(app)).collect();
    store::remove_codes(&mut tx.0, member).await.map_err(store_failed)?;
    for code in &codes {
        store::add_code(&mut tx.0, member, &hash_of(member, code), app.clock.now()).await.map_err(store_failed)?;
    }
    Ok(codes)
}

/// Whether this is a code of the member's, which is used up now.
pub(crate) async fn take(tx: &mut SystemTx, member: MemberId, code: &Secret<String>) -> ProblemResult<bool> {
    Ok(store::take_code(&mut tx.0, member, &hash_of(member, code)).await.map_err(store_failed)? == 1)
}

fn make(app: &App) -> Secret<String> {
    let text = data_encoding::BASE32_NOPAD.encode(&app.rng.bytes::<LEN>()).to_lowercase();
    let groups: Vec<String> =
        text.as_bytes().chunks(GROUP).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    Secret::new(groups.join("-"))
}

/// However it was typed: in capitals, with other dashes or none.
fn hash_of(member: MemberId, code: &Secret<String>) -> [u8; 32] {
    let typed: String = code.expose().chars().filter(char::is_ascii_alphanumeric).collect();
    hash::recovery_code_hash(&member.bytes(), &typed.to_ascii_lowercase())
}
