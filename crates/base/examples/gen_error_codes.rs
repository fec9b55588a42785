//! Prints `docs/generated/error-codes.md`, for `cargo xtask gen`.
#![allow(clippy::print_stdout, reason = "this prints a file")]

use base::Code;

fn main() {
    println!("# Error codes\n");
    println!(
        "Written by `cargo xtask gen` from `crates/base/src/problem.rs`. Every error is a problem document (RFC 9457,"
    );
    println!("`application/problem+json`) whose `code` is one of these; a code never changes its meaning.\n");
    println!("| code | status | meaning |\n|---|---|---|");
    for code in Code::ALL {
        println!("| `{}` | {} | {} |", code.name(), code.status().as_u16(), code.title());
    }
}
