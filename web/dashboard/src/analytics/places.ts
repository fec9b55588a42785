/** At which places of a question its form can show a problem: what is refused elsewhere is said above. */
import { hasProperty, type Question, type Step } from "./question";

export function placesOf(question: Question): string[] {
  switch (question.kind) {
    case "trend":
      return [
        "/range",
        "/interval",
        ...(question.breakdown ? ["/breakdown/field"] : []),
        ...question.series.flatMap((one, index) => [
          ...placesOfEvent(one, `/series/${index}`),
          ...(hasProperty(one.measure ?? "total") ? [`/series/${index}/property`] : []),
        ]),
      ];
    case "funnel":
      return [
        "/range",
        "/window",
        "/exclude",
        ...(question.breakdown ? ["/breakdown/field"] : []),
        ...question.steps.flatMap((one, index) => placesOfEvent(one, `/steps/${index}`)),
        ...(question.exclude ?? []).flatMap((one, index) => placesOfEvent(one, `/exclude/${index}`)),
      ];
    case "retention":
      return [
        "/range",
        "/interval",
        "/periods",
        ...placesOfEvent(question.start, "/start"),
        ...placesOfEvent(question.return, "/return"),
      ];
  }
}

function placesOfEvent({ filters }: Step, pointer: string): string[] {
  return [
    `${pointer}/event`,
    `${pointer}/filters`,
    ...(filters ?? []).flatMap((condition, index) => {
      const row = `${pointer}/filters/${index}`;
      return "event" in condition ? [row, `${row}/event`] : [row, `${row}/field`, `${row}/value`];
    }),
  ];
}
