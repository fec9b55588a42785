// Sends COUNT events with @segment/analytics-node; only the documented options are set.
import { Analytics } from '@segment/analytics-node'

const { EDGE, WRITE_KEY, COUNT, PREFIX, SHIFT } = process.env
const analytics = new Analytics({
  writeKey: WRITE_KEY,
  host: EDGE,
  flushAt: 100,
  flushInterval: 200,
  maxRetries: 100,
  httpRequestTimeout: 10_000,
})
let failed = 0
analytics.on('error', () => failed++)
for (let n = 0; n < Number(COUNT); n++) {
  analytics.track({
    userId: `${PREFIX}-${n % 50}`,
    event: `${PREFIX} event`,
    messageId: `${PREFIX}-${n}`,
    timestamp: new Date(Date.now() - Number(SHIFT) * 1000),
    properties: { n, email: `person-${n % 50}@example.org` },
  })
  // What an application does between two events.
  if (n % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 20))
}
await analytics.closeAndFlush({ timeout: 120_000 })
process.exit(failed === 0 ? 0 : 1)
