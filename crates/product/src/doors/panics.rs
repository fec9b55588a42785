//! What is said of a panic: where it was, never what it said. A panic's text may quote whatever was being handled.

use std::panic::PanicHookInfo;
use std::sync::Once;

static ONCE: Once = Once::new();

/// Logs panics of this process by their place only, from now on.
pub(super) fn hide_payloads() {
    ONCE.call_once(|| std::panic::set_hook(Box::new(report)));
}

fn report(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    tracing::error!(place, "a panic");
}

#[cfg(test)]
mod tests {
    use crate::testing::Logs;

    #[test]
    fn a_panic_is_logged_by_its_place_only() {
        let logs = Logs::default();
        let _listening = logs.listen();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(super::report));
        let _ = std::panic::catch_unwind(|| panic!("{}", "hunter2"));
        std::panic::set_hook(before);
        let text = logs.text();
        assert!(text.contains("doors/panics.rs:") && !text.contains("hunter2"), "{text}");
    }
}
