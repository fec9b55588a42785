/** The environment's time zone, among its settings. */
import { Button, Card, Group, Select, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { explain } from "../api/problem";
import { usePlace } from "../frame/place";
import { Loaded } from "../states/Loaded";
import { setZone, zoneQuery } from "./zoneSetting";

const MANAGERS = ["owner", "admin"];

export function ZoneSetting() {
  const { environment } = usePlace();
  const zone = useQuery(zoneQuery(environment.id));
  return (
    <Card component="section" aria-label="Time zone">
      <Title order={2}>Time zone</Title>
      <Text c="dimmed" mb="md">
        Hours, days, weeks and months of every answer begin in this zone. It changes nothing that is stored.
      </Text>
      <Loaded query={zone} skeleton="form">
        {(data) => <ZoneForm key={data.zone} zone={data.zone} />}
      </Loaded>
    </Card>
  );
}

function ZoneForm({ zone }: { zone: string }) {
  const { environment, me } = usePlace();
  const client = useQueryClient();
  const [chosen, setChosen] = useState(zone);
  const save = useMutation({
    mutationFn: () => setZone(chosen),
    onSuccess: (saved) => {
      client.setQueryData(zoneQuery(environment.id).queryKey, saved);
      void client.invalidateQueries({ queryKey: [environment.id, "query"] });
      notifications.show({ message: `Days of ${environment.name} begin in ${saved.zone} now.` });
    },
    onError: (error) => notifications.show({ color: "coral", title: "Not saved", message: explain(error) }),
  });
  const may = MANAGERS.includes(me.role);
  return (
    <Group align="flex-end">
      <Select
        label="Days begin in"
        description={may ? undefined : "An owner or admin can change it."}
        searchable
        allowDeselect={false}
        disabled={!may}
        data={[...new Set(["UTC", zone, ...Intl.supportedValuesOf("timeZone")])]}
        value={chosen}
        onChange={(value) => value && setChosen(value)}
        limit={100}
        w={280}
      />
      {may && (
        <Button variant="default" disabled={chosen === zone} loading={save.isPending} onClick={() => save.mutate()}>
          Save
        </Button>
      )}
    </Group>
  );
}
