/** `import { pilotfish } from '@pilotfish/browser'`: the same object without a tag; `init` must name the edge. */
import { createApi, type Pilotfish } from './api';

export const pilotfish: Pilotfish = createApi();
export default pilotfish;
export type { Pilotfish } from './api';
export type { Extension } from './extension';
export type * from './types';
