/** An invitation by mail, or by a link to hand over where no mail server is configured: it is shown this once. */
import { Alert, Button, CopyButton, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema, take } from "../api/client";
import { usePlace } from "../frame/place";
import { fieldErrors, standsAtFields } from "../session/fieldErrors";
import { Refusal } from "../session/Refusal";
import classes from "./Members.module.css";
import { invitationsQuery } from "./members";
import { RolePicker } from "./RoleDialog";
import { mayGive } from "./roles";

export function InviteDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [link, setLink] = useState<{ email: string; link: string }>();
  const close = () => {
    setLink(undefined);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      closeOnClickOutside={link === undefined}
      title={<strong>{link ? "Hand over this link" : "Invite somebody"}</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {opened && (link ? <Link {...link} onClose={close} /> : <InviteForm onLink={setLink} onClose={close} />)}
    </Modal>
  );
}

type FormProps = { onLink: (link: { email: string; link: string }) => void; onClose: () => void };

function InviteForm({ onLink, onClose }: FormProps) {
  const { me } = usePlace();
  const client = useQueryClient();
  const form = useForm<Schema["NewInvitation"]>({
    initialValues: { email: "", role: "editor" },
    validate: { email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : "Enter an e-mail address") },
  });
  const invite = useMutation({
    mutationFn: (body: Schema["NewInvitation"]) => take(api.POST("/api/v1/invitations", { body })),
    onSuccess: ({ invitation, link }) => {
      void client.invalidateQueries({ queryKey: invitationsQuery.queryKey });
      if (link) {
        onLink({ email: invitation.email, link });
      } else {
        onClose();
        notifications.show({ message: `An invitation is under way to ${invitation.email}.` });
      }
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <form onSubmit={form.onSubmit(({ email, role }) => invite.mutate({ email: email.trim(), role }))} noValidate>
      <Stack>
        {!standsAtFields(invite.error) && <Refusal error={invite.error} kept="Nobody was invited." />}
        <TextInput label="E-mail" type="email" autoComplete="off" data-autofocus {...form.getInputProps("email")} />
        <RolePicker
          roles={mayGive(me.role)}
          value={form.values.role}
          onChange={(role) => form.setFieldValue("role", role)}
        />
        <Text size="sm" c="dimmed">
          The invitation works once, within 7 days. An earlier one of the same address ends.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={invite.isPending}>
            Invite
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Link({ email, link, onClose }: { email: string; link: string; onClose: () => void }) {
  return (
    <Stack>
      <Alert color="amber" role="status">
        No mail server is configured, so the link goes by your hand. It is shown only now.
      </Alert>
      <Text>
        Give it to whoever has <strong>{email}</strong>, and to nobody else: whoever opens it joins. It works once,
        within 7 days.
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is to be copied can be reached by keyboard */}
      <section className={classes.link} aria-label="The link" tabIndex={0}>
        {link}
      </section>
      <Group justify="flex-end">
        <CopyButton value={link} timeout={2000}>
          {({ copied, copy }) => (
            <Button autoFocus onClick={copy}>
              {copied ? "Copied" : "Copy the link"}
            </Button>
          )}
        </CopyButton>
        <Button variant="default" onClick={onClose}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
