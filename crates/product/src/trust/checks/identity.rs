//! PF-1: in production a browser cannot speak for a user without the customer's signature.

use store::{Scope, sql};

use crate::App;
use crate::trust::check::{Seen, Unseen};

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let rows = sql("SELECT name, min(identity_required) AS required FROM environments GROUP BY name ORDER BY name");
    let (mut trying, mut all_required) = (false, true);
    for row in rows.fetch_all(app.main.read(Scope::System)).await? {
        let (name, required): (String, bool) = (row.get("name")?, row.get("required")?);
        if name == "production" {
            seen.demand(
                required,
                "In production a browser names a user only with a signed identity token.",
                "In production a browser may name any user, without a signature.",
            );
        } else {
            (trying, all_required) = (true, all_required && required);
        }
    }
    // One sentence for all of them: how many there are is nobody's business.
    match (trying, all_required) {
        (true, true) => seen.shows("Environments for trying out require signed identity too."),
        (true, false) => {
            seen.shows("In environments for trying out a browser may name anybody; their data are apart.");
        }
        (false, _) => {}
    }
    Ok(seen)
}
