//! A flow: steps, one after the other, each where its rule on the page holds.

use serde::Serialize;
use serde_json::Value;
use targeting::{Place, Rule};
use utoipa::ToSchema;

use crate::content::read::{Object, Problems};

const MAX_STEPS: usize = 50;
const MAX_BUTTONS: usize = 4;
const MAX_TITLE: usize = 200;
const MAX_BODY: usize = 5_000;
const MAX_SELECTOR: usize = 500;
const MAX_URL: usize = 2_000;

/// What a flow adds to a definition.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = FlowBody)]
pub(crate) struct Flow {
    pub(crate) steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Step {
    pub(crate) id: String,
    #[serde(flatten)]
    kind: StepKind,
    pub(crate) title: String,
    body: String,
    /// On which pages; on any, without a rule.
    #[schema(value_type = Option<Rule>, required)]
    r#where: Option<Value>,
    buttons: Vec<Button>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StepKind {
    /// In the middle of the page.
    Modal,
    /// At an element.
    Tooltip { target: Target, placement: Placement, advance: Advance },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StepTarget)]
struct Target {
    selector: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Placement {
    Top,
    Bottom,
    Left,
    Right,
    Auto,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Advance {
    Button,
    TargetClick,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Button {
    text: String,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ButtonAction)]
#[serde(rename_all = "snake_case")]
enum Action {
    Next,
    Back,
    Dismiss,
    Link,
}

impl Flow {
    pub(crate) fn read(object: &mut Object<'_, '_>) -> Self {
        Self { steps: object.list("steps", MAX_STEPS, Step::read) }
    }

    /// What has to be mended before it is published.
    pub(crate) fn check(&self, pointer: &str, problems: &mut Problems) {
        problems.unless(!self.steps.is_empty(), format!("{pointer}/steps"), "make at least one step");
        for (index, step) in self.steps.iter().enumerate() {
            let at = format!("{pointer}/steps/{index}");
            let first = self.steps.iter().position(|other| other.id == step.id) == Some(index);
            problems.unless(first, format!("{at}/id"), "another step has this id");
            step.check(&at, problems);
        }
    }
}

impl Step {
    fn read(object: &mut Object<'_, '_>) -> Self {
        let id = object.part_id();
        let kind = if object.one_of("kind", &[("modal", false), ("tooltip", true)], None) {
            let target = object.object("target", |target| Target { selector: target.text("selector", MAX_SELECTOR) });
            StepKind::Tooltip {
                target: target.unwrap_or_else(|| Target { selector: String::new() }),
                placement: object.one_of(
                    "placement",
                    &[
                        ("top", Placement::Top),
                        ("bottom", Placement::Bottom),
                        ("left", Placement::Left),
                        ("right", Placement::Right),
                        ("auto", Placement::Auto),
                    ],
                    Some(Placement::Auto),
                ),
                advance: object.one_of(
                    "advance",
                    &[("button", Advance::Button), ("target_click", Advance::TargetClick)],
                    Some(Advance::Button),
                ),
            }
        } else {
            StepKind::Modal
        };
        Self {
            id,
            kind,
            title: object.text("title", MAX_TITLE),
            body: object.text("body", MAX_BODY),
            r#where: object.raw("where"),
            buttons: object.list("buttons", MAX_BUTTONS, Button::read),
        }
    }

    fn check(&self, at: &str, problems: &mut Problems) {
        let says = !self.title.trim().is_empty() || !self.body.trim().is_empty();
        problems.unless(says, format!("{at}/title"), "write a title or a text");
        if let Some(rule) = &self.r#where
            && let Err(found) = Rule::parse(rule, Place::Page, &format!("{at}/where"))
        {
            problems.extend(found);
        }
        let clicks = matches!(self.kind, StepKind::Tooltip { advance: Advance::TargetClick, .. });
        problems.unless(
            clicks || !self.buttons.is_empty(),
            format!("{at}/buttons"),
            "give at least one button, or nobody gets on",
        );
        if let StepKind::Tooltip { target, .. } = &self.kind {
            let named = !target.selector.trim().is_empty();
            problems.unless(named, format!("{at}/target/selector"), "name the element with a CSS selector");
        }
        for (index, button) in self.buttons.iter().enumerate() {
            let at = format!("{at}/buttons/{index}");
            problems.unless(!button.text.trim().is_empty(), format!("{at}/text"), "write what the button says");
            let leads = button.action != Action::Link || button.url.is_some();
            problems.unless(leads, format!("{at}/url"), "say where the link leads");
        }
    }
}

impl Button {
    fn read(object: &mut Object<'_, '_>) -> Self {
        let action = object.one_of(
            "action",
            &[("next", Action::Next), ("back", Action::Back), ("dismiss", Action::Dismiss), ("link", Action::Link)],
            None,
        );
        let text = object.text("text", MAX_TITLE);
        let url = if action == Action::Link { object.optional_text("url", MAX_URL) } else { None };
        let url = url.filter(|url| !url.is_empty());
        if url.as_deref().is_some_and(|url| !is_safe(url)) {
            object.refuse("url", "expected a path such as /invoices, or an address that starts with https://");
        }
        Self { text, action, url }
    }
}

/// A path of the page's own site, or an address that only loads a page: nothing that a browser would run.
fn is_safe(url: &str) -> bool {
    let path = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    let web = url.starts_with("https://") || url.starts_with("http://");
    (path || web) && !url.chars().any(|character| character.is_control() || character.is_whitespace())
}
