/** Where `startPagingServers` puts them: nobody else is in the network namespace of the test. */
const PROMETHEUS = 'http://127.0.0.1:9090';
const ALERTMANAGER = 'http://127.0.0.1:9093';

/** An alert that fires. */
export interface FiringAlert {
  readonly name: string;
  readonly severity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Its line breaks and indentation made one blank. */
  readonly description: string;
  readonly value: number;
  /** Alertmanager tells nobody: a worse alert says it already. */
  readonly isInhibited: boolean;
}

interface PrometheusAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
  readonly value: string;
}

interface ReceivedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
}

/** What Prometheus fires and Alertmanager has received by now. */
export async function readFiring(): Promise<FiringAlert[]> {
  const answer = await ask<{ data: { alerts: PrometheusAlert[] } }>(`${PROMETHEUS}/api/v1/alerts`);
  const received = await ask<ReceivedAlert[]>(`${ALERTMANAGER}/api/v2/alerts`);
  const states = new Map(received.map(({ labels, status }) => [keyOf(labels), status.state]));
  return answer.data.alerts
    .filter(({ state, labels }) => state === 'firing' && states.has(keyOf(labels)))
    .map(({ labels, annotations, value }) => ({
      name: labels.alertname!,
      severity: labels.severity!,
      labels,
      annotations,
      description: annotations.description!.replaceAll(/\s+/g, ' '),
      value: Number(value),
      isInhibited: states.get(keyOf(labels)) === 'suppressed',
    }));
}

/** How often the one target was scraped with success; 0 before Prometheus answers. */
export async function readScrapes(): Promise<number> {
  const query = encodeURIComponent('sum(sum_over_time(up[1h]))');
  const answer = await ask<{ data: { result: { value: [number, string] }[] } }>(
    `${PROMETHEUS}/api/v1/query?query=${query}`,
  ).catch(() => undefined);
  return Number(answer?.data.result[0]?.value[1] ?? 0);
}

async function ask<Answer>(url: string): Promise<Answer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort());
}
