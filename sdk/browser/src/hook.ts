/** How the renderer, once it runs, finds the core that asked for it: a property of its own script element. */
export const HOOK = 'pilotfish';
