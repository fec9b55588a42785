import { describe, expect, it } from 'vitest';
import { safeLink } from '../src/links';
import { rendererUrl } from '../src/loader';

const here = 'https://app.example.com/invoices/7?x=1#y';

describe('links of a definition', () => {
  it.each([
    ['/payments', 'https://app.example.com/payments', false],
    ['payments', 'https://app.example.com/invoices/payments', false],
    ['#top', 'https://app.example.com/invoices/7?x=1#top', false],
    ['https://app.example.com/a', 'https://app.example.com/a', false],
    ['https://help.example.com/', 'https://help.example.com/', true],
    ['//help.example.com/', 'https://help.example.com/', true],
  ])('%s leads to %s', (url, href, outside) => {
    expect(safeLink(url, here)).toEqual({ href, outside });
  });

  it.each([
    'javascript:alert(1)',
    ' java\nscript:alert(1)',
    'JAVASCRIPT://%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'blob:https://app.example.com/1',
    'vbscript:x',
    'file:///etc/passwd',
    'http://example.com/',
    'https://',
    undefined,
  ])('%s leads nowhere', (url) => {
    expect(safeLink(url, here)).toBeUndefined();
  });

  it('stays on a page that is not served over https', () => {
    expect(safeLink('/a', 'http://localhost:3000/')).toEqual({ href: 'http://localhost:3000/a', outside: false });
  });
});

describe('where the renderer lies', () => {
  it.each([
    ['https://edge.example.com/sdk/pilotfish.js', 'https://edge.example.com/sdk/0.1.0/renderer.js'],
    ['https://edge.example.com/sdk/0.1.0/pilotfish.js', 'https://edge.example.com/sdk/0.1.0/renderer.js'],
    ['https://app.example.com/assets/pilotfish.js?v=2', 'https://app.example.com/assets/renderer.js'],
    [undefined, 'https://edge.example.com/sdk/0.1.0/renderer.js'],
  ])('%s: %s', (tag, url) => {
    expect(rendererUrl(tag, 'https://edge.example.com')).toBe(url);
  });
});
