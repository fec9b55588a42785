export function SurveyResultsPage() {
  return null;
}
