/**
 * Security settings ask for a proof that is not older than ten minutes, whoever asks and from wherever. This stands between
 * every request and the network: a refusal for want of a proof asks for one, once for all that wait, and sends the request
 * again. Who asked only ever sees the second answer, or the refusal if no proof was given.
 */
import { type Problem, type ProofKind, problemFrom } from "./problem";

export type Send = (request: Request) => Promise<Response>;
/** Asks for a proof of one of these kinds; whether one was given. */
export type Prove = (next: ProofKind[]) => Promise<boolean>;

let prove: Prove = async () => false;

/** The dialog's: how a proof is asked for. */
export function proveBy(ask: Prove): void {
  prove = ask;
}

export function proving(send: Send, ask: Prove = (next) => prove(next)): Send {
  let asking: Promise<boolean> | undefined;
  return async (request) => {
    // Read once: a clone would make a stream of the body, and the browser's network tools show none of a stream.
    const body = request.body ? await request.arrayBuffer() : undefined;
    const attempt = () => new Request(request, body ? { body } : {});
    const response = await send(attempt());
    const refusal = await refusalOf(response);
    if (refusal?.code !== "step_up_required") {
      return response;
    }
    asking ??= ask(refusal.next).finally(() => {
      asking = undefined;
    });
    const proven = await asking;
    return proven && !request.signal.aborted ? send(attempt()) : response;
  };
}

/** The problem in an answer that has to do with who asks; the answer itself can still be read. */
export async function refusalOf(response: Response): Promise<Problem | undefined> {
  if (response.status !== 401 && response.status !== 403) {
    return undefined;
  }
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return problemFrom(body, response);
}
