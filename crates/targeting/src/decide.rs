//! One person, one piece of content: may it be shown, and why not.
//!
//! In this order, and the first that says no is the reason: status, frequency, audience.
//!
//! *Surveys.* `once`: never again after it was shown, answered or not: being asked twice is worse for the person than a
//! lost answer is for the team. `recontact` N days: not while this person was shown **any** survey less than N days ago,
//! this one or another; a survey's own earlier answer does not end it, so a quarterly NPS is `recontact` 90. `always`
//! asks whenever its trigger fires and looks at nobody else.
//!
//! *Flows.* A flow that was shown less than a day ago and was neither completed nor dismissed is *going on*: it is
//! delivered whatever its frequency and audience say, since what it makes people do often takes them out of the audience
//! in the middle of it. After that day it is judged anew. `once`: never again after it was completed or dismissed; being
//! interrupted is neither. `recontact` N days: not within N days of when this flow was shown.

use std::time::Duration;

use base::Timestamp;
use serde::Serialize;

use crate::trace::{DecidedBy, Trace, What};
use crate::{Conditions, ContentKind, Facts, Frequency, Outcome, Partial, Rule, Status, Trigger};

/// How long an interrupted flow goes on without being judged anew.
const GOES_ON: Duration = Duration::from_hours(24);

/// What a person has seen of one piece of content, and of surveys at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// When it was last shown (a flow: when its first step was).
    pub shown_at: Option<Timestamp>,
    /// When it was last completed.
    pub completed_at: Option<Timestamp>,
    /// When it was last dismissed.
    pub dismissed_at: Option<Timestamp>,
    /// When any survey was last shown to this person, this one included.
    pub last_survey_shown_at: Option<Timestamp>,
}

/// Content with its rules compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// Its id on the wire.
    pub id: String,
    /// Its kind.
    pub kind: ContentKind,
    /// The published version that this is.
    pub version: u64,
    /// Its status; only live content belongs in a ruleset, but "why" is asked of all.
    pub status: Status,
    /// Audience, trigger and frequency.
    pub conditions: Conditions,
}

/// Why it was or was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing speaks against it: it shows.
    Eligible,
    /// It was delivered; trigger or audience leave the rest to the browser.
    InBrowser,
    /// Not published yet.
    Draft,
    /// Published and stopped.
    Paused,
    /// `once`, and that was already.
    Frequency,
    /// Too soon after the last time.
    Recontact,
    /// Not in the audience.
    Audience,
    /// Not known to be in the audience: something about the person has not been computed yet.
    AudienceUnknown,
    /// Delivered, but the page that was asked about does not trigger it.
    Trigger,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Deliver it.
    Show {
        /// Where the audience leaves something to the browser: the rule that must hold there.
        residual: Option<Rule>,
        /// Whether it was interrupted and goes on, whatever its trigger says.
        goes_on: bool,
    },
    /// Keep it.
    Hide(Reason),
}

/// The answer to "why".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Whether it is delivered, and nothing known here keeps it from being shown.
    pub shown: bool,
    /// Why, or why not.
    pub reason: Reason,
    /// How that came about.
    pub trace: Trace,
}

impl Frequency {
    /// Whether a person who has seen this may be shown it; `Err` has the reason why not.
    pub fn allows(self, kind: ContentKind, seen: &Seen, now: Timestamp) -> Result<(), Reason> {
        let ended = seen.completed_at.or(seen.dismissed_at).is_some();
        match (self, kind) {
            (Self::Once, ContentKind::Survey) if ended || seen.shown_at.is_some() => Err(Reason::Frequency),
            (Self::Once, ContentKind::Flow) if ended => Err(Reason::Frequency),
            (Self::Once | Self::Always, _) => Ok(()),
            (Self::Recontact { days }, kind) => {
                let last = match kind {
                    ContentKind::Survey => seen.shown_at.max(seen.last_survey_shown_at),
                    ContentKind::Flow => seen.shown_at,
                };
                let period = Duration::from_hours(24 * u64::from(days));
                if last.is_some_and(|last| now < last.plus(period)) { Err(Reason::Recontact) } else { Ok(()) }
            }
        }
    }
}

impl Seen {
    /// Whether a flow was interrupted and goes on.
    pub fn goes_on(&self, kind: ContentKind, now: Timestamp) -> bool {
        kind == ContentKind::Flow
            && self.shown_at.is_some_and(|shown| {
                now < shown.plus(GOES_ON) && self.completed_at.max(self.dismissed_at).is_none_or(|ended| ended < shown)
            })
    }
}

impl Content {
    /// Decides without a trace; this is the path of every `sync`.
    pub fn decide(&self, facts: &(impl Facts + ?Sized), seen: &Seen) -> Decision {
        match self.status {
            Status::Live => {}
            Status::Draft => return Decision::Hide(Reason::Draft),
            Status::Paused => return Decision::Hide(Reason::Paused),
        }
        if seen.goes_on(self.kind, facts.now()) {
            return Decision::Show { residual: None, goes_on: true };
        }
        if let Err(reason) = self.conditions.frequency.allows(self.kind, seen, facts.now()) {
            return Decision::Hide(reason);
        }
        match self.conditions.audience.as_ref().map(|rule| rule.partial(facts)) {
            None | Some(Partial::True) => Decision::Show { residual: None, goes_on: false },
            Some(Partial::Browser(rule)) => Decision::Show { residual: Some(rule), goes_on: false },
            Some(Partial::False) => Decision::Hide(Reason::Audience),
            Some(Partial::Unknown) => Decision::Hide(Reason::AudienceUnknown),
        }
    }

    /// Decides and tells how; if the facts know a page, for that page.
    pub fn explain(&self, facts: &(impl Facts + ?Sized), seen: &Seen) -> Explanation {
        let (reason, judged) = match self.decide(facts, seen) {
            Decision::Hide(reason) => (reason, true),
            Decision::Show { goes_on: true, .. } => (Reason::Eligible, false),
            Decision::Show { residual, .. } => (self.in_browser(residual.as_ref(), facts), true),
        };
        let mut parts = vec![self.trace_status(), self.trace_frequency(seen, facts.now())];
        if judged {
            parts.extend(self.conditions.audience.as_ref().map(|rule| wrap(What::Audience, rule, facts)));
            parts.push(self.trace_trigger(facts));
        }
        let shown = matches!(reason, Reason::Eligible | Reason::InBrowser);
        Explanation { shown, reason, trace: Trace::of_all(What::Content, parts) }
    }

    /// What the browser would say, as far as the facts know the page.
    fn in_browser(&self, residual: Option<&Rule>, facts: &(impl Facts + ?Sized)) -> Reason {
        let audience = residual.map_or(Outcome::True, |rule| rule.evaluate(facts));
        let trigger = match &self.conditions.trigger {
            Trigger::Page { r#where } => r#where.as_ref().map_or(Outcome::True, |rule| rule.evaluate(facts)),
            Trigger::Event { .. } | Trigger::Manual => Outcome::Unknown,
        };
        match (audience, trigger) {
            (Outcome::False, _) => Reason::Audience,
            (_, Outcome::False) => Reason::Trigger,
            (Outcome::True, Outcome::True) => Reason::Eligible,
            _ => Reason::InBrowser,
        }
    }

    fn trace_status(&self) -> Trace {
        Trace::leaf(What::Status { status: self.status }, (self.status == Status::Live).into())
    }

    fn trace_frequency(&self, seen: &Seen, now: Timestamp) -> Trace {
        let frequency = self.conditions.frequency;
        let holds = seen.goes_on(self.kind, now) || frequency.allows(self.kind, seen, now).is_ok();
        let counts = self.kind == ContentKind::Survey && matches!(frequency, Frequency::Recontact { .. });
        let what = What::Frequency {
            frequency,
            shown_at: seen.shown_at,
            completed_at: seen.completed_at,
            dismissed_at: seen.dismissed_at,
            last_survey_shown_at: seen.last_survey_shown_at.filter(|_| counts),
        };
        Trace::leaf(what, holds.into())
    }

    fn trace_trigger(&self, facts: &(impl Facts + ?Sized)) -> Trace {
        let (on, event) = match &self.conditions.trigger {
            Trigger::Page { r#where: Some(rule) } => return wrap(What::trigger("page"), rule, facts),
            Trigger::Page { r#where: None } => return Trace::leaf(What::trigger("page"), Outcome::True),
            Trigger::Event { event } => ("event", Some(event.clone())),
            Trigger::Manual => ("manual", None),
        };
        let leaf = Trace::leaf(What::Trigger { on, event }, Outcome::Unknown);
        Trace { decided: Some(DecidedBy::Browser), ..leaf }
    }
}

fn wrap(what: What, rule: &Rule, facts: &(impl Facts + ?Sized)) -> Trace {
    Trace::of_all(what, vec![rule.trace(facts)])
}
