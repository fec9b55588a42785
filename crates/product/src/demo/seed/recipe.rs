//! What Harbour's people are like: `web/harbour/content/people.json`, whose README says what each key means.

use std::collections::BTreeMap;

use serde::Deserialize;

const RECIPE: &str = include_str!("../../../../../web/harbour/content/people.json");

/// Names with weights.
pub(super) type Weights = BTreeMap<String, f64>;

#[derive(Debug, Deserialize)]
pub(super) struct Recipe {
    pub(super) people: u64,
    pub(super) history_days: u32,
    pub(super) first_names: Vec<String>,
    pub(super) last_names: Vec<String>,
    pub(super) company_names: CompanyNames,
    pub(super) roles: Weights,
    pub(super) locales: Weights,
    pub(super) devices: Weights,
    pub(super) browsers: Weights,
    pub(super) countries: Weights,
    pub(super) plans: Vec<PlanRecipe>,
    pub(super) weekday_weights: [f64; 7],
    pub(super) hour_weights: [f64; 24],
    pub(super) events: BTreeMap<String, EventRecipe>,
    pub(super) properties: BTreeMap<String, Generator>,
    pub(super) welcome_flow: FlowRecipe,
    pub(super) nps_survey: SurveyRecipe,
}

#[derive(Debug, Deserialize)]
pub(super) struct CompanyNames {
    pub(super) first: Vec<String>,
    pub(super) second: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PlanRecipe {
    pub(super) plan: String,
    pub(super) weight: f64,
    pub(super) company_size: [u32; 2],
    pub(super) people_per_company: [u32; 2],
    pub(super) tenure_days: [u32; 2],
    pub(super) churned: f64,
    /// How much of what happens is in the history.
    pub(super) share: f64,
    pub(super) events_per_week: Weights,
}

#[derive(Debug, Deserialize)]
pub(super) struct EventRecipe {
    pub(super) page: String,
    #[serde(default)]
    pub(super) properties: BTreeMap<String, String>,
    pub(super) follows: Option<Follows>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Follows {
    pub(super) event: String,
    pub(super) minutes: [u32; 2],
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Generator {
    LogNormal { median: Weights, sigma: f64, min: f64, max: f64, decimals: i32 },
    Choice { weights: Weights },
}

#[derive(Debug, Deserialize)]
pub(super) struct FlowRecipe {
    pub(super) shown: f64,
    /// In the file in the order of the steps, of which each is reached by fewer than the one before.
    pub(super) reached: Weights,
    pub(super) completed: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct SurveyRecipe {
    pub(super) shown: f64,
    pub(super) started: f64,
    pub(super) completed: f64,
    pub(super) scores: BTreeMap<String, [f64; 11]>,
    pub(super) text_answered: f64,
    pub(super) reasons: Reasons,
    pub(super) choices: Weights,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reasons {
    pub(super) promoter: Vec<String>,
    pub(super) passive: Vec<String>,
    pub(super) detractor: Vec<String>,
}

pub(super) fn read() -> serde_json::Result<Recipe> {
    serde_json::from_str(RECIPE)
}
