export function SurveyEditorPage() {
  return null;
}
