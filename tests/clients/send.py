"""Sends COUNT events with segment-analytics-python or rudder-sdk-python; only the documented options are set."""

import os
import sys
import time
from datetime import datetime, timedelta, timezone

library, prefix = os.environ["LIBRARY"], os.environ["PREFIX"]
if library == "segment":
    from segment.analytics.client import Client
else:
    from rudderstack.analytics.client import Client

failed = []
client = Client(
    os.environ["WRITE_KEY"],
    host=os.environ["EDGE"],
    max_queue_size=100_000,
    max_retries=100,
    upload_size=100,
    upload_interval=0.2,
    timeout=10,
    gzip=library == "rudder",
    on_error=lambda error, batch: failed.append(error),
)
shift = timedelta(seconds=float(os.environ["SHIFT"]))
for n in range(int(os.environ["COUNT"])):
    client.track(
        user_id=f"{prefix}-{n % 50}",
        event=f"{prefix} event",
        message_id=f"{prefix}-{n}",
        timestamp=datetime.now(timezone.utc) - shift,
        properties={"n": n, "email": f"person-{n % 50}@example.org"},
    )
    if n % 100 == 99:
        time.sleep(0.02)
client.flush()
client.join()
sys.exit(1 if failed else 0)
