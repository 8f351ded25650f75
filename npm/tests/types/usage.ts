/** Compiled, never run: what TypeScript knows of the package, and what it refuses. */

import { test as base } from "vitest";
import { type EmulatedUpstreams, type Seedmock, RequestRejected, connectSeedmock, startSeedmock } from "seedmock";
import { useSeedmock } from "seedmock/jest";
import { mockUpstreams } from "seedmock/node-test";
import { seedmockFixtures } from "seedmock/vitest";

export async function uses(t: { name: string; after(action: () => Promise<void>): void }): Promise<void> {
  await using mock: Seedmock = await startSeedmock({ pace: "instant", variant: { "opeai.status": "openai" } });
  const upstreams: EmulatedUpstreams = mock.upstreams("a test");
  const rule = await upstreams.fates.moderated({ after: "15m", what: "audio" }, { times: 1 });
  rule.fate satisfies { fate: string; weight: number }[];
  await upstreams.faults.retyped({ field: "id", as: "null" });
  const now: number = await upstreams.clock.advance(60);
  const charged: string = await upstreams.ledger.charged();
  const [exchange] = await upstreams.journal.exchanges();
  exchange?.task_status satisfies string | null | undefined;
  exchange?.download?.sent satisfies number | undefined;
  await upstreams.journal.assertDownloaded();
  await (await mockUpstreams(t, { frozen: true })).journal.assertPolls({ atMost: 2 });
  await useSeedmock().ledger.assertSpend(charged);
  const { next_due_at }: { next_due_at: number | null } = await (await connectSeedmock()).clock.next();
  new RequestRejected(`${now} ${next_due_at}`, 400, null, []) satisfies Error;

  // @ts-expect-error: no such fate
  await upstreams.fates.moderatd();
  // @ts-expect-error: no such parameter
  await upstreams.fates.moderated({ afer: "15m" });
  // @ts-expect-error: a required parameter
  await upstreams.faults.retyped();
  // @ts-expect-error: amounts are texts
  await upstreams.ledger.assertSpend(0.59);
  // @ts-expect-error: no such criterion
  await upstreams.faults.status({ code: 502 }, { operations: "create" });
}

const test = base.extend(seedmockFixtures);
test("fixtures are typed", async ({ mockUpstreams, mockClock, mockFates, mockFaults, mockJournal, mockLedger }) => {
  mockUpstreams.apiKey satisfies string;
  (await mockClock.now()) satisfies number;
  await mockFates.slow({ after: 900 });
  await mockFaults.noRange();
  (await mockJournal.tasks())[0]?.status satisfies string | undefined;
  (await mockLedger.orders())[0]?.quoted satisfies string | undefined;
});
