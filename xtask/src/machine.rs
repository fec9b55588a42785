//! The machine that figures were measured on: without it they mean nothing.

use std::{fs, thread};

/// Prints processor, cores, memory and kernel.
pub(crate) fn print() {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    println!("processor  {}", field(&read("/proc/cpuinfo"), "model name"));
    println!("cores      {}", thread::available_parallelism().map_or(0, std::num::NonZero::get));
    println!("memory     {}", field(&read("/proc/meminfo"), "MemTotal"));
    println!("kernel     {}", read("/proc/sys/kernel/osrelease").trim());
}

/// The first value under a name in one of the kernel's tables.
fn field(table: &str, name: &str) -> String {
    let value = table.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
    value.unwrap_or("unknown").trim().to_owned()
}
