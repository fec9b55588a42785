//! Prints `docs/generated/database-grants.md`.
#![allow(clippy::print_stdout, reason = "this is what it is for")]

fn main() {
    print!("{}", store::grants::as_markdown());
}
