/**
 * Loads the renderer when there is something to show: a classic script with the integrity that was compiled into this
 * file, the host's nonce, and a TrustedScriptURL for that one address. Never `import()`, which a nonce cannot cover.
 */
import type { Extension } from './extension';
import { HOOK } from './hook';

declare const __RENDERER_INTEGRITY__: string;
declare const __VERSION__: string;

export const VERSION: string = __VERSION__;

interface Policy {
  createScriptURL(url: string): string;
}
type TrustedTypes = { createPolicy(name: string, rules: Policy): Policy };

let policy: Policy | undefined;

/** Where the renderer lies, seen from the tag; or from the edge, for those who bundle the core themselves. */
export function rendererUrl(tag: string | undefined, edge: string): string {
  if (!tag) return `${edge}/sdk/${VERSION}/renderer.js`;
  const latest = /\/sdk\/pilotfish\.js$/.test(new URL(tag).pathname);
  return new URL(latest ? `${VERSION}/renderer.js` : 'renderer.js', tag).href;
}

export function loadRenderer(
  url: string,
  nonce: string | undefined,
  use: (extension: Extension) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = trusted(url);
    script.integrity = __RENDERER_INTEGRITY__;
    script.crossOrigin = 'anonymous';
    script.async = true;
    if (nonce) script.nonce = nonce;
    Object.assign(script, { [HOOK]: use });
    script.onload = () => {
      script.remove();
      resolve();
    };
    script.onerror = () => {
      script.remove();
      reject(new Error('the renderer could not be loaded, or its bytes are not ours'));
    };
    document.head.append(script);
  });
}

function trusted(url: string): string {
  const types = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
  // one policy of this name for the page; it passes our own renderer and nothing else
  policy ??= types?.createPolicy('pilotfish', {
    createScriptURL(wanted) {
      if (!wanted.endsWith('/renderer.js')) throw new TypeError('not the renderer');
      return wanted;
    },
  });
  return policy ? policy.createScriptURL(url) : url;
}
