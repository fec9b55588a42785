export function FlowResultsPage() {
  return null;
}
