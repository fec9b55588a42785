import { Select } from "@mantine/core";
import { useState } from "react";
import { TimeBars } from "../charts/bars";
import { ChartCard } from "../charts/ChartCard";
import { count } from "../charts/number";
import { dayLabel } from "../time/format";
import { type EventCount, eventNames, perDay } from "./events";

export function EventsPerDay({ counts }: { counts: EventCount[] }) {
  const [event, setEvent] = useState<string | null>(null);
  const days = perDay(counts, event, new Date());
  const total = days.reduce((sum, day) => sum + day.count, 0);
  const title = event ? `${event}, per day` : "Events per day";
  return (
    <ChartCard
      title={title}
      unit={`${count(total)} events in 30 days · days in UTC`}
      file={`events-per-day-${days.at(-1)?.day ?? ""}`}
      table={{ columns: ["Day (UTC)", "Events"], rows: days.map((day) => [day.day, day.count]) }}
      extra={
        <Select
          size="xs"
          w={170}
          aria-label="Which event"
          placeholder="All events"
          clearable
          searchable
          value={event}
          onChange={setEvent}
          data={eventNames(counts).filter((name) => !name.startsWith("$"))}
        />
      }
    >
      <TimeBars
        title={title}
        points={days.map((day) => ({
          label: dayLabel(day.day),
          value: day.count,
          exact: `${dayLabel(day.day)}: ${count(day.count)} events`,
        }))}
      />
    </ChartCard>
  );
}
