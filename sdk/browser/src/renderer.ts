/** The lazily loaded part, a classic script: hands its extensions to the core that put it on the page. */
import type { Extension } from './extension';
import { flows } from './flows';
import { HOOK } from './hook';
import { surveys } from './surveys';

const use = (document.currentScript as { [HOOK]?: (extension: Extension) => void } | null)?.[HOOK];
use?.(surveys);
use?.(flows);
