/** All routes, each screen in a file of its own that is loaded when it is first needed. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { chooseEnvironment } from "./api/client";
import { isProblem } from "./api/problem";
import { queryClient } from "./api/query";
import { PLACE } from "./frame/links";
import { firstPlace, meQuery, placeOf, rememberPlace } from "./session/me";
import { nextIn } from "./session/session";
import { NoPlace, NotFoundInPlace, NotFoundPage, RouteError } from "./states/RouteStates";

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
});

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async ({ context, location }) => {
    const place = firstPlace(await signedIn(context.client, location.href));
    if (place) {
      throw redirect({ to: `${PLACE}/home`, params: place, replace: true });
    }
  },
  component: NoPlace,
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./setup/SetupPage"), "SetupPage"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: nextIn,
  component: lazyRouteComponent(() => import("./session/SignInPage"), "SignInPage"),
});
const organisationSignIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/$organisation",
  validateSearch: nextIn,
  component: lazyRouteComponent(() => import("./session/SignInPage"), "SignInPage"),
});
const callback = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/oidc/callback/$provider",
  component: lazyRouteComponent(() => import("./session/CallbackPage"), "CallbackPage"),
});
const enrol = createRoute({
  getParentRoute: () => root,
  path: "/enrol",
  validateSearch: nextIn,
  component: lazyRouteComponent(() => import("./session/EnrolPage"), "EnrolPage"),
});
const forgot = createRoute({
  getParentRoute: () => root,
  path: "/forgot",
  component: lazyRouteComponent(() => import("./session/ForgotPage"), "ForgotPage"),
});
const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  component: lazyRouteComponent(() => import("./session/ResetPage"), "ResetPage"),
});
const email = createRoute({
  getParentRoute: () => root,
  path: "/email",
  component: lazyRouteComponent(() => import("./session/EmailPage"), "EmailPage"),
});
const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: lazyRouteComponent(() => import("./session/InvitationPage"), "InvitationPage"),
});

const place = createRoute({
  getParentRoute: () => root,
  path: PLACE,
  beforeLoad: async ({ context, params, location }) => {
    const found = placeOf(await signedIn(context.client, location.href), params.app, params.environment);
    if (!found) {
      throw redirect({ to: "/", replace: true });
    }
    chooseEnvironment(found.environment.id);
    rememberPlace(params);
    return { place: found };
  },
  component: lazyRouteComponent(() => import("./frame/Frame"), "Frame"),
});

const home = createRoute({
  getParentRoute: () => place,
  path: "/home",
  component: lazyRouteComponent(() => import("./home/HomePage"), "HomePage"),
});
const content = createRoute({
  getParentRoute: () => place,
  path: "/content",
  component: lazyRouteComponent(() => import("./content/ContentPage"), "ContentPage"),
});
const deleted = createRoute({
  getParentRoute: () => place,
  path: "/content/deleted",
  component: lazyRouteComponent(() => import("./content/DeletedPage"), "DeletedPage"),
});
const survey = createRoute({
  getParentRoute: () => place,
  path: "/content/surveys/$id",
  component: lazyRouteComponent(() => import("./surveys/SurveyEditorPage"), "SurveyEditorPage"),
});
const surveyResults = createRoute({
  getParentRoute: () => place,
  path: "/content/surveys/$id/results",
  component: lazyRouteComponent(() => import("./surveys/SurveyResultsPage"), "SurveyResultsPage"),
});
const flow = createRoute({
  getParentRoute: () => place,
  path: "/content/flows/$id",
  component: lazyRouteComponent(() => import("./flows/FlowEditorPage"), "FlowEditorPage"),
});
const flowResults = createRoute({
  getParentRoute: () => place,
  path: "/content/flows/$id/results",
  component: lazyRouteComponent(() => import("./flows/FlowResultsPage"), "FlowResultsPage"),
});
const people = createRoute({
  getParentRoute: () => place,
  path: "/people",
  component: lazyRouteComponent(() => import("./people/PeoplePage"), "PeoplePage"),
});
const person = createRoute({
  getParentRoute: () => place,
  path: "/people/$id",
  component: lazyRouteComponent(() => import("./people/PersonPage"), "PersonPage"),
});
const companies = createRoute({
  getParentRoute: () => place,
  path: "/companies",
  component: lazyRouteComponent(() => import("./companies/CompaniesPage"), "CompaniesPage"),
});
const company = createRoute({
  getParentRoute: () => place,
  path: "/companies/$id",
  component: lazyRouteComponent(() => import("./companies/CompanyPage"), "CompanyPage"),
});
const insights = createRoute({
  getParentRoute: () => place,
  path: "/insights",
  component: lazyRouteComponent(() => import("./analytics/InsightsPage"), "InsightsPage"),
});
const deletedReports = createRoute({
  getParentRoute: () => place,
  path: "/insights/deleted",
  component: lazyRouteComponent(() => import("./analytics/DeletedReportsPage"), "DeletedReportsPage"),
});
const newQuestion = createRoute({
  getParentRoute: () => place,
  path: "/insights/new/$kind",
  component: lazyRouteComponent(() => import("./analytics/NewQuestionPage"), "NewQuestionPage"),
});
const report = createRoute({
  getParentRoute: () => place,
  path: "/insights/$id",
  component: lazyRouteComponent(() => import("./analytics/ReportPage"), "ReportPage"),
});
const settings = createRoute({
  getParentRoute: () => place,
  path: "/settings",
  component: lazyRouteComponent(() => import("./installation/InstallationPage"), "InstallationPage"),
});
const members = createRoute({
  getParentRoute: () => place,
  path: "/settings/members",
  component: lazyRouteComponent(() => import("./members/MembersPage"), "MembersPage"),
});
const security = createRoute({
  getParentRoute: () => place,
  path: "/settings/security",
  component: lazyRouteComponent(() => import("./security/SecurityPage"), "SecurityPage"),
});
const account = createRoute({
  getParentRoute: () => place,
  path: "/account",
  component: lazyRouteComponent(() => import("./account/AccountPage"), "AccountPage"),
});
const signingIn = createRoute({
  getParentRoute: () => place,
  path: "/account/signing-in",
  component: lazyRouteComponent(() => import("./account/SigningInPage"), "SigningInPage"),
});
const sessions = createRoute({
  getParentRoute: () => place,
  path: "/account/sessions",
  component: lazyRouteComponent(() => import("./account/SessionsPage"), "SessionsPage"),
});

/** Whatever else is asked for of an environment. */
const nothing = createRoute({
  getParentRoute: () => place,
  path: "/$",
  component: NotFoundInPlace,
});

/** An address that is of no environment: said within the frame of the last one, so that there is a way on. */
const nowhere = createRoute({
  getParentRoute: () => root,
  path: "/$",
  beforeLoad: async ({ context, location, params }) => {
    const place = firstPlace(await signedIn(context.client, location.href));
    if (place) {
      throw redirect({ to: `${PLACE}/$`, params: { ...place, _splat: params._splat }, replace: true });
    }
  },
  component: NotFoundPage,
});

/** The member, or the way to the sign-in and back to where they wanted to go. */
async function signedIn(client: QueryClient, href: string) {
  try {
    return await client.ensureQueryData(meQuery);
  } catch (error) {
    const search = href === "/" ? {} : { next: href };
    if (isProblem(error, "mfa_enrolment_required")) {
      throw redirect({ to: "/enrol", search });
    }
    if (
      isProblem(error, "identity_provider_required") ||
      isProblem(error, "mfa_required") ||
      (isProblem(error) && error.status === 401)
    ) {
      throw redirect({ to: "/sign-in", search });
    }
    throw error;
  }
}

export const router = createRouter({
  routeTree: root.addChildren([
    index,
    setup,
    signIn,
    organisationSignIn,
    callback,
    enrol,
    forgot,
    reset,
    email,
    invitation,
    place.addChildren([
      home,
      content,
      deleted,
      survey,
      surveyResults,
      flow,
      flowResults,
      people,
      person,
      companies,
      company,
      insights,
      deletedReports,
      newQuestion,
      report,
      settings,
      members,
      security,
      account,
      signingIn,
      sessions,
      nothing,
    ]),
    nowhere,
  ]),
  context: { client: queryClient },
  defaultErrorComponent: RouteError,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  /** What stands in no address: that the session was over, not left. */
  interface HistoryState {
    over?: boolean;
  }
}
