import "@fontsource-variable/inter/index.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./theme/global.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/problem";
import { queryClient } from "./api/query";
import { router } from "./router";
import { nonceEverywhere, styleNonce, theme, variables } from "./theme/theme";

/** A session that ended while somebody worked: to the sign-in, and back here afterwards. */
queryClient.getQueryCache().config.onError = (error) => {
  const { pathname, href } = router.state.location;
  if (error instanceof Problem && error.status === 401 && pathname.startsWith("/app/")) {
    queryClient.removeQueries({ queryKey: ["me"] });
    void router.navigate({ to: "/sign-in", search: { next: href } });
  }
};

nonceEverywhere();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        getStyleNonce={styleNonce}
        cssVariablesResolver={variables}
      >
        <QueryClientProvider client={queryClient}>
          <Notifications position="bottom-center" />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
