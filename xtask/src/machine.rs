//! The machine that figures were measured on: without it they mean nothing.

use std::{fs, thread};

/// Prints processor, cores, memory and kernel.
pub(crate) fn print() {
    for (what, value) in ["processor", "cores", "memory", "kernel"].iter().zip(figures()) {
        println!("{what:<10} {value}");
    }
}

/// The same on one line.
pub(crate) fn line() -> String {
    let [processor, cores, memory, kernel] = figures();
    format!("{processor}, {cores} cores, {memory} of memory, Linux {kernel}")
}

fn figures() -> [String; 4] {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    [
        field(&read("/proc/cpuinfo"), "model name"),
        thread::available_parallelism().map_or(0, std::num::NonZero::get).to_string(),
        field(&read("/proc/meminfo"), "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim().to_owned(),
    ]
}

/// The first value under a name in one of the kernel's tables.
fn field(table: &str, name: &str) -> String {
    let value = table.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    value.unwrap_or("unknown").trim().to_owned()
}
