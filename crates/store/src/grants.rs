//! What each role may do in the databases, as the migrations grant it: read from their text, so that the document and the
//! tests say what an installation gets.
//!
//! A grant is one line, `GRANT verbs ON table TO roles;`, in a migration for PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::migrate::postgres_texts;

/// The roles that processes connect with, without what their names have in common.
pub const ROLES: [&str; 4] = ["edge", "api", "dashboard", "worker"];
/// How their names in PostgreSQL begin.
pub const PREFIX: &str = "pilotfish_";

/// Of each table and role what is granted: a verb, with its columns in parentheses where it is not the whole table.
pub type Grants = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The tables and grants of a database, `main` or `keyring`. A table that is granted to nobody is the owner's alone.
pub fn declared(database: &str) -> Grants {
    let mut grants = Grants::new();
    for text in postgres_texts(database) {
        for line in text.lines() {
            if let Some(table) = line.strip_prefix("CREATE TABLE ").and_then(|rest| rest.split([' ', '(']).next()) {
                grants.entry(table.to_owned()).or_default();
            } else if let Some((from, to)) =
                line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.strip_suffix(';')?.split_once(" RENAME TO "))
            {
                let renamed = grants.remove(from).unwrap_or_default();
                grants.insert(to.to_owned(), renamed);
            } else if let Some(rest) = line.strip_prefix("GRANT ") {
                add(&mut grants, rest);
            }
        }
    }
    grants
}

/// Adds what follows the word GRANT.
fn add(grants: &mut Grants, rest: &str) {
    let Some((verbs, rest)) = rest.trim_end_matches(';').split_once(" ON ") else { return };
    let Some((table, roles)) = rest.split_once(" TO ") else { return };
    let verbs: Vec<String> = match verbs.split_once(" (") {
        Some(_) => vec![verbs.to_owned()],
        None => verbs.split(", ").map(str::to_owned).collect(),
    };
    for role in roles.split(", ").filter_map(|role| role.strip_prefix(PREFIX)) {
        let of = grants.entry(table.to_owned()).or_default().entry(role.to_owned()).or_default();
        of.extend(verbs.iter().cloned());
    }
}

/// The document.
pub fn as_markdown() -> String {
    let mut text = "# Database grants\n\nWhat each process's role may do in the two databases of an installation over \
                    PostgreSQL: all that the migrations grant. Made by `cargo xtask gen`. How the roles are set up is in \
                    [roles.md](../roles.md). Columns are named where a role has not the whole table.\n"
        .to_owned();
    for (database, title) in [("main", "Main store"), ("keyring", "Keyring")] {
        let _ = write!(text, "\n## {title}\n\n| table |");
        for role in ROLES {
            let _ = write!(text, " `{PREFIX}{role}` |");
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(ROLES.len()));
        for (table, of) in declared(database) {
            let _ = write!(text, "| `{table}` |");
            for role in ROLES {
                let verbs = of.get(role).map(|verbs| verbs.iter().map(|verb| verb.to_lowercase()).collect::<Vec<_>>());
                let _ = write!(text, " {} |", verbs.map_or_else(|| "–".to_owned(), |verbs| verbs.join(", ")));
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_granted_to_somebody() {
        // What a release adds is somebody's business, or it is named here.
        let of_owner_alone: [&str; 0] = [];
        for database in ["main", "keyring"] {
            for (table, of) in declared(database) {
                let granted = !of.is_empty() || of_owner_alone.contains(&table.as_str());
                assert!(granted, "{database}: no migration grants anything on {table} to any role (docs/roles.md)");
            }
        }
    }

    #[test]
    fn the_edge_is_kept_from_members_and_records_and_makes_no_key() {
        let (main, keyring) = (declared("main"), declared("keyring"));
        for table in [
            "members",
            "memberships",
            "invitations",
            "sessions",
            "sign_in_attempts",
            "sign_ins",
            "spikes",
            "letter_counts",
            "devices",
            "passkeys",
            "answered_challenges",
            "email_changes",
            "totp_factors",
            "recovery_codes",
            "password_resets",
            "identity_providers",
            "member_identities",
            "former_members",
            "answered_states",
            "audit_records",
            "findings",
            "jobs",
            "trust_results",
        ] {
            assert!(!main[table].contains_key("edge"), "{table}");
        }
        for table in [
            "members",
            "memberships",
            "invitations",
            "sessions",
            "sign_in_attempts",
            "sign_ins",
            "passkeys",
            "identity_providers",
            "member_identities",
            "former_members",
            "answered_states",
        ] {
            assert!(!main[table].contains_key("api"), "{table}");
        }
        for role in ["edge", "dashboard", "worker"] {
            assert!(main["api_keys"][role].iter().all(|verb| verb.starts_with("SELECT")), "{role}");
        }
        let of_subjects = &keyring["subjects"]["edge"];
        assert!(of_subjects.iter().all(|verb| !verb.contains("sealed_private_key")), "{of_subjects:?}");
        assert!(!of_subjects.contains("SELECT") && !of_subjects.contains("UPDATE"), "{of_subjects:?}");
    }
}
