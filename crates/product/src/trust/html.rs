//! The page as HTML: no script, one style sheet, made for reading and for paper. The shell around it, with its style, is the
//! dashboard's (`web/dashboard/trust.html`).

use base::Timestamp;
use maud::{Markup, html};

use super::page::{CheckWire, PromiseWire, State, TestWire, TrustPage};

/// Where the shell wants the page.
const PLACE: &str = "<!-- trust -->";

/// The shell with the page in it.
pub(super) fn fill(shell: &str, page: &TrustPage) -> String {
    shell.replacen(PLACE, &body(page).into_string(), 1)
}

/// What a state is called, and what it says.
const fn words(state: State) -> (&'static str, &'static str, &'static str) {
    match state {
        State::Red => ("red", "Broken", "A check of this running system shows that it is broken."),
        State::Stale => ("stale", "Not checked in time", "Nobody has looked lately. It counts as broken."),
        State::Amber => ("amber", "Kept weakly", "It is kept, but weakly or in part; the row says how."),
        State::ProvenHere => ("here", "Proven here", "A check of this running system shows it, again and again."),
        State::ProvenForThisBuild => {
            ("build", "Proven for this build", "Tests prove it for the program that runs here.")
        }
        State::NotInThisDeployment => {
            ("none", "Not in this deployment", "This installation does not have what it is about.")
        }
        State::NotYet => ("not-yet", "Not kept yet", "Pilotfish does not do this yet. It is no promise to rely on."),
    }
}

fn body(page: &TrustPage) -> Markup {
    html! {
        header.head {
            h1 { "Trust" }
            p {
                "What Pilotfish promises about security and privacy, and how each promise fares on this installation now. "
                "The server looks at itself from outside, again and again, and shows what it saw: also what is not kept."
            }
            p.quiet {
                "Made " (moment(page.at)) " · version " (page.build.version)
                @if let Some(commit) = page.build.commit { " · commit " code { (commit) } }
                " · " a href="/trust.json" { "the same as JSON" }
            }
            @if let Some(sha256) = &page.build.sha256 {
                p.quiet { "SHA-256 of the program that runs here: " code { (sha256) } }
            }
        }
        (totals(page))
        @for chapter in chapters(page) { (chapter_of(page, chapter)) }
    }
}

fn totals(page: &TrustPage) -> Markup {
    html! {
        section aria-labelledby="totals" {
            h2 #totals { (page.promises.len()) " promises" }
            dl.totals {
                @for state in State::ALL {
                    @let (class, name, meaning) = words(state);
                    div.total.(class) {
                        dt { span.mark aria-hidden="true" {} (name) }
                        dd {
                            strong { (page.totals.of(state)) }
                            span.quiet { (meaning) }
                        }
                    }
                }
            }
        }
    }
}

fn chapters(page: &TrustPage) -> Vec<&'static str> {
    let mut chapters: Vec<&'static str> = page.promises.iter().map(|promise| promise.chapter).collect();
    chapters.dedup();
    chapters
}

fn chapter_of(page: &TrustPage, chapter: &str) -> Markup {
    let id = chapter.to_lowercase().replace(' ', "-");
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (chapter) }
            ul.promises {
                @for promise in page.promises.iter().filter(|promise| promise.chapter == chapter) {
                    (row(promise))
                }
            }
        }
    }
}

fn row(promise: &PromiseWire) -> Markup {
    let (class, name, _) = words(promise.state);
    html! {
        li.promise.(class) id=(promise.id) {
            div.what {
                h3 { a.id href={ "#" (promise.id) } { (promise.id) } " " (promise.promise) }
                p { (promise.meaning) }
                @if !promise.reason.is_empty() { p.reason { (promise.reason) } }
                @if !promise.checks.is_empty() || !promise.tests.is_empty() { (evidence(promise)) }
            }
            div.how {
                p.state { span.mark aria-hidden="true" {} (name) }
                @if let Some(since) = promise.since { p.quiet { "since " (moment(since)) } }
                @if let Some(checked) = promise.checked_at { p.quiet { "looked at " (moment(checked)) } }
            }
        }
    }
}

fn evidence(promise: &PromiseWire) -> Markup {
    html! {
        details {
            summary { "Evidence" span.hidden { " for " (promise.id) } }
            @for check in &promise.checks { (check_of(check)) }
            @if !promise.tests.is_empty() {
                h4 { "Tests of this build" }
                ul { @for TestWire { file, name } in &promise.tests { li { code { (file) } ": " (name.replace('_', " ")) } } }
            }
        }
    }
}

fn check_of(check: &CheckWire) -> Markup {
    html! {
        h4 { "Every " (check.every_seconds) " seconds" }
        p { (check.observes) }
        @if check.evidence.is_empty() {
            p.quiet { "It has shown nothing yet." }
        } @else {
            ul { @for line in &check.evidence { li { (line) } } }
        }
    }
}

/// A time to the second, as people read it; the whole of it for programs.
fn moment(at: Timestamp) -> Markup {
    let whole = Timestamp::from_seconds(at.seconds()).to_string();
    let text = whole.replace('T', " ").replace('Z', " UTC");
    html! { time datetime=(whole) { (text) } }
}
