/** Okabe and Ito's colours, told apart by everybody; black is left to the text. */
export const SERIES = ["var(--pf-chart-1)", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"] as const;

export const PROMOTERS = "#009E73";
export const PASSIVES = "var(--pf-chart-neutral)";
export const DETRACTORS = "#D55E00";
