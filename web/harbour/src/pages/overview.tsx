/** How the business stands: what is owed, what came in, what needs a nudge. */
import { count, longMonthName, monthName, roundMoney } from "../format";
import { type Book, figures, listed, type Month, receivedByMonth } from "../model/book";
import type { Day } from "../model/invoice";
import type { User } from "../session";
import { InvoiceTable } from "../ui/invoice-parts";
import { PageHead } from "../ui/shell";

interface Props {
  readonly book: Book;
  readonly today: Day;
  readonly user: User;
}

export function OverviewPage({ book, today, user }: Props) {
  const now = figures(book, today);
  const latest = listed(book, null, today).slice(0, 5);
  return (
    <>
      <PageHead
        title={`Hello, ${user.name.split(" ")[0]}`}
        lead={
          now.overdueCount > 0
            ? `${count(now.overdueCount, "invoice is", "invoices are")} late. A friendly reminder usually does it.`
            : "Nothing is late. A good day to send the next one."
        }
      >
        <a id="overview-new-invoice" class="button primary" href="/invoices/new">
          New invoice
        </a>
      </PageHead>
      <dl class="figures">
        <div>
          <dt>Waiting to be paid</dt>
          <dd class="figure">{roundMoney(now.outstanding)}</dd>
          <dd class="figure-note">{count(now.outstandingCount, "invoice")}</dd>
        </div>
        <div class={now.overdueCount > 0 ? "is-late" : undefined}>
          <dt>Of which late</dt>
          <dd class="figure">{roundMoney(now.overdue)}</dd>
          <dd class="figure-note">{count(now.overdueCount, "invoice")}</dd>
        </div>
        <div>
          <dt>Paid, last 30 days</dt>
          <dd class="figure">{roundMoney(now.paidIn30Days)}</dd>
          <dd class="figure-note">{count(now.paidCount, "invoice")}</dd>
        </div>
      </dl>
      <div class="halves">
        <section class="panel">
          <h2>Money received</h2>
          <ReceivedChart months={receivedByMonth(book, today, 6)} />
        </section>
        <section class="panel">
          <h2>Latest invoices</h2>
          <InvoiceTable book={book} invoices={latest} today={today} label="Latest invoices" />
          <a class="more" href="/invoices">
            All invoices
          </a>
        </section>
      </div>
    </>
  );
}

const WIDTH = 480;
const HEIGHT = 330;
const BASE = 300;
const TOP = 30;

/** Bars from zero with their values on them; the table behind it says the same to a screen reader. */
function ReceivedChart({ months }: { readonly months: readonly Month[] }) {
  const highest = Math.max(1, ...months.map((month) => month.received));
  const slot = WIDTH / months.length;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {months.map(({ month, received }, index) => {
          const height = ((BASE - TOP) * received) / highest;
          const middle = slot * (index + 0.5);
          const current = index === months.length - 1;
          return (
            <g key={month}>
              <rect
                class={current ? "bar-now" : "bar-past"}
                x={middle - 24}
                y={BASE - height}
                width={48}
                height={height}
              />
              <text class="bar-value" x={middle} y={BASE - height - 8}>
                {roundMoney(received)}
              </text>
              <text class="bar-month" x={middle} y={BASE + 20}>
                {monthName(month)}
              </text>
            </g>
          );
        })}
        <line class="axis" x1={0} y1={BASE} x2={WIDTH} y2={BASE} />
      </svg>
      <table class="unseen">
        <caption>Money received by month</caption>
        <tbody>
          {months.map(({ month, received }) => (
            <tr key={month}>
              <th scope="row">{longMonthName(month)}</th>
              <td>{roundMoney(received)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
